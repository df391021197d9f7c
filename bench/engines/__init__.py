"""The engines registry: where jobs may run, listed without importing torch. An engine knows nothing of what it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.core.registry import Registry, Spec
from bench.engines.engine import Engine, EngineOptions
from bench.engines.local import LocalOptions
from bench.engines.ray import RayOptions

DEFAULT = "local"


@dataclass(frozen=True, kw_only=True)
class EngineSpec(Spec):
    """One place to run jobs.

    Attributes:
        factory: `module:Class` of a `bench.engines.engine.Engine`, made from its options.
        options: what a study may say under `engine`.
    """

    options: type[EngineOptions]

    def open(self, options: EngineOptions) -> Engine:
        """The engine; nothing starts before its first call."""
        engine: Engine = self.load()(options)
        return engine


registry = Registry(
    "engines",
    "engine",
    [
        EngineSpec(
            name=DEFAULT,
            summary="Warm processes on this machine, each of which runs one job after the other.",
            factory="bench.engines.local:LocalEngine",
            options=LocalOptions,
        ),
        EngineSpec(
            name="ray",
            summary="A Ray cluster whose nodes share a file system with the store (extra ray).",
            factory="bench.engines.ray:RayEngine",
            options=RayOptions,
        ),
    ],
    listed_by="bench engines",
)
get = registry.get


def read_options(values: Mapping[str, Any]) -> EngineOptions:
    """The options of the engine that `values["kind"]` names, or of the default one.

    Raises:
        StudyError: there is no such engine.
        pydantic.ValidationError: it has no such option, or a value is out of its range.
    """
    return get(str(values.get("kind", DEFAULT))).options.model_validate(values)
