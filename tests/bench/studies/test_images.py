"""What rows without a corpus take from a study's data sets."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bench.backbones.normalisation import IMAGENET
from bench.core.bands import RGB, Bands
from bench.core.errors import StudyError
from bench.studies.images import images_of
from tasks.prepared import Prepared
from tasks.protocols import load_protocol
from tasks.splits import divide

SCENES = load_protocol("demo/scenes")
DEEP = Bands(("red", "green", "blue", "nir"), "uint16")


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Function that makes a prepared set of some bands: `make(bands, **options)`."""
    path = Path(__file__).resolve().parents[2] / "data" / "multispectral.py"
    spec = importlib.util.spec_from_file_location("multispectral", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda bands, **options: Prepared.open(
        module.write_prepared(tmp_path_factory.mktemp("sets") / "a", bands, **options)
    )


def test_other_bands_have_the_statistics_of_the_first_protocols_training_images(make):
    """More images than are read at once."""
    one, other = make(DEEP, per_class=30, size=8), make(DEEP, seed=5)
    found = images_of([(SCENES, one), (SCENES, other)])
    train = divide(SCENES.split, one).train
    assert 0 < len(train) < len(one)
    values = np.asarray(one.images)[train].reshape(-1, 4) / 65535
    assert DEEP == found.bands
    assert values.mean(axis=0) == pytest.approx(found.mean)
    assert values.std(axis=0) == pytest.approx(found.std)


def test_8_bit_colours_are_fed_with_imagenets_statistics_by_convention(make):
    found = images_of([(SCENES, make(RGB))])
    assert (RGB, IMAGENET.mean, IMAGENET.std) == (found.bands, found.mean, found.std)


def test_sets_of_different_bands_need_studies_of_their_own(make):
    with pytest.raises(StudyError, match=r"has red, green, blue, nir \(uint16\) and .* red, green, blue \(uint8\)"):
        images_of([(SCENES, make(DEEP)), (SCENES, make(RGB))])
