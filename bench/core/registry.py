"""The doors of the harness: registries of what it knows by name, listed without importing the code behind a name.

Methods, tasks, backbones, data sets, land-cover products and engines are registries in this one style. Nothing here
imports torch. Other packages add entries through the entry-point groups `geokr_bench.<kind>`; each entry point names a
spec of that kind.
"""

import importlib
import importlib.metadata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from bench.core.errors import StudyError
from bench.core.suggest import among


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One entry of a registry.

    Attributes:
        name: name in the command line, studies, tables and records.
        summary: one sentence.
        factory: `module:attribute` of what the entry stands for, imported when it is used.
        options: the entry's options with their defaults, limits and sources; None where it has none.
        defaults: option values that differ from the options' own, for variants that share a class of options.
        needs: what must be there for it, in words of its kind.
    """

    name: str
    summary: str
    factory: str
    options: type[BaseModel] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()

    def load(self) -> Any:
        """Import and return what the entry stands for."""
        return load(self.factory)


S = TypeVar("S", bound=Spec)


def load(factory: str) -> Any:
    """Import what `module:attribute` names."""
    module, attribute = factory.split(":")
    return getattr(importlib.import_module(module), attribute)


class Registry(Generic[S]):
    """Entries of one kind by name: those of the harness, then those of other installed packages.

    Args:
        kind: of the entry-point group `geokr_bench.<kind>`.
        word: one of the kind, for messages.
        builtin: the harness' own entries.
        families: by the beginning of a name, such as `timm:`, the `module:function` that makes the entry of the rest.
        listed_by: the command that lists the entries, for messages.
    """

    def __init__(
        self,
        kind: str,
        word: str,
        builtin: Iterable[S],
        families: Mapping[str, str] | None = None,
        listed_by: str = "",
    ) -> None:
        self.kind = kind
        self.word = word
        self._builtin = tuple(builtin)
        self._families = dict(families or {})
        self._listed_by = listed_by
        self._found: dict[str, S] | None = None

    def all(self) -> dict[str, S]:
        """All entries by name.

        Raises:
            StudyError: another package registers a name that is taken.
        """
        if self._found is None:  # looking through the installed packages takes milliseconds
            entries = {spec.name: spec for spec in self._builtin}
            for point in importlib.metadata.entry_points(group=f"geokr_bench.{self.kind}"):
                spec: S = point.load()
                if spec.name in entries:
                    raise StudyError(
                        f"entry point {point.value} registers {self.word} {spec.name!r} a second time: rename it"
                    )
                entries[spec.name] = spec
            self._found = entries
        return dict(self._found)

    def listed(self) -> dict[str, S]:
        """The entries that are shown in a list: all, and where a kind has them those of the folder one works in."""
        return self.all()

    def get(self, name: str) -> S:
        """One entry.

        Raises:
            StudyError: the name is unknown; the message says which was meant, or what there is.
        """
        entries = self.all()
        if name in entries:
            return entries[name]
        for prefix, find in self._families.items():
            if name.startswith(prefix):
                found: S = load(find)(name.removeprefix(prefix))
                return found
        more = [f"{prefix}<name>" for prefix in self._families]
        raise StudyError(f"unknown {self.word} {name!r}{among(name, self.listed(), self._listed_by, more)}")
