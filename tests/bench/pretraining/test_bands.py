"""Pretraining on bands other than 8-bit red, green and blue."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

import methods
from bench import backbones
from bench.backbones import weights
from bench.backbones.initial import load_initial
from bench.core.bands import RGB, Bands
from bench.core.context import Context
from bench.core.determinism import make_deterministic
from bench.core.errors import StudyError, WeightsError
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.build.rules import Rules
from bench.pretraining import loop
from bench.pretraining.diagnostics import pooled_features
from bench.pretraining.facts import Length
from bench.pretraining.probe import probe
from bench.studies.probe_sets import corpus_samples

TINY = {"epochs": 1, "batch": 16, "size": 32, "precision": "fp32"}
OWN = {"moco": {"queue": 16}, "geokr": {"teacher_updates": 2}, "cmid": {"queue": 16, "cell": 8}}
NAMES = ("red", "green", "blue", "nir")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    path = Path(__file__).resolve().parents[2] / "data" / "multispectral.py"
    spec = importlib.util.spec_from_file_location("multispectral", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.write_scenes(tmp_path_factory.mktemp("multispectral"))


def build(scenes, out, **options):
    options = {"names": NAMES, "values": "uint16", "rules": Rules(dark_level=0, contrast=0.001), **options}
    folders = (scenes / "scenes", scenes / "landcover", "globeland30", out)
    return build_corpus(*folders, size=32, overlap=0.0, **options)


@pytest.fixture(scope="module")
def deep(scenes, tmp_path_factory):
    """48 tiles of red, green, blue and near infrared in 16 bits."""
    return build(scenes, tmp_path_factory.mktemp("deep") / "corpus")


@pytest.mark.parametrize("name", ["mosaiks", "image-stats", "random"])
def test_what_trains_nothing_takes_four_bands_of_16_bits(name, deep, tmp_path):
    spec = methods.get(name)
    options = spec.options(calibrate="corpus") if name == "random" else spec.options()
    make_deterministic(7, 1)
    network = spec.network or "timm:test_resnet"
    method = spec.load()(backbones.build(network, 4), options, deep, Length(0, 0))
    method.fit(Context(torch.device("cpu"), tmp_path, 7, lambda *_: None))
    restored = weights.restore(network, method.export(), "the job")
    found, _ = probe(restored, method.input, corpus_samples(deep))
    assert (4, len(deep), NAMES) == (restored.bands, found.count, method.input.bands)
    assert (method.input.mean == (0.0,) * 4) == (name != "random")
    assert found.spread > 0


def prepare(name, corpus, **options):
    make_deterministic(7, 1)
    spec = methods.get(name)
    values = spec.options.model_validate(TINY | OWN.get(name, {}) | spec.defaults | options)
    values.check(corpus)
    backbone = backbones.build("squeezenet1_1", len(corpus.bands))
    load_initial(backbone, values.init)
    return spec.load()(backbone, values, corpus, values.length(len(corpus)))


@pytest.mark.parametrize("name", ["moco", "geokr", "geokr-classification", "simclr", "byol", "cmid"])
def test_every_method_trains_on_four_bands_of_16_bits(name, deep, tmp_path):
    method = prepare(name, deep)
    trained = loop.train(method, deep, Context(torch.device("cpu"), tmp_path, 7, lambda *_: None))
    exported = weights.restore("squeezenet1_1", method.export(), "the training")
    assert 4 == exported.bands
    assert (deep.mean, deep.std, NAMES, "the corpus' own") == (
        method.input.mean,
        method.input.std,
        method.input.bands,
        method.input.source,
    )
    assert all(np.isfinite(loss) for loss in trained.losses.values())


def test_a_teacher_of_its_own_start_has_the_bands_of_its_student(deep):
    method = prepare("geokr", deep, teacher_init="independent")
    assert 4 == method.teacher.bands


def test_stored_values_are_normalised_by_the_largest_of_their_type(deep):
    method = prepare("moco", deep)
    stored = torch.from_numpy(deep.tiles(np.arange(48))).permute(0, 3, 1, 2)
    normalised = method.normalise(stored)
    assert np.zeros(4) == pytest.approx(normalised.mean(dim=(0, 2, 3)).numpy(), abs=1e-4)
    assert np.ones(4) == pytest.approx(normalised.std(dim=(0, 2, 3)).numpy(), abs=1e-3)


def test_features_of_16_bit_tiles_are_those_of_8_bit_tiles_of_the_same_brightness(scenes, tmp_path):
    """A value of 8 bits times 257 is the same share of 16 bits."""
    eight = build(scenes, tmp_path / "eight", values="uint8", stretch="0:5000", rules=Rules(0, 1.0, 0.0, 0))
    network = backbones.build("squeezenet1_1", 4)
    statistics = prepare("moco", eight).input
    expected = pooled_features(network, eight, 32, statistics)

    class Sixteen:
        def __len__(self):
            return len(eight)

        def tiles(self, indices):
            return eight.tiles(indices).astype(np.uint16) * 257

    assert np.allclose(expected, pooled_features(network, Sixteen(), 32, statistics), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("moco", {"init": "imagenet"}, "ImageNet's weights take red, green and blue, the images have red, .*nir"),
        ("moco", {"mean": (0.5,) * 3, "std": (0.2,) * 3}, "input statistics .* are of 3 bands, the images have"),
        ("gersp", {"labelled": "x"}, "gersp learns from labelled pictures in red, green and blue, the corpus has red"),
    ],
)
def test_what_is_known_of_red_green_and_blue_alone_is_refused_on_other_bands(name, options, said, deep):
    values = methods.get(name).options.model_validate(TINY | {"queue": 16, **options})
    with pytest.raises(StudyError, match=said) as caught:
        values.check(deep)
    assert "\n" not in str(caught.value)


def test_imagenets_statistics_are_of_8_bits_and_its_weights_of_colours():
    options = methods.get("imagenet").options
    options().check_bands(RGB)
    deep = Bands(values="uint16")
    with pytest.raises(StudyError, match="ImageNet's input statistics are of 8-bit red, green and blue"):
        options().check_bands(deep)
    options(mean=(0.1,) * 3, std=(0.05,) * 3).check_bands(deep)
    with pytest.raises(StudyError, match="ImageNet's weights take red"):
        options(mean=(0.1,) * 3, std=(0.05,) * 3).check_bands(Bands(("nir", "red", "green")))


def test_stated_statistics_and_images_as_they_are_hold_for_any_bands(deep):
    stated = {"mean": (0.1, 0.2, 0.3, 0.4), "std": (0.05,) * 4}
    assert stated["mean"] == prepare("moco", deep, **stated).input.mean
    plain = prepare("geokr", deep, normalise=False)
    assert ((0.0,) * 4, (1.0,) * 4) == (plain.input.mean, plain.input.std)


def test_weights_are_probed_on_images_of_their_bands_alone(deep, tmp_path, corpus):
    method = prepare("geokr", deep)
    loop.train(method, deep, Context(torch.device("cpu"), tmp_path, 7, lambda *_: None))
    network = weights.restore("squeezenet1_1", method.export(), "the training")
    found, _ = probe(network, method.input, corpus_samples(deep))
    assert 48 == found.count
    assert 0 < found.linear <= 1
    with pytest.raises(WeightsError, match=r"weights for red, green, blue, nir cannot .* red, green, blue \(uint8\)"):
        probe(network, method.input, corpus_samples(corpus))


def test_a_random_start_on_8_bit_colours_keeps_imagenets_statistics(corpus):
    options = methods.get("moco").options.model_validate(TINY)
    assert {} == options.input_of(corpus)
    assert options.normalisation() == options.normalisation(corpus)
    method = methods.get("moco").load()(backbones.build("squeezenet1_1"), options, corpus, Length(1, 1))
    assert options.normalisation() == method.input
