"""A frozen map is probed by pixel: what is fitted to what, how scores become pixels, and what is refused."""

import json

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

import tasks
from bench import backbones
from bench.backbones.normalisation import IMAGENET
from bench.core import files
from bench.core.context import Context
from bench.core.errors import DataError, StudyError
from bench.metrics.confusion import IGNORE
from tasks.classifiers import PIXEL_STRENGTHS
from tasks.labels.mask import LABEL as MASK
from tasks.prepared import Prepared
from tasks.protocols import load_protocol
from tasks.task import Start
from tasks.writing import SliceWriter

BACKBONE = "timm:test_resnet"
PROTOCOL = load_protocol("demo/city-probe")
SIDE, STRIDE = 32, 8
CLASSES = ["field", "water", "roof"]
COLOURS = np.array([[60, 140, 60], [30, 60, 160], [190, 80, 70]])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """24 slices: a rectangle of one class in another, under noise; the last row of pixels has no label."""
    folder, generator = tmp_path_factory.mktemp("sets") / "a", np.random.default_rng(0)
    with files.new_folder(folder) as work:
        writer = SliceWriter(work, 24, SIDE, CLASSES)
        for number in range(24):
            mask = np.full((SIDE, SIDE), number % 3, dtype=np.uint8)
            top, left = generator.integers(0, SIDE // 2, 2)
            mask[top : top + 16, left : left + 16] = (number + 1) % 3
            image = np.clip(COLOURS[mask] + generator.normal(0, 25, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
            mask[-1] = IGNORE
            writer.add(image, mask, f"scene-{number}")
        writer.finish({"dataset": "rectangles", "synthetic": True, "overlap": 0.0, "palette": COLOURS.tolist()})
    return Prepared.open(folder)


def probe(data, **changes):
    return tasks.get("probe-seg").load()(PROTOCOL.model_copy(update=changes), data)


def start():
    torch.manual_seed(0)
    return Start(BACKBONE, dict(backbones.build(BACKBONE).state_dict()), IMAGENET)


def run(task, train, folder, predictions=0):
    context = Context(torch.device("cpu"), folder, 1, lambda *_: None, folder / "predictions", predictions)
    return task.run(start(), train, task.parts(), context)


def maps(data, positions):
    """The map of stride 8 by hand, N x C x h x w."""
    net = backbones.build(BACKBONE)
    net.load_state_dict(start().weights)
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    images = torch.from_numpy(np.asarray(data.images[positions])).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        return net.eval()((images - mean) / std)[backbones.get(BACKBONE).strides.index(STRIDE)]


def rows(data, positions):
    """Features and class of every labelled pixel, each with the features of its place."""
    spread = maps(data, positions).repeat_interleave(STRIDE, 2).repeat_interleave(STRIDE, 3)
    masks = np.asarray(data.labels[positions])
    kept = masks != IGNORE
    return spread.permute(0, 2, 3, 1).numpy()[kept].astype(float), masks[kept]


def spread(pixels):
    """Standard deviations, 1 of channels that are always 0."""
    found = pixels.std(axis=0)
    return np.where(found > 0, found, 1)


def test_the_score_is_that_of_ridge_on_every_pixel_with_scores_interpolated(data, tmp_path):
    task = probe(data)
    parts = task.parts()
    subset = parts.train[:9]
    result = run(task, subset, tmp_path)
    pixels, classes = rows(data, subset)
    scale = spread(pixels)
    model = Ridge(result.tuned["strength"] * len(pixels)).fit(pixels / scale, np.eye(3)[classes])
    found = maps(data, parts.test).permute(0, 2, 3, 1).numpy()
    scores = torch.from_numpy(model.predict(found.reshape(-1, len(scale)) / scale).reshape(*found.shape[:3], 3))
    fine = torch.nn.functional.interpolate(scores.permute(0, 3, 1, 2), (SIDE, SIDE), mode="bilinear").argmax(1).numpy()
    truth = np.asarray(data.labels[parts.test])
    kept = truth != IGNORE
    right = (fine == truth)[kept].mean()
    assert right == pytest.approx(result.metrics["aAcc"], abs=2e-4)
    ious = [((fine == k) & (truth == k)).sum() / (((fine == k) | (truth == k)) & kept).sum() for k in range(3)]
    assert np.mean(ious) == pytest.approx(result.metrics["mIoU"], abs=5e-4)
    assert result.metrics["mIoU"] > 0.6
    assert ("folds", subset, 0) == (result.selection, result.selected_on, result.steps)
    assert {"bn": "as-trained"} == result.design


def test_the_strength_errs_least_on_the_pixels_of_slices_left_out(data, tmp_path):
    """A fifth of the slices held out, each strength fitted to every pixel of the rest by scikit-learn."""
    task = probe(data, selection="within")
    train = task.parts().train
    result = run(task, train, tmp_path)
    held = result.selected_on
    (seen, classes), (unseen, truth) = rows(data, [at for at in train if at not in held]), rows(data, held)
    scale, errors = spread(seen), []
    for strength in PIXEL_STRENGTHS:
        model = Ridge(strength * len(seen)).fit(seen / scale, np.eye(3)[classes])
        errors.append(np.mean((model.predict(unseen / scale) - np.eye(3)[truth]) ** 2))
    assert ("within", round(0.2 * len(train))) == (result.selection, len(held))
    assert PIXEL_STRENGTHS[np.argmin(errors)] == result.tuned["strength"]


def test_a_single_slice_has_nothing_to_choose_by(data, tmp_path):
    task = probe(data)
    result = run(task, task.parts().train[:1], tmp_path)
    assert ("untuned", [], {}) == (result.selection, result.selected_on, result.tuned)


def test_classes_that_the_protocol_ignores_are_neither_learned_nor_scored(data, tmp_path):
    task = probe(data, classes={"green": ["field"], "blue": ["water"]})
    result = run(task, task.parts().train, tmp_path)
    assert {"IoU/green", "IoU/blue"} == {name for name in result.metrics if "/" in name}
    roofs = probe(data, classes={"all": ["roof"]})
    bare = [at for at in roofs.parts().train if not data.class_counts[at, 2]]
    with pytest.raises(DataError, match=r"no training pixel has a class of protocol demo/city-probe"):
        run(roofs, bare[:1], tmp_path)


def test_test_slices_are_pictured_with_truth_and_prediction(data, tmp_path):
    from PIL import Image

    task = probe(data)
    run(task, task.parts().train, tmp_path, predictions=2)
    pictures = sorted((tmp_path / "predictions").glob("*.png"))
    assert 2 == len(pictures)
    with Image.open(pictures[0]) as picture:
        assert ["image", "truth", "prediction"] == [name for name, *_ in json.loads(picture.text["bench"])["parts"]]


def test_slices_that_no_stride_divides_share_their_pixels_out_evenly(data):
    """Five pixels over two places: rows 0 to 2 and 3 to 4, as nearest-neighbour interpolation has it."""
    masks = np.zeros((1, 5, 5), dtype=np.uint8)
    masks[0, :, 3:] = 1
    masks[0, 0, 0] = IGNORE
    assert [[8, 0, 0], [0, 6, 0], [6, 0, 0], [0, 4, 0]] == probe(data)._under_places(masks, (2, 2)).tolist()


def test_the_kind_of_label_is_a_mask():
    assert MASK is tasks.get("probe-seg").load().label


def test_a_backbone_without_a_map_of_the_stride_is_refused_in_one_line():
    task, other = tasks.get("probe-seg"), PROTOCOL.model_copy(update={"network": {"classifier": "ridge", "stride": 2}})
    task.check_backbone(PROTOCOL, backbones.get("resnet18"))
    task.check_backbone(other, backbones.get("squeezenet1_1"))
    task.check_backbone(PROTOCOL, backbones.get("timm:test_vit"))
    with pytest.raises(StudyError) as caught:
        task.check_backbone(other, backbones.get("resnet18"))
    assert "protocol demo/city-probe: backbone resnet18 has no map of stride 2, but of 4, 8, 16, 32" in str(
        caught.value
    )
    assert "\n" not in str(caught.value)
