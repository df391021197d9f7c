"""Options of the methods that learn from land cover beside GeoKR."""

from typing import Any

from pydantic import field_validator

from bench.core.errors import StudyError
from bench.pretraining.facts import CorpusFacts
from bench.pretraining.options import option
from methods.options.geokr import ClassificationOptions


class CorrectionOptions(ClassificationOptions):
    """Options of land cover with a correction; what it shares with `geokr-classification` is GeoKR's."""

    kept: float = option(
        0.9,
        "ours: the abstract says minor changes",
        "share of each class that the correction leaves as it is at the start",
        gt=0,
        lt=1,
    )
    minor: float = option(
        1.0, "ours: the abstract gives no number", "weight of the penalty on what the correction changes", ge=0
    )
    aggregation: float = option(
        1.0,
        "ours: the abstract gives no number",
        "weight of the penalty on neighbouring positions that are told apart",
        ge=0,
    )


class SegmentationOptions(ClassificationOptions):
    """Options of dense land cover; what it shares with `geokr-classification` is GeoKR's."""

    hidden: int = option(128, "ours: a head for small networks", "channels that the feature maps are joined in", gt=0)

    @field_validator("land_cover")
    @classmethod
    def _own(cls, value: str) -> str:
        if value != "true":
            raise ValueError(f"the maps are the tiles' own: leave land_cover={value} out")
        return value

    def remedy(self, need: str) -> str | None:
        """Maps are kept as the corpus is built."""
        return "build it with --keep-map" if need == "maps" else super().remedy(need)

    def content_of(self, corpus: CorpusFacts) -> dict[str, Any]:
        """The maps, which the corpus' hash does not cover."""
        return super().content_of(corpus) | {"maps": corpus.maps_hash}

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a corpus without maps."""
        super().check(corpus)
        if corpus.maps_hash is None:
            raise StudyError(
                "landcover-segmentation learns from the maps under the tiles, which this corpus was built without: "
                "build it with bench corpus build --keep-map"
            )
