"""Colour and texture statistics, by hand."""

import numpy as np
import pytest
import torch

from bench import backbones
from bench.backbones import weights
from bench.backbones.image_stats import names
from bench.backbones.normalisation import UNIT
from bench.core.bands import COLOURS
from bench.core.errors import StudyError
from bench.pretraining.probe import ProbeSet, probe


def statistics(image, bands=COLOURS):
    """Statistics by name of one image, bands x H x W."""
    network = backbones.build("image-stats", len(bands))
    restored = weights.restore("image-stats", network.state_dict(), "a test").eval()
    (found,) = restored(torch.from_numpy(np.asarray(image, dtype=np.float32))[None])
    assert (1, *restored.channels, 1, 1) == tuple(found.shape)
    return dict(zip(names(bands), found.flatten().tolist(), strict=True))


def test_there_are_thirty_statistics_of_three_bands_and_eleven_of_one():
    assert 30 == len(names(COLOURS)) == backbones.build("image-stats").channels[0]
    assert 11 == len(names(("grey",)))
    assert len(set(names(tuple("abcd")))) == 8 * 4 + 6 + 3


def test_moments_percentiles_and_correlations_of_a_small_image():
    """Red holds 0 to 15 sixteenths in order, green their squares, blue the reverse of red."""
    red = np.arange(16).reshape(4, 4) / 16
    green, blue = red**2, red[::-1, ::-1]
    found = statistics([red, green, blue])
    for name, band in (("red", red), ("green", green), ("blue", blue)):
        third = ((band - band.mean()) ** 3).mean()
        ranked = np.sort(band.ravel())
        expected = {
            "mean": band.mean(),
            "s.d.": band.std(),
            "skewness": np.cbrt(third),
            # Ranks 0 to 15 at 5, 25, 50, 75 and 95%: 0.75, 3.75, 7.5 (to even), 11.25, 14.25.
            **dict(zip(("p5", "p25", "p50", "p75", "p95"), ranked[[1, 4, 8, 11, 14]], strict=True)),
        }
        for what, value in expected.items():
            # A third root magnifies the rounding of the float32 image near 0.
            assert found[f"{name} {what}"] == pytest.approx(value, abs=2e-3 if what == "skewness" else 1e-6), what
    assert found["red-blue correlation"] == pytest.approx(-1)
    expected = np.corrcoef(red.ravel(), green.ravel())[0, 1]
    assert found["red-green correlation"] == pytest.approx(expected)
    assert found["green-blue correlation"] == pytest.approx(-expected)


def test_gradients_are_of_the_intensity_at_three_scales():
    """Columns of 0, 0, 1, 1, ... in red alone: a third of it is the intensity."""
    red = np.tile(np.array([0.0, 0.0, 1.0, 1.0]), (8, 2))
    found = statistics([red, 0 * red, 0 * red])
    assert found["intensity gradient 1 px"] == pytest.approx(np.sqrt(3 / 7 / 9))
    assert found["intensity gradient 2 px"] == pytest.approx(1 / 3)
    assert found["intensity gradient 4 px"] == pytest.approx(0)
    # Turned by a quarter, the energy is the same.
    turned = statistics([red.T, 0 * red, 0 * red])
    assert turned == pytest.approx(found)


def test_a_flat_image_has_finite_statistics():
    found = statistics(np.full((3, 8, 8), 0.3))
    assert np.isfinite(list(found.values())).all()
    assert found["red mean"] == pytest.approx(0.3)
    others = {
        name: value for name, value in found.items() if not name.endswith(("mean", "p5", "p25", "p50", "p75", "p95"))
    }
    assert others == pytest.approx(dict.fromkeys(others, 0), abs=1e-6)


@pytest.mark.parametrize("name", ["image-stats", "mosaiks"])
def test_a_feature_network_is_restored_by_name_and_probed_but_is_no_backbone_of_a_study(name):
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    # Images of one class are brighter.
    images = (rng.integers(0, 100, (40, 16, 16, 3)) + 100 * labels[:, None, None, None]).astype(np.uint8)
    torch.manual_seed(0)
    state = {key: torch.randn_like(value) for key, value in backbones.build(name).state_dict().items()}
    network = weights.restore(name, state, "a test")
    assert probe(network, UNIT, ProbeSet(images, labels, np.arange(40)))[0].linear > 0.95
    with pytest.raises(StudyError, match=f"unknown backbone '{name}'"):
        backbones.registry.get(name)
