"""Data sets of other bands than 8-bit red, green and blue train, are pictured, and are refused by unfit weights."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from textured_corpus import corpus  # noqa: F401 - a fixture

import tasks
from bench import backbones
from bench.backbones.normalisation import IMAGENET, Normalisation
from bench.core.bands import Bands
from bench.core.context import Context
from bench.core.errors import DataError, StudyError
from bench.studies.inputs import Inputs
from bench.studies.plan import make_plan
from bench.studies.study import Study
from tasks.cls import ImagePreprocessor
from tasks.predictions import shown
from tasks.protocols import load_protocol
from tasks.task import Start
from tasks.writing import verify

NAMES = ("red", "green", "blue", "nir")
FOUR = Normalisation((0.1, 0.2, 0.3, 0.4), (0.5, 0.25, 0.5, 0.25), "the test", NAMES)


@pytest.fixture(scope="module")
def four(generators, prepared, tmp_path_factory):
    """Scenes of four bands of 16 bits; band b is 10 b outside clouds."""
    root = tmp_path_factory.mktemp("four")
    source = generators("levir_cs").write_levir_cs(root / "raw", dtype="uint16")
    options = {"bands": "1,2,3,4", "names": ",".join(NAMES), "type": "uint16"}
    return prepared("levir-cs", source, root / "out", 32, **options)


def _task(data):
    protocol = load_protocol("demo/cloud")
    schedule = protocol.schedule.model_copy(update={"total": 2, "look_every": 0, "batch": 4, "precision": "fp32"})
    return tasks.get("cloud").load()(protocol.model_copy(update={"schedule": schedule}), data)


def test_the_set_knows_its_bands_and_verifies(four):
    assert (Bands(NAMES, "uint16"), 1, "mask") == (four.bands, four.dates, four.label.name)
    assert np.uint16 == four.images.dtype
    verify(four)


def test_an_index_that_names_other_bands_is_noticed(four, tmp_path):
    for file in four.path.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    index = json.loads((tmp_path / "index.json").read_text())
    (tmp_path / "index.json").write_text(json.dumps(index | {"band_names": ["nir", *NAMES[:3]]}))
    with pytest.raises(DataError, match=r"index\.json has changed"):
        verify(type(four).open(tmp_path))


def test_values_of_16_bits_are_divided_by_65535_before_the_statistics_are_taken_off(four):
    """By hand: the largest value is 1, less 0.1, 0.2, 0.3, 0.4, divided by 0.5, 0.25, 0.5, 0.25."""
    inputs = ImagePreprocessor([], FOUR, four).inputs(torch.full((1, 2, 2, 4), 65535, dtype=torch.int32), None)
    assert torch.allclose(torch.tensor([1.8, 3.2, 1.4, 2.4]), inputs[0, :, 0, 0])


def test_values_above_32767_reach_the_network_unchanged(four):
    sample = _task(four).samples([0])[0]["image"]
    assert np.array_equal(np.asarray(four.images[0], dtype=np.int64), sample.numpy())
    assert torch.int32 == sample.dtype


def test_four_bands_of_16_bits_train_score_and_are_pictured(four, tmp_path):
    task = _task(four)
    torch.manual_seed(0)
    start = Start("resnet18", dict(backbones.build("resnet18", 4).state_dict()), FOUR)
    parts = task.parts()
    result = task.run(
        start, parts.train, parts, Context(torch.device("cpu"), tmp_path, 1, lambda *_: None, tmp_path, 1)
    )
    assert 0 <= result.metrics["mIoU"] <= 1
    with Image.open(next(tmp_path.glob("*.png"))) as picture:
        assert "RGB" == picture.mode


def test_a_picture_shows_red_green_and_blue_stretched(four):
    (picture,) = shown(four, 0).values()
    assert (32, 32, 3) == picture.shape
    assert (0, 255) == (picture.min(), picture.max())


@pytest.mark.parametrize("statistics", [IMAGENET, Normalisation(FOUR.mean, FOUR.std, "", ("nir", *NAMES[:3]))])
def test_weights_of_other_bands_are_refused(four, statistics):
    with pytest.raises(DataError, match=r"has red, green, blue, nir \(uint16\), the weights are for"):
        ImagePreprocessor([], statistics, four)


def test_weights_that_do_not_name_their_bands_need_as_many(four):
    ImagePreprocessor([], Normalisation(FOUR.mean, FOUR.std), four)


def test_a_study_whose_corpus_has_other_bands_is_refused_when_it_is_planned(four, corpus, tmp_path):  # noqa: F811
    study = Study(
        name="bands", corpus=str(corpus.path), data={"levir-cs": str(four.path)}, methods=["random", "moco"],
        backbones=["resnet18"], tasks=["cloud"], protocols={"cloud": ["geokr-2021/levir-cs-cloud"]},
        pretrain={"batch": 4},
    )  # fmt: skip
    with pytest.raises(
        StudyError, match=r"levir-cs-cloud: .* has red, green, blue, nir \(uint16\), corpus .* \(uint8\)"
    ):
        make_plan(study, Inputs(lambda _: None, tmp_path))
