"""The grid of a study with axes, as it is kept in a store: where each of its cells stands.

A record keeps the words of the study that first asked for it. A later study with axes of its own shares it under other
words, and so its grid names cells by their keys.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bench.core import documents
from bench.core.errors import StoreError


class Grid(BaseModel):
    """One study.

    Attributes:
        study: its name.
        axes: the levels of each axis in words, in the study's order.
        cells: by key of a cell, its level of each axis that applies to it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    axes: dict[str, list[str]]
    cells: dict[str, dict[str, str]]

    @classmethod
    def of(cls, study: str, cells: dict[str, dict[str, str]]) -> "Grid":
        """The grid of cells, whose levels stand in the order in which they come."""
        axes: dict[str, dict[str, None]] = {}
        for levels in cells.values():
            for axis, level in levels.items():
                axes.setdefault(axis, {})[level] = None
        return cls(study=study, axes={axis: list(levels) for axis, levels in axes.items()}, cells=cells)


def read_grids(store: Path) -> list[Grid]:
    """The grids of a store, by the name of the study.

    Raises:
        StoreError: one is not readable.
    """
    advice = "delete it and run the study again"
    return [
        documents.parse(Grid, documents.read_json(path, StoreError, advice), f"{path} is no grid", StoreError)
        for path in sorted((store / "grids").glob("*.json"))
    ]
