"""Builds the model of a user's OpenMMLab config on a backbone of the harness."""

from typing import Any

from mmengine.config import ConfigDict

from bench.backbones import Maps
from bench.core.errors import StudyError
from tasks.heads.options import MMDetConfig, MMSegConfig
from tasks.heads.parts import Parts, within
from tasks.heads.user_models import DEFAULT_TYPES, fitted


def segmentor(pyramid: Maps, classes: int, options: MMSegConfig) -> Parts:
    """A segmentation model, whose batch norm bears a batch of one."""
    from mmseg.models import EncoderDecoder
    from mmseg.registry import MODELS

    from tasks.heads.pixels import LoneBatchNorm

    levels, model = fitted(options.config, "mmseg", pyramid, classes)
    kind = _kind(options.config, "mmseg", MODELS, (EncoderDecoder,))
    return Parts(kind, levels, ConfigDict(_replaced(model, {"BN": LoneBatchNorm})), "mmseg", theirs=True)


def detector(pyramid: Maps, classes: int, options: MMDetConfig) -> Parts:
    """A detector of one stage or two."""
    import mmdet.models  # noqa: F401 - registers all parts
    from mmdet.models.detectors import SingleStageDetector, TwoStageDetector
    from mmdet.registry import MODELS

    from tasks.heads.centernet import FullPrecisionHead
    from tasks.heads.full_precision import in_full_precision

    levels, model = fitted(options.config, "mmdet", pyramid, classes)
    kind = _kind(options.config, "mmdet", MODELS, (SingleStageDetector, TwoStageDetector))
    model = _replaced(model, {"CenterNetHead": FullPrecisionHead})
    return Parts(in_full_precision(kind), levels, ConfigDict(model), "mmdet", theirs=True)


def _kind(config: dict[str, Any], library: str, models: Any, allowed: tuple[type[Any], ...]) -> type[Any]:
    name = config.get("type", DEFAULT_TYPES[library])
    with within(library):
        kind = models.get(name)
    if not (isinstance(kind, type) and issubclass(kind, allowed)):
        kinds = " or ".join(each.__name__ for each in allowed)
        raise StudyError(f"model.type {name} of the protocol's config is no {kinds}: only these are built here")
    found: type[Any] = kind
    return found


def _replaced(value: Any, types: dict[str, type[Any]]) -> Any:
    """The same values with other types."""
    if isinstance(value, dict):
        return {
            key: types.get(each, each) if key == "type" and isinstance(each, str) else _replaced(each, types)
            for key, each in value.items()
        }
    return [_replaced(each, types) for each in value] if isinstance(value, list) else value
