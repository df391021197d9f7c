"""Where a pair of images of two dates changed."""

from tasks.labels.label import Counts
from tasks.labels.mask import Mask


class ChangePair(Mask):
    """A mask on images of two dates; class 1 is the changed one.

    Nearly every slice is mostly unchanged, so strata are whether anything changed, not dominant classes.
    """

    name = "change"
    dates = 2
    shots = False

    def strata(self, counts: Counts) -> list[int]:
        """1 where a slice has changed pixels, else 0."""
        return [int(changed) for changed in counts[:, 1] > 0]


LABEL = ChangePair()
