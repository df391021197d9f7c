"""What the options of every method of ours say of its views: its own recipes, or the family that all methods share."""

from abc import abstractmethod
from typing import Any, ClassVar, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from bench.pretraining.options import TrainingOptions
from bench.pretraining.views import COMMON, Recipe, Views


class ViewOptions(TrainingOptions):
    """Options of a method that is trained on views.

    Attributes:
        OWN: names of the options that change the method's own recipes and nothing else. `views: common` puts those
            aside: to state one with it is a mistake, and keys, cards and workers do not hear of them.
    """

    OWN: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def own_recipes(self) -> dict[str, Recipe]:
        """The method's own recipe of each view, by the view's name."""

    def fit(self, view: str, recipe: Recipe) -> Recipe:
        """The shared recipe less what the loss cannot bear in a view, by `bench.pretraining.views.whole` and `upright`."""
        del view
        return recipe

    @abstractmethod
    def needs(self) -> str:
        """What the loss needs of the views, in words."""

    def masks(self) -> str:
        """What is hidden of the views, in words."""
        return ""

    def augmentation(self) -> Views:
        """The recipes that are used."""
        recipes = self.own_recipes()
        if self.views == "common":
            recipes = {view: self.fit(view, COMMON) for view in recipes}
        return Views(recipes, self.needs(), self.masks())

    @model_validator(mode="after")
    def _nothing_idle_is_stated(self) -> Self:
        idle = [name for name in type(self).model_fields if name in self.OWN & self.model_fields_set]
        if self.views == "common" and idle:
            raise ValueError(
                f"views=common replaces the method's own views, which {', '.join(idle)} would change: leave "
                f"{'it' if len(idle) == 1 else 'them'} out, or set views to paper"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_idle(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = write(self)
        return {name: value for name, value in values.items() if self.views == "paper" or name not in self.OWN}
