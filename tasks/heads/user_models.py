"""The model of a user's OpenMMLab config: what of it is taken, what is refused, and how it is put on another backbone.

Taken are neck, heads and their settings; backbone, preprocessor and pretrained weights are those of the study. Without torch.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from bench.backbones import Maps
from bench.core.errors import StudyError
from bench.core.suggest import among
from tasks.heads import config_files
from tasks.heads.config_files import Values
from tasks.heads.known_types import known_types
from tasks.heads.options import FINEST, levels_from

Library = Literal["mmseg", "mmdet"]
NAMES = {"mmseg": "MMSegmentation", "mmdet": "MMDetection"}

# What a model of each library is made of; the first of each must be there.
PARTS: dict[str, tuple[str, ...]] = {
    "mmseg": ("decode_head", "type", "neck", "auxiliary_head", "num_stages", "train_cfg", "test_cfg"),
    "mmdet": ("bbox_head", "type", "neck", "rpn_head", "roi_head", "train_cfg", "test_cfg"),
}
DEFAULT_TYPES = {"mmseg": "EncoderDecoder", "mmdet": "SingleStageDetector"}
# The study's own, whatever the config says.
LEFT_OUT = ("backbone", "data_preprocessor", "pretrained", "init_cfg", "_scope_")
# What asks for more than boxes, or is a piece of a backbone.
REFUSED = {
    "mask_head": "masks of objects",
    "mask_roi_extractor": "masks of objects",
    "semantic_head": "a map of classes beside the boxes",
    "grid_head": "grid points",
    "shared_head": "the last stage of the config's own backbone",
    "keypoint_head": "keypoints",
}
# A text in a head is a word: `bilinear`, `on_input`, a type. Anything else names a file, or a library that reads one.
WORD = re.compile(r"[\w-]*")


def model_of(file: Path, library: Library) -> Values:
    """What a config says of its model, as far as it is taken.

    Raises:
        StudyError: the config cannot be read, or asks for what a study cannot give.
    """
    values = config_files.read(file)
    if "model" not in values:
        raise StudyError(f"{file} has no `model`: name a config of a whole model, or one that goes on from it")
    model = values["model"]
    if not isinstance(model, dict):
        config_files.taken(model)
        raise StudyError(f"{file}: model must be a dict")
    taken = {name: config_files.taken(part) for name, part in model.items() if name not in LEFT_OUT}
    backbone = model.get("backbone")
    indices = backbone.get("out_indices") if isinstance(backbone, dict) else None
    if indices is not None:
        taken["out_indices"] = config_files.taken(indices)
    check(taken, library, str(file))
    return taken


def check(model: Values, library: Library, where: str) -> None:
    """Refuse a model that a study cannot build.

    Args:
        model: parts by name, and `out_indices` of the backbone.
        library: whose config it is.
        where: names the model in messages.

    Raises:
        StudyError: a part or a type is unknown, a value names a file, or more than the study's labels is needed.
    """
    first, *others = PARTS[library]
    needed = {first} if library == "mmseg" else {first, "roi_head"}
    if not needed & model.keys():
        raise StudyError(f"{where}: the model has no {' and no '.join(sorted(needed))}")
    for name in model:
        if name not in (first, *others, "out_indices"):
            shown = ", ".join((first, *others))
            raise StudyError(f"{where}: model.{name} is no part of a {NAMES[library]} model here: there are {shown}")
    indices = model.get("out_indices", [])
    if not isinstance(indices, list) or not all(type(each) is int and each >= 0 for each in indices):
        raise StudyError(f"{where}: out_indices must be a list of maps from 0 on, got {indices!r}")
    for place, key, value in _walk(model, "model"):
        _check_value(place, key, value, library, where)


def _check_value(place: str, key: str, value: Any, library: Library, where: str) -> None:
    if key in REFUSED and value is not None:
        raise StudyError(f"{where}: {place} needs {REFUSED[key]}, which a study has not: take it out")
    if key == "type" and value is not None and value not in known_types(library):
        known = among(str(value), sorted(known_types(library)))
        raise StudyError(f"{where}: {place}: {NAMES[library]} has no {value!r}{known}")
    if key == "type" and value == "Pretrained":
        raise StudyError(f"{where}: {place} is Pretrained, and weights are the study's: take the init_cfg out")
    if isinstance(value, str) and not WORD.fullmatch(value):
        raise StudyError(f"{where}: {place} is {value!r}, which is no word: a head reads no file")


def _walk(value: Any, place: str, key: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every value with its place and its key."""
    yield place, key, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from _walk(part, f"{place}.{name}", str(name))


def fitted(model: Values, library: Library, pyramid: Maps, classes: int) -> tuple[list[int], Values]:
    """Put a checked model on a backbone, for so many classes.

    Args:
        model: as of `model_of`.
        library: whose it is.
        pyramid: the backbone; its maps of stride 4 and more stand for the stages of the config's own.
        classes: of the protocol.

    Returns:
        Positions of the maps that it reads, and what a model takes beside its backbone.

    Raises:
        StudyError: it asks for a map that the backbone has not, or counts on strides that it has not.
    """
    stages = levels_from(pyramid)
    indices = model.get("out_indices", list(range(len(stages))))
    missing = [index for index in indices if index >= len(stages)]
    if missing:
        raise StudyError(
            f"the config reads stage {missing[0]} of its backbone, and this one has {len(stages)} maps of stride "
            f"{FINEST} or more"
        )
    levels = [stages[index] for index in indices]
    channels, strides = ([each[level] for level in levels] for each in (pyramid.channels, pyramid.strides))
    expected = [FINEST * 2**index for index in indices]
    if library == "mmdet" and strides != expected:
        have = ", ".join(map(str, pyramid.strides))
        raise StudyError(f"the config's anchors and regions count on strides {expected}, the backbone has {have}")
    parts = {name: _copied(part) for name, part in model.items() if name not in ("out_indices", "type")}
    put = _on_maps if library == "mmseg" else _detector_on_maps
    put(parts, channels, strides, classes)
    return levels, parts


def _copied(value: Any) -> Any:
    """A deep copy in which batch norm is that of one device."""
    if isinstance(value, dict):
        copied = {key: _copied(each) for key, each in value.items()}
        return copied | {"type": "BN"} if copied.get("type") == "SyncBN" else copied
    return [_copied(each) for each in value] if isinstance(value, list) else value


def _on_maps(parts: Values, channels: list[int], strides: list[int], classes: int) -> None:
    """A segmentation model: neck, or else heads, take the channels of the maps."""
    if parts.get("neck") is not None:
        _feed(parts["neck"], channels)
    for head in [*_listed(parts["decode_head"]), *_listed(parts.get("auxiliary_head"))]:
        head.pop("threshold", None)  # of a single logit for two classes
        head |= {"num_classes": classes, "out_channels": classes}
        if isinstance(head.get("feature_strides"), list):
            head["feature_strides"] = strides[: len(head["feature_strides"])]
        if parts.get("neck") is None:
            _feed_head(head, channels)
    parts["test_cfg"] = {**(parts.get("test_cfg") or {}), "mode": "whole"}
    parts.setdefault("train_cfg", {})


def _feed_head(head: Values, channels: list[int]) -> None:
    index = head.get("in_index", -1)
    try:
        head["in_channels"] = [channels[each] for each in index] if isinstance(index, list) else channels[index]
    except (IndexError, TypeError):
        raise StudyError(f"a head's in_index is {index}, and it is given {len(channels)} maps") from None
    if head.get("c1_in_channels"):  # DeepLabV3+ takes details from the first map
        head["c1_in_channels"] = channels[0]


def _detector_on_maps(parts: Values, channels: list[int], strides: list[int], classes: int) -> None:
    """A detector: the neck, or else the heads, take the channels of the maps."""
    del strides
    roi = parts.get("roi_head") or {}
    first = [parts["neck"]] if parts.get("neck") is not None else [parts.get("rpn_head"), parts.get("bbox_head")]
    for part in first:
        if part is not None:
            _feed(part, channels)
    for head in [*_listed(parts.get("bbox_head")), *_listed(roi.get("bbox_head"))]:
        head["num_classes"] = classes


def _feed(part: Values | list[Values], channels: list[int]) -> None:
    """The first module behind the backbone takes all maps, or the last one where it takes a number."""
    first = _listed(part)[0]
    first["in_channels"] = channels if isinstance(first.get("in_channels"), list) else channels[-1]


def _listed(part: Values | list[Values] | None) -> list[Values]:
    return part if isinstance(part, list) else [] if part is None else [part]
