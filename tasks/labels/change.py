"""Where a pair of images of two dates changed."""

import numpy as np

from tasks.labels.label import Counts
from tasks.labels.mask import Mask


class ChangePair(Mask):
    """A mask on images of two dates; class 1 is the changed one.

    Nearly every slice is mostly unchanged, so strata are whether anything changed, not dominant classes.
    """

    name = "change"
    members = "slices where something changed, and those where nothing did"
    dates = 2
    shots = False

    def strata(self, counts: Counts) -> list[int]:
        """1 where a slice has changed pixels, else 0."""
        return [int(changed) for changed in counts[:, 1] > 0]

    def membership(self, counts: Counts) -> Counts:
        """The changed class where a pixel changed, else the unchanged one."""
        changed = counts[:, 1] > 0
        return np.column_stack([~changed & (counts[:, 0] > 0), changed]).astype(np.int64)


LABEL = ChangePair()
