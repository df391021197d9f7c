"""Change detection: one backbone on both dates, the difference of its maps, the plain FCN; F1 of the changed class."""

from bench.metrics.classified import ChangeOutcomes
from tasks import mm
from tasks.labels.change import LABEL as CHANGE
from tasks.seg import Segmentation


class ChangeDetection(Segmentation):
    """One change-detection protocol on pairs of images; subsets are stratified by whether anything changed."""

    label = CHANGE
    backbone = mm.SiameseBackbone
    outcomes = ChangeOutcomes
