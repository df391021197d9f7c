"""Where the spread comes from: the draw of labels, the training seed, the pretraining seed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from results.stats.intervals import Floats
from results.summary import CELL

SOURCES = {"subset_seed": "subset draw", "train_seed": "training seed", "pretrain_seed": "pretraining seed"}
_INTERACTION = "interaction"


@dataclass(frozen=True)
class Components:
    """Variance of a score by source.

    Attributes:
        variance: source -> variance, in squared score units; sources that always change together stand as one, joined
            by ` + `.
        held: sources of which only one level was tried, so that nothing is known.
        pairs: pairs of records that the estimate rests on.
    """

    variance: dict[str, float]
    held: list[str]
    pairs: int


def split_variance(frame: pd.DataFrame) -> Components:
    """Estimate variance components from pairs of records of one cell.

    For two records of a cell, half the squared difference has as expectation the sum of the variances of those sources
    in which the two differ. Non-negative least squares over all pairs solves for the variances; it is the unweighted
    quadratic estimator of a crossed random model (Searle, Casella and McCulloch 1992, chapter 5) and needs no balance.
    What sources do to each other (`interaction`) is told apart from them only in a crossed design.

    Args:
        frame: records; a cell is one protocol, backbone, variant and fraction.
    """
    differ: list[NDArray[np.bool_]] = []
    halves: list[Floats] = []
    for _, cell in frame.groupby(CELL):
        seeds = cell[list(SOURCES)].astype("Int64").fillna(-1).to_numpy()
        scores = cell["score"].to_numpy()
        i, j = np.triu_indices(len(cell), k=1)
        differ.append(seeds[i] != seeds[j])
        halves.append((scores[i] - scores[j]) ** 2 / 2)
    design = np.concatenate([np.empty((0, len(SOURCES))), *differ]).astype(np.float64)
    if not len(design):
        return Components({}, list(SOURCES.values()), 0)
    names, columns, held = _distinct(design)
    everything = np.column_stack([columns, np.ones(len(columns))])
    if np.linalg.matrix_rank(everything) == everything.shape[1]:
        names, columns = [*names, _INTERACTION], everything
    solved, _ = nnls(columns, np.concatenate(halves))
    return Components(dict(zip(names, map(float, solved), strict=True)), held, len(design))


def _distinct(design: Floats) -> tuple[list[str], Floats, list[str]]:
    """Join sources that always change together, and set aside those that never change."""
    groups: dict[bytes, list[int]] = {}
    held = []
    for column, name in enumerate(SOURCES.values()):
        if design[:, column].any():
            groups.setdefault(design[:, column].tobytes(), []).append(column)
        else:
            held.append(name)
    labels = list(SOURCES.values())
    names = [" + ".join(labels[column] for column in columns) for columns in groups.values()]
    return names, design[:, [columns[0] for columns in groups.values()]], held
