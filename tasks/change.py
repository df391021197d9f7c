"""Change detection: one backbone on both dates, the difference of its maps, the plain FCN; F1 of the changed class."""

from mmengine.evaluator import BaseMetric

from tasks import mm
from tasks.scoring import ChangeMetric
from tasks.seg import Segmentation


class ChangeDetection(Segmentation):
    """One change-detection protocol on pairs of images; class 1 is the changed one.

    Nearly every slice is mostly unchanged, so subsets are stratified by whether anything changed, not by the dominant
    class.
    """

    channels = 6
    backbone = mm.SiameseBackbone

    def strata(self, samples: list[int]) -> list[int]:
        """1 where a slice has changed pixels, else 0."""
        return [int(changed) for changed in self.scheme.counts(self.data.class_counts[samples])[:, 1] > 0]

    def metric(self) -> BaseMetric:
        """F1, IoU and CMID's own mean."""
        return ChangeMetric(self.scheme.classes)
