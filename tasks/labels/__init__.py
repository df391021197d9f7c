"""Kinds of labels: each file of this folder is one, found by listing it; a new kind is a new file.

Other packages add kinds by entry points `geokr_bench.labels` that name an instance.
"""

import importlib
import importlib.metadata
import pkgutil
from functools import cache

from bench.core.errors import DataError
from tasks.labels.label import Label


@cache
def known() -> dict[tuple[str, int], Label]:
    """All kinds of labels by their word in an index and the number of dates of their images.

    Raises:
        DataError: another package names a kind that is taken.
    """
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    labels = [module.LABEL for module in modules if hasattr(module, "LABEL")]
    labels += [point.load() for point in importlib.metadata.entry_points(group="geokr_bench.labels")]
    found: dict[tuple[str, int], Label] = {}
    for label in labels:
        if found.setdefault((label.kind, label.dates), label) is not label:
            raise DataError(f"two kinds of labels are called {label.kind!r}: rename that of the package added last")
    return found


def find(kind: str, dates: int) -> Label | None:
    """The kind of labels that an index names, on images of one date or of two; None where it is unknown."""
    return known().get((kind, dates))
