"""The tuning file: what is tried for each method, and that it is as much for all."""

from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

import methods
from bench import backbones
from bench.core.configs import ConfigKind
from bench.core.documents import parse
from bench.core.errors import StudyError
from bench.core.seeding import derive
from bench.core.suggest import among
from bench.studies.budget import StudyBudget
from bench.studies.rows import Row
from bench.studies.study import Study

TUNINGS = ConfigKind("tuning", "tuning", StudyError)

# Values of each option; a space is their product.
Space = Annotated[dict[str, Annotated[list[Any], Field(min_length=2)]], Field(min_length=1)]


class Trial(NamedTuple):
    """One choice of options for one method; the first, 1, states none and so takes the defaults."""

    method: str
    number: int
    options: dict[str, Any]


class Tuning(BaseModel):
    """Random search, the same number of trials in spaces of the same size for all methods.

    Attributes:
        name: of the file and its ledger.
        corpus: what is pretrained on: a name from the corpus registry, or a folder.
        world: seed of the demo world that everything is drawn from; one that no table scores.
        data: prepared data sets by name, as of a study.
        protocols: of each task, what trials are judged on: cells of the grid as any others, on data that no table scores.
        labels: amounts of labels, for all tasks or by task, as of a study.
        backbone: name from the backbones registry.
        budget: how long every trial trains.
        views: as of a study.
        trials: of each method.
        seed: root of the draws and of the pretraining seed, which all trials share.
        pretrain: options of all trials of all methods, as of a study.
        options: options of all trials of a method; what its space names cannot be among them.
        spaces: by method and option the values that are tried.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    corpus: str
    world: int | None = Field(default=None, ge=0)
    data: dict[str, str] = Field(default_factory=dict)
    protocols: dict[str, list[str]] = Field(min_length=1)
    labels: list[str] | dict[str, list[str]] | None = None
    backbone: str
    budget: StudyBudget
    views: Literal["paper", "common"] = "common"
    trials: int = Field(gt=0)
    seed: int = Field(default=0, ge=0)
    pretrain: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    spaces: dict[str, Space] = Field(min_length=1)

    @model_validator(mode="after")
    def _fair(self) -> Self:
        if self.budget is None:
            raise ValueError("budget: all methods train equally long here: give views, tiles, steps or flops")
        first, space = next(iter(self.spaces.items()))
        number = len(next(iter(space.values()), []))
        for method, other in self.spaces.items():
            if [len(values) for values in other.values()] != [number] * len(space):
                raise ValueError(
                    f"spaces: {method} has {_size(other)}, {first} has {_size(space)}: give every method as many options, "
                    "and every option as many values"
                )
        choices = number ** len(space)
        if self.trials > choices:
            raise ValueError(f"trials: {self.trials} are more than the {choices} choices of a space: lower them")
        for method, space in self.spaces.items():
            fixed = next((name for name in space if name in self.options.get(method, {})), None)
            if fixed is not None:
                raise ValueError(f"spaces.{method}: {fixed} is fixed by options.{method}: take it out of one of them")
        return self

    def trials_of(self, method: str) -> list[Trial]:
        """The trials of a method in their order: its defaults, then draws from its space without repetition.

        Draws come in Latin hypercubes (McKay et al., Technometrics 1979): in each block every value of every option is
        tried once, so that few trials do not miss a learning rate by chance.
        """
        spec, space = methods.get(method), self.spaces[method]
        stated = {**spec.defaults, "views": self.views, **self.pretrain, **self.options.get(method, {})}
        defaults = parse(spec.options, stated, f"options of {method}", StudyError)
        rng = np.random.default_rng(derive(self.seed, "tuning", method))
        drawn: list[dict[str, Any]] = []
        while len(drawn) < self.trials - 1:
            drawn += [
                each
                for each in _block(space, rng)
                if each not in drawn and any(getattr(defaults, name) != value for name, value in each.items())
            ]
        return [Trial(method, number, each) for number, each in enumerate([{}, *drawn][: self.trials], 1)]

    def study(self, number: int) -> Study:
        """The study whose rows are one trial of every method.

        Raises:
            StudyError: a method, an option or a value of a space does not exist, or the backbone does not fit it.
        """
        values = {
            "name": f"{self.name}-trial-{number}",
            "corpus": self.corpus,
            "methods": [self._row(self.trials_of(method)[number - 1]) for method in self.spaces],
            "references": [],
            "budget": self.budget,
            "views": self.views,
            "backbones": [self.backbone],
            "world": self.world,
            "data": self.data,
            "tasks": list(self.protocols),
            "protocols": self.protocols,
            "labels": self.labels,
            "seeds": 1,
            "seed": self.seed,
            "pretrain": self.pretrain,
            "options": self.options,
        }
        study = parse(Study, values, f"tuning {self.name}", StudyError)
        for row in study.rows():
            study.options_of(row).check_backbone(backbones.get(self.backbone))
        return study

    def _row(self, trial: Trial) -> Row:
        return Row(method=trial.method, name=f"{trial.method}-trial-{trial.number}", options=trial.options)


def _block(space: Space, rng: np.random.Generator) -> list[dict[str, Any]]:
    """As many choices as an option has values, each value once."""
    columns = [[values[at] for at in rng.permutation(len(values))] for values in space.values()]
    return [dict(zip(space, values, strict=True)) for values in zip(*columns, strict=True)]


def _size(space: Space) -> str:
    return f"{len(space)} options of {', '.join(str(len(values)) for values in space.values())} values"


def load_tuning(name: str) -> Tuning:
    """Read a tuning file.

    Args:
        name: of a shipped one in `configs/tuning`, or the path of a `.yaml` file.

    Raises:
        StudyError: the file or a value in it is wrong, or the search would not be the same for all methods.
    """
    file = TUNINGS.find(name)
    tuning = parse(Tuning, TUNINGS.read(file), file, StudyError)
    for method, space in tuning.spaces.items():
        unknown = next((option for option in space if option not in methods.get(method).options.model_fields), None)
        if unknown is not None:
            raise StudyError(
                f"{file}: spaces.{method}: {method} has no option {unknown!r}"
                f"{among(unknown, methods.get(method).options.model_fields, f'bench methods show {method}')}"
            )
    return tuning
