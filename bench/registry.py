"""What a method and a task are to the harness: named specifications that load their code when it is used.

Nothing here imports torch. Other packages add entries through the entry-point groups `geokr_bench.methods` and
`geokr_bench.tasks`; each entry point names a `MethodSpec` or a `TaskSpec`.
"""

import importlib
import importlib.metadata
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from bench.errors import StudyError
from bench.options import PretrainOptions


class _Named(Protocol):
    @property
    def name(self) -> str: ...


S = TypeVar("S")
Spec = TypeVar("Spec", bound=_Named)


def _load(factory: str) -> Any:
    module, attribute = factory.split(":")
    return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True)
class MethodSpec:
    """One way to obtain backbone weights.

    Attributes:
        name: name in the command line, tables and records.
        summary: one sentence.
        factory: `module:Class` of a `bench.method.Method`, imported when the method is used.
        options: the method's options with their defaults, limits and sources.
        needs: what the corpus must offer: `tiles`, `landcover`, `labelled`; empty for an initialisation. The oracle's need
            is `protocol`: it learns what it is tested for.
        version: bumped by hand when a change of the code changes the weights.
        reference: where the method was published.
        defaults: option values that differ from the class' defaults, for variants that share an options class.
    """

    name: str
    summary: str
    factory: str
    options: type[PretrainOptions]
    needs: frozenset[str]
    version: int
    reference: str
    defaults: dict[str, Any] = field(default_factory=dict)

    @property
    def trains(self) -> bool:
        """Whether the method trains on a corpus; an initialisation and the oracle do not."""
        return "tiles" in self.needs

    @property
    def learns_protocol(self) -> bool:
        """Whether the method is the oracle, trained for each protocol on its own training part."""
        return "protocol" in self.needs

    def load(self) -> Any:
        """Import and return the method's class."""
        return _load(self.factory)


@dataclass(frozen=True)
class TaskSpec:
    """One kind of downstream problem.

    Attributes:
        name: name in the command line, tables and records.
        summary: one sentence.
        factory: `module:Class` of a `tasks.task.Task`, imported when the task is used.
        version: bumped by hand when a change of the code changes the numbers.
    """

    name: str
    summary: str
    factory: str
    version: int

    def load(self) -> Any:
        """Import and return the task's class."""
        return _load(self.factory)


def with_plugins(kind: str, builtin: list[Spec]) -> dict[str, Spec]:
    """Join the built-in entries with those of other installed packages; a name taken twice is refused."""
    entries = {spec.name: spec for spec in builtin}
    for point in importlib.metadata.entry_points(group=f"geokr_bench.{kind}"):
        spec: Spec = point.load()
        if spec.name in entries:
            raise StudyError(f"entry point {point.value} registers {kind} {spec.name!r} a second time: rename it")
        entries[spec.name] = spec
    return entries


def pick(kind: str, entries: dict[str, S], name: str) -> S:
    """Look a name up.

    Raises:
        StudyError: the name is unknown; the message lists the known ones.
    """
    if name not in entries:
        raise StudyError(f"unknown {kind} {name!r}: choose from {', '.join(entries)}")
    return entries[name]
