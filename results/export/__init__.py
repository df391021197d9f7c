"""The exporters registry: where records go after the fact, one way; a tracker is never the source of truth.

An exporter is a function of (content, folder, tick): it writes what `results.export.content.Content` holds under a folder
of this machine, passes over what stands there already, and returns what it did. Its library is imported when it runs.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.core.errors import StudyError
from bench.core.registry import Registry, Spec
from results.export.content import Content, Tick


@dataclass(frozen=True)
class Exported:
    """What an export did.

    Attributes:
        paths: files and folders that it wrote or added to.
        added: runs that were not there before.
        there: runs that were.
    """

    paths: list[Path]
    added: int
    there: int


Exporter = Callable[[Content, Path, Tick], Exported]


@dataclass(frozen=True, kw_only=True)
class ExporterSpec(Spec):
    """One place that records can be exported to.

    Attributes:
        factory: `module:function`, an `Exporter`.
        modules: what it imports beyond the harness' own libraries.
        extra: optional dependencies of this package that bring them.
        hub: whether what it writes is a data set that the hub takes.
    """

    modules: tuple[str, ...]
    extra: str
    hub: bool = False

    def open(self) -> Exporter:
        """The exporter.

        Raises:
            StudyError: a library that it needs is not installed.
        """
        absent = [name for name in self.modules if importlib.util.find_spec(name) is None]
        if absent:
            raise StudyError(
                f"export to {self.name} needs {', '.join(absent)}: uv pip install 'geokr-bench[{self.extra}]'"
            )
        found: Exporter = self.load()
        return found


_BUILTIN = [
    ExporterSpec(
        name="mlflow",
        summary="MLflow, in a database file: mlflow ui --backend-store-uri sqlite:///DIR/mlflow.db",
        factory="results.export.mlflow:export",
        modules=("mlflow", "sqlalchemy", "alembic"),
        extra="mlflow",
    ),
    ExporterSpec(
        name="wandb",
        summary="Weights & Biases, as offline runs: wandb sync DIR/wandb/offline-run-*",
        factory="results.export.wandb:export",
        modules=("wandb",),
        extra="wandb",
    ),
    ExporterSpec(
        name="trackio",
        summary="Trackio, in a local project: TRACKIO_DIR=DIR trackio show",
        factory="results.export.trackio:export",
        modules=("trackio",),
        extra="trackio",
    ),
    ExporterSpec(
        name="parquet",
        summary="Parquet files: all records as one frame, their metrics, the verdicts, the curves.",
        factory="results.export.parquet:export",
        modules=("pyarrow",),
        extra="parquet",
    ),
    ExporterSpec(
        name="huggingface",
        summary="A data set for the Hugging Face hub: Parquet, a configuration a protocol, and a card.",
        factory="results.export.huggingface:export",
        modules=("pyarrow",),
        extra="parquet",
        hub=True,
    ),
]

registry: Registry[ExporterSpec] = Registry("exporters", "exporter", _BUILTIN)
get = registry.get
