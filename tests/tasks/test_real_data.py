"""Real images of the public sets are prepared, trained on and tested."""

import shutil
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

import tasks
from bench import backbones
from bench.backbones.normalisation import IMAGENET
from bench.core.context import Context
from tasks.protocol_parts import Split
from tasks.protocols import load_protocol
from tasks.task import Start

pytestmark = pytest.mark.real


def _run(task, folder, train=None, predictions=1):
    torch.manual_seed(0)
    parts = task.parts()
    start = Start("resnet18", dict(backbones.build("resnet18").state_dict()), IMAGENET)
    context = Context(torch.device("cpu"), folder, 0, lambda *_: None, folder / "predictions", predictions)
    return task.run(start, train or parts.train, parts, context)


def _short(name, steps=2, **changes):
    protocol = load_protocol(name)
    schedule = protocol.schedule.model_copy(
        update={"length": "steps", "total": steps, "look_every": steps, "batch": 8, "precision": "fp32"}
    )
    return protocol.model_copy(update={"schedule": schedule} | changes)


def test_rsscn7_is_complete_and_is_read_as_it_comes(real_data, prepared, tmp_path):
    data = prepared("rsscn7", real_data / "RSSCN7", tmp_path / "out", 32)
    assert data.classes == ["Grass", "Field", "Industry", "RiverLake", "Forest", "Resident", "Parking"]
    assert data.class_counts.sum(axis=0).tolist() == [400] * 7
    schedule = load_protocol("geokr-2021/rsscn7-steps").schedule.model_copy(update={"total": 2})
    task = tasks.get("cls").load()(
        load_protocol("geokr-2021/rsscn7-steps").model_copy(update={"schedule": schedule}), data
    )
    parts = task.parts()
    assert (len(parts.train), len(parts.test)) == (2100, 700)
    result = _run(task, tmp_path / "run")
    assert 0 < result.metrics["mean_class_accuracy"] < 1


def test_detection_boxes_over_real_images_are_read_and_trained_on(real_data, prepared, tmp_path):
    data = prepared("levir", real_data / "det3", tmp_path / "out", 256)
    texts = sorted((real_data / "det3" / "labels").glob("*.txt"))
    objects = sum(len(text.read_text().split("\n")) - 1 for text in texts)
    found = data.index["found"]
    assert len(set(data.sources)) == len(texts)
    assert found["objects"] in {objects, sum(len(text.read_text().splitlines()) for text in texts)}
    by_image = Split(by="image", ratio=(3, 1, 1), seed=0)
    task = tasks.get("det").load()(_short("geokr-2021/levir-steps", split=by_image), data)
    parts = task.parts()
    small = task.parts().__class__(parts.train, parts.val[:8], parts.test[:8])
    task.parts = lambda: small
    result = _run(task, tmp_path / "run", train=parts.train[:16])
    assert 0 <= result.metrics["AP"] <= result.metrics["AP50"] <= 1
    assert len(list((tmp_path / "run" / "predictions").glob("*.png"))) == 1


def test_change_pairs_are_read_when_laid_out_by_scene(real_data, prepared, tmp_path):
    """The samples come in one folder; parts are made by scene, as the public set is divided."""
    raw = tmp_path / "raw"
    parts = Counter()
    for file in sorted((real_data / "levir_cd" / "A").glob("levir_*.png")):
        scene = "_".join(file.stem.split("_")[1:3])
        part = {"test_1": "train", "test_2": "val"}.get(scene, "test")
        parts[part] += 1
        for name in ("A", "B", "label"):
            (raw / part / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(real_data / "levir_cd" / name / file.name, raw / part / name)
    data = prepared("levir-cd", raw, tmp_path / "out", 64)
    assert Counter(data.parts) == {part: 16 * count for part, count in parts.items()}
    small = _short("demo/change")
    result = _run(tasks.get("change").load()(small, data), tmp_path / "run")
    assert set(result.metrics) >= {"F1", "F1_batch_mean", "IoU/unchanged"}


def test_landsat_scenes_of_sixteen_bits_are_read_with_options(real_data, prepared, tmp_path):
    """No snow is labelled there: shadow and clear become background, thin cloud and cloud become cloud."""
    source = tmp_path / "raw"
    for name in ("Images", "Masks"):
        shutil.copytree(real_data / "l8biome_cloud" / "train" / name, source / name)
    options = {"values": "64+128,192+255,", "bands": "3,2,1", "range": "0:10000"}
    data = prepared("levir-cs", source, tmp_path / "out", 64, **options)
    assert data.class_counts[:, 1].sum() > 0
    assert data.class_counts[:, 2].sum() == 0
    assert 20 < data.images[:].mean() < 235
    result = _run(tasks.get("cloud").load()(_short("demo/cloud"), data), tmp_path / "run")
    assert result.metrics["mIoU"] > 0


def test_dubai_is_trained_and_tested_by_tile(real_data, generators, tmp_path):
    data = generators("dubai").write(real_data / "dubai_seg", tmp_path / "out", 256)
    assert len(set(data.sources)) == 8
    by_tile = _short("demo/city", split=Split(by="image", ratio=(5, 1, 2), seed=0))
    task = tasks.get("seg").load()(by_tile, data)
    parts = task.parts()
    tiles = [{data.sources[at] for at in part} for part in (parts.train, parts.val, parts.test)]
    assert [len(names) for names in tiles] == [5, 1, 2]
    small = parts.__class__(parts.train, parts.val[:8], parts.test[:8])
    task.parts = lambda: small
    result = _run(task, tmp_path / "run", train=parts.train[:16])
    assert 0 < result.metrics["aAcc"] < 1


@pytest.mark.parametrize(("name", "tile"), [("potsdam", "top_potsdam_2_10"), ("vaihingen", "top_mosaic_09cm_area1")])
def test_real_isprs_crops_come_through_the_public_layout_and_lossy_colours_unchanged(
    real_data, generators, prepared, tmp_path, name, tile
):
    """The crops have class numbers; they are coloured as the published labels are, with the noise of 4_12."""
    isprs = generators("isprs")
    folder = real_data / "isprs_loveda_samples" / name
    (image,), (numbers,) = ([np.asarray(Image.open(p)) for p in (folder / d).iterdir()] for d in ("img_dir", "ann_dir"))
    noise = np.random.default_rng(0).integers(0, 87, (*numbers.shape, 3), dtype=np.uint8)
    label = np.where(isprs.COLOURS[numbers] == 255, 255 - noise, noise).astype(np.uint8)
    images, ending, labels = {
        "potsdam": ("2_Ortho_RGB", "_RGB", f"5_Labels_all/{tile}_label.tif"),
        "vaihingen": ("top", "", f"ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE/{tile}.tif"),
    }[name]
    isprs.write_tiff(tmp_path / "raw" / images / f"{tile}{ending}.tif", image)
    isprs.write_tiff(tmp_path / "raw" / labels, label)
    data = prepared(name, tmp_path / "raw", tmp_path / "out", 512)
    assert np.array_equal(image, data.images[0])
    assert np.array_equal(numbers, data.labels[0])
    assert int(noise.any(axis=2).sum()) == data.index["snapped"][tile]
