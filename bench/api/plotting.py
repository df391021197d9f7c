"""One figure of some records: what `gb.plot` draws."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
from matplotlib.figure import Figure

from bench.api.reading import folder_of, judged
from bench.api.studies import Place
from bench.core.errors import StudyError
from bench.core.files import write_bytes
from results import figures
from results.figures.drawing import as_bytes

# Pixels an inch of a figure in a notebook.
_DPI = 80
Kind = Literal["effects", "curves", "compute", "predictions", "heatmap", "ranking"]


@dataclass(frozen=True)
class Drawing:
    """A figure, which a notebook shows.

    Attributes:
        name: what its file would be called.
        figure: matplotlib's.
    """

    name: str
    figure: Figure

    def save(self, path: Place) -> Path:
        """Write it as the ending of a path says, .png or .svg."""
        file = Path(path)
        if file.suffix not in {".png", ".svg"}:
            raise StudyError(f"{file}: a figure is written as .png or .svg, choose one of these endings")
        write_bytes(file, as_bytes(self.figure, file.suffix[1:]))
        return file

    def _repr_png_(self) -> bytes:
        return as_bytes(self.figure, "png", dpi=_DPI)


def plot(
    frame: pd.DataFrame, kind: Kind = "curves", protocol: str | None = None, *, store: Place | None = None
) -> Drawing:
    """One figure of some records: `curves` over labels, `effects`, `compute`, `predictions`, `heatmap` or `ranking`.

    Args:
        frame: records, as `run` and `frame` give them, or some of their rows.
        kind: of figure.
        protocol: whose records are drawn, where the frame has several.
        store: folder of the store, where the frame does not name it.

    Raises:
        StudyError: the records do not allow this figure, or several.
    """
    found, shown = judged(frame, store)
    if protocol is not None:
        shown = shown[shown["protocol"] == protocol]
    drawn = figures.draw(shown, found.comparisons, folder_of(frame, store), (kind,))
    if len(drawn) != 1:
        there = ", ".join(sorted(set(frame["protocol"])))
        what = "no figure" if not drawn else f"{len(drawn)} figures"
        raise StudyError(f"these records give {what} of kind {kind!r}: choose one protocol and backbone of {there}")
    ((name, figure),) = drawn.items()
    return Drawing(name, figure)
