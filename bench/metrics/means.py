"""Means whose bits are those of every Python."""

import functools
import operator
from collections.abc import Collection


def mean(values: Collection[float]) -> float:
    """The mean of at least one value, added up from the left.

    `sum` corrects what it rounds from Python 3.12 on, so that a record made by 3.11 would not be computed again by it.
    """
    return functools.reduce(operator.add, values, 0.0) / len(values)
