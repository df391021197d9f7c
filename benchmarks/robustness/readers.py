"""The reading code that commands call, each as a function of a working folder, and the sound files it is tried on.

A reader returns whether what it read was accepted without a word; a BenchError is a refusal.
"""

import argparse
import io
import json
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import yaml
from PIL import Image
from rasterio.transform import from_origin

Reader = Callable[[Path], bool]
ROOT = Path(__file__).resolve().parents[2]

COCO = {"kind": "boxes", "images": "images/{name}.png", "boxes": "annotations/*.json", "format": "coco"}
DESCRIPTION = yaml.safe_dump({"name": "set", "contents": COCO, "areas": [[0, 0, 1, 1]], "images": 4}).encode()
VOC = (
    b"<annotation><object><name>boat</name><difficult>0</difficult><bndbox><xmin>3</xmin><ymin>4</ymin><xmax>20</xmax>"
    b"<ymax>30</ymax></bndbox></object></annotation>"
)
VRT = b'<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:32632</SRS><VRTRasterBand dataType="Byte" band="1">'
VRT += b"<SimpleSource><SourceFilename>/etc/passwd</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
DESIGN = b'{"study": "d", "columns": ["row"], "rows": [[{"text": "a", "differs": true}]], "sentences": []}'
GRID = b'{"study": "g", "axes": {"backbones": ["x", "y"]}, "cells": {"k1": {"backbones": "x"}}}'
SCORE = {"dataset": "m-eurosat", "evaluation": "knn5", "metric": "accuracy", "value": 0.5, "model": "resnet18"}
COPIED = json.dumps({
    "schema": 1, "benchmark": "torchgeo-bench", "file": "r.csv", "sha256": "0" * 64,
    "scores": [SCORE | {"n_train": 10, "n_test": 20, "seed": 0, "settings": {"bands": "rgb"}}],
}).encode()  # fmt: skip


def json_of(data: bytes) -> str:
    """What JSON means; 1, 1.0 and true are three values."""
    return json.dumps(json.loads(data), sort_keys=True)


def image(name: str) -> Reader:
    """A picture as data sets and corpora read it."""

    def read(folder: Path) -> bool:
        from bench.core.errors import BenchError
        from bench.corpus.images.picture import read_picture
        from bench.corpus.scenes.georeference import Georeference
        from tasks.datasets.pictures import read_rgb, size_of

        file = folder / name
        Georeference.of_file(file)
        try:
            read_picture(file.read_bytes(), file)
        except BenchError:
            size_of(file)
            read_rgb(file)
            raise
        return bool(size_of(file)) and bool(read_rgb(file).size)

    return read


def mask(name: str) -> Reader:
    """A mask as data sets and corpora read it."""

    def read(folder: Path) -> bool:
        from bench.corpus.images.picture import read_mask
        from tasks.datasets.described.contents import MaskClass
        from tasks.datasets.described.images import MaskReader

        read_mask((folder / name).read_bytes(), folder / name)
        classes = [MaskClass(name=f"c{value}", value=value) for value in range(3)]
        return bool(MaskReader(classes, [255]).read(folder / name).size)

    return read


def described(folder: Path) -> bool:
    """A user's own data set, prepared whole."""
    import shutil

    from bench.core import files
    from tasks.datasets import read_own
    from tasks.protocol_parts import Slices

    shutil.rmtree(folder / "out", ignore_errors=True)
    with files.new_folder(folder / "out") as work:
        read_own(folder / "set.yaml").prepare(folder, work, Slices(size=32), lambda *_: None)
    return True


def voc(folder: Path) -> bool:
    """A file of boxes."""
    from tasks.datasets.described.annotations import checked, read_voc

    return bool(checked(read_voc(folder / "a.xml", difficult=False), ["boat", "car"], (48, 48)))


def scene(folder: Path) -> bool:
    """A scene: found, its header, its strips by a fixed range and by percentiles, and the same as a data set's raster."""
    from bench.corpus.scenes.discovery import find_scenes
    from bench.corpus.scenes.georeference import Georeference
    from bench.corpus.scenes.reading import SceneReader
    from bench.corpus.scenes.scene import describe
    from bench.corpus.scenes.stretch import Stretch
    from tasks.datasets.rasters import open_tiff, strips

    for stretch in map(Stretch.parse, ("none", "percentile:2,98", "0:3000")):
        for found in find_scenes(folder, None):
            with SceneReader(describe(found, None, stretch), stretch) as reader:
                reader.check_offset()
                for _ in zip(range(8), reader.strips((0, 16), 32), strict=False):
                    pass
    file = next(folder.glob("*.tif"))
    Georeference.of_file(file)
    with open_tiff(file) as raster:
        for _ in zip(range(8), strips(raster), strict=False):
            pass
    return True


def checkpoint(name: str) -> Reader:
    """A checkpoint as `bench weights inspect` reads it."""

    def read(folder: Path) -> bool:
        from bench.cli.inspection import inspected

        return bool(inspected(folder / name, "timm:test_resnet", None))

    return read


def kept_weights(folder: Path) -> bool:
    """Weights of a store as a cell reads them."""
    from bench.backbones.weights import load, restore

    restore("timm:test_resnet", load(folder / "weights" / "w1").state, "w1")
    return True


def whole_store(folder: Path) -> bool:
    """A store as `bench verify`, `table`, `verdict`, `weights list` and `plan` read it."""
    from bench.store.store import Store
    from results.answers import answers
    from results.frame import load
    from results.verify import verify

    problems = verify(folder)
    left_out: list[str] = []
    frame = load(folder, on_problem=left_out.append)
    if not frame.empty:
        answers(folder, frame)
    for card in Store(folder).cards():
        _ = f"{card['key']} {card.get('row') or card['method']} {card['backbone']} {card['seed']} {card['steps']}"
    return not problems


def opened_store(folder: Path) -> bool:
    """The description of a store."""
    from bench.store.store import Store

    _ = Store(folder).precision
    return True


def kinds_of_store(folder: Path) -> bool:
    """Design sheets, grids and copied scores."""
    from bench.store.grids import read_grids
    from results import copied
    from results.page.designs import read_designs
    from results.tables import formats

    sheets, problems = read_designs(folder)
    formats.markdown(copied.grids(folder))
    read_grids(folder)
    return bool(sheets) and not problems


def study(folder: Path) -> bool:
    """A study's file."""
    from bench.studies.loading import load_study

    found = load_study(str(folder / "study.yaml"), {})
    found.rows()
    found.all_protocols()
    return True


def protocol(folder: Path) -> bool:
    """A protocol's file."""
    from tasks.protocols import load_protocol

    load_protocol.cache_clear()
    found = load_protocol(str(folder / "p.yaml"))
    return bool(found.hash and found.amounts and found.selects)


def prepared(folder: Path) -> bool:
    """A prepared set as cells and `bench data verify` read it."""
    from tasks.prepared import Prepared
    from tasks.writing import verify

    data = Prepared.open(folder)
    _ = (data.counts(), data.repeats(), data.palette, data.synthetic, data.bands, data.places, data.footprints)
    data.originals(list(range(len(data))))
    data.statistics(list(range(len(data))))
    for at in range(len(data)):
        data.label_at(at)
    verify(data)
    return True


def pictures(folder: Path, count: int = 4) -> None:
    """Images and a COCO file of two boxes each."""
    (folder / "images").mkdir(parents=True)
    (folder / "annotations").mkdir()
    draw = np.random.default_rng(5)
    images, boxes = [], []
    for at in range(count):
        Image.fromarray(draw.integers(0, 255, (48, 48, 3), dtype=np.uint8)).save(folder / "images" / f"{at}.png")
        images.append({"id": at, "file_name": f"{at}.png"})
        boxes += [
            {"image_id": at, "category_id": 1 + number, "bbox": [3 + 9 * number, 5, 14, 16], "iscrowd": 0}
            for number in range(2)
        ]
    categories = [{"id": 1, "name": "boat"}, {"id": 2, "name": "car"}]
    value = {"images": images, "annotations": boxes, "categories": categories}
    (folder / "annotations" / "instances.json").write_text(json.dumps(value))
    (folder / "set.yaml").write_bytes(DESCRIPTION)


def geotiff() -> bytes:
    """Three bands of 48 x 48 pixels in tiles of 16, with a place."""
    values = np.random.default_rng(3).integers(0, 255, (3, 48, 48), dtype=np.uint8)
    profile = {"driver": "GTiff", "width": 48, "height": 48, "count": 3, "dtype": "uint8", "crs": "EPSG:32632"}
    profile |= {"transform": from_origin(5e5, 5e6, 10, 10), "tiled": True, "blockxsize": 16, "blockysize": 16}
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile) as raster:
            raster.write(values)
        return bytes(memory.read())


def checkpoints() -> dict[str, bytes]:
    """The same weights as torch writes them now and before 1.6, and as safetensors."""
    import safetensors.torch
    import torch

    state = _state()
    content = {"state_dict": OrderedDict(state), "epoch": 3, "args": argparse.Namespace(lr=0.1, out=Path("x"))}
    written = {}
    for name, new in (("w.pth", True), ("w.tar", False)):
        stream = io.BytesIO()
        torch.save(content, stream, _use_new_zipfile_serialization=new)
        written[name] = stream.getvalue()
    return written | {"w.safetensors": safetensors.torch.save(state)}


def _state() -> dict[str, Any]:
    import torch

    from bench import backbones

    torch.manual_seed(0)
    return {name: value.contiguous() for name, value in backbones.build("timm:test_resnet").state_dict().items()}


def store(folder: Path, records: int = 6) -> None:
    """Two rows and three seeds of one protocol, with outcomes, weights, a manifest and a question."""
    from datetime import date

    from bench.backbones import weights
    from bench.core.keys import content_hash
    from bench.metrics.classified import ImageOutcomes
    from bench.store.outcomes import Evidence
    from bench.store.questions import Question, Questions
    from bench.store.records import Record
    from bench.store.store import Store

    opened, draw = Store(folder), np.random.default_rng(1)
    opened.open_for_writing()
    normal = {"mean": [0.5] * 3, "std": [0.2] * 3}
    card = {"key": "w1", "method": "random", "options": {}, "backbone": "timm:test_resnet", "seed": 11, "steps": 0}
    card |= {
        "corpus_hash": None,
        "facts": {},
        "warnings": {},
        "input": normal,
        "losses": {},
        "provenance": {},
        "cost": {},
    }
    weights.save(opened.weights("w1"), _state(), card)
    samples = ["a", "b"]
    subset = {"protocol": "demo/scenes", "subset_seed": 5, "fraction": 0.5, "labels": None, "samples": samples}
    opened.write_subset("s1", subset | {"count": 2, "hash": content_hash(samples)})
    for number in range(records):
        truth = np.arange(20) % 2
        predicted = np.where(draw.random(20) < 0.7, truth, 1 - truth)
        outcomes, key = ImageOutcomes(["a", "b"], truth, predicted, np.zeros(20)), f"k{number}"
        kept = opened.write_outcomes(key, Evidence(outcomes, range(20), [f"i{at}" for at in range(20)]))
        method, seed = ("random", "imagenet")[number % 2], number // 2
        opened.write_record(
            Record(
                key=key, study="s", method=method, options={}, backbone="timm:test_resnet", task="cls", dataset="d",
                protocol="demo/scenes", protocol_hash="aa" * 8, fraction=0.5, seed=seed,
                seeds={"pretrain": 11, "subset": 5 + seed, "train": 7 + seed}, weights="w1" if method == "random" else "w2",
                corpus=None, metric="overall_accuracy", metrics=outcomes.scores(), outcomes=kept,
                counts={"train": 2, "train_all": 4, "val": 0, "test": 20, "steps": 10, "classes": 2, "labels_used": 2},
                trivial=0.5, provenance={"device": "cpu", "code": {"method": 1, "task": 1}}, cost={"train_seconds": 1.0},
            )
        )  # fmt: skip
    question = Question(
        a="imagenet", b="random", protocol="demo/scenes", backbone="timm:test_resnet", fraction=0.5, amount="50%",
        metric="overall_accuracy",
    )  # fmt: skip
    opened.write_questions(Questions(study="s", date=date(2026, 1, 2), revision="", within=0.01, questions=(question,)))
