"""Change detection: one backbone on both dates, the difference of its maps, the plain FCN; F1 of the changed class."""

from tasks import mm
from tasks.labels.change import LABEL as CHANGE
from tasks.scoring import ChangeMetric
from tasks.seg import Segmentation


class ChangeDetection(Segmentation):
    """One change-detection protocol on pairs of images; subsets are stratified by whether anything changed."""

    label = CHANGE
    backbone = mm.SiameseBackbone

    def metric(self) -> ChangeMetric:
        """F1, IoU and CMID's own mean."""
        return ChangeMetric(self.scheme.classes)
