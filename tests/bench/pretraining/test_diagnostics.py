"""What a loss, a weight and a feature say about a pretraining: hand-computed values and the rules' edges."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from bench import backbones
from bench.backbones.normalisation import IMAGENET, Normalisation
from bench.backbones.pyramid import Backbone
from bench.core.errors import DivergedError
from bench.pretraining.diagnostics import (
    Features,
    Watch,
    describe_features,
    judge_features,
    judge_losses,
    pooled_features,
)
from bench.pretraining.method import Length, entropy


def test_four_points_on_a_square_have_two_equal_axes():
    """(1, 0), (-1, 0), (0, 1), (0, -1): variance 1/2 along both axes, entropy ln 2, rank 2."""
    found = describe_features(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]))
    assert pytest.approx(2.0) == found.rank
    assert pytest.approx(math.sqrt(0.5)) == found.spread


def test_two_opposite_points_have_one_axis():
    """(0.6, 0.8) and its opposite: deviations 0.6 and 0.8, all variance along one line."""
    found = describe_features(np.array([[3.0, 4.0], [-6.0, -8.0]]))
    assert pytest.approx(Features(spread=0.7, rank=1.0).__dict__) == found.__dict__


def test_the_effective_rank_is_the_exponential_of_the_entropy_of_the_variances():
    """Six unit vectors, +-e1 twice and +-e2 once: variances 2/3 and 1/3; rank = 3 / 2^(2/3) = 1.8899."""
    points = np.array([[1.0, 0], [-1, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    assert pytest.approx(3 / 2 ** (2 / 3)) == describe_features(points).rank


def test_the_length_of_features_does_not_count():
    points = np.random.default_rng(0).normal(size=(20, 5))
    scaled = points * np.random.default_rng(1).uniform(0.1, 1e30, (20, 1))
    expected, actual = describe_features(points), describe_features(scaled.astype(np.float32))
    assert pytest.approx(expected.spread, rel=1e-4) == actual.spread
    assert pytest.approx(expected.rank, rel=1e-4) == actual.rank


@pytest.mark.parametrize("points", [np.ones((5, 3)), np.zeros((5, 3))])
def test_equal_features_have_neither_spread_nor_rank(points):
    assert Features(0.0, 0.0) == describe_features(points)


@pytest.mark.parametrize(
    ("end", "speaks"),
    [
        (Features(0.0099, 50.0), True),
        (Features(0.0101, 2.1), False),
        (Features(0.2, 1.9), True),
    ],
)
def test_features_collapse_below_a_tenth_of_the_spread_or_a_rank_of_two(end, speaks):
    assert speaks == ("features-collapsed" in judge_features(Features(0.1, 60.0), end))


def test_a_rank_that_was_small_before_training_is_no_collapse():
    assert judge_features(Features(0.1, 3.9), Features(0.1, 1.5)) == {}


def test_the_entropy_of_a_half_and_two_quarters():
    assert pytest.approx(1.5 * math.log(2)) == entropy(np.array([2, 1, 1, 0]))


def test_a_loss_explodes_at_ten_times_the_first_step_that_of_chance_or_one():
    """First step 0.05 and chance 11: a rise to 11 as a queue fills is ordinary, 111 is not."""
    filling = [{"contrast": 2.0}, {"contrast": 11.0}, {"contrast": 9.0}]
    assert judge_losses({"contrast": 0.05}, filling, {"contrast": 11.0}) == {}
    warned = judge_losses({"contrast": 0.05}, [{"contrast": 111.0}, {"contrast": 9.0}], {"contrast": 11.0})
    assert {"loss-exploded": "contrast was 111 in epoch 1 of 2, 0.05 in the first step"} == warned
    assert list(judge_losses({"kl": 0.0}, [{"kl": 9.9}], {})) == []
    assert list(judge_losses({"kl": 0.0}, [{"kl": 10.1}], {})) == ["loss-exploded"]


def test_a_loss_a_million_times_its_reference_is_lost_and_one_below_is_not():
    """First step 2: 2e6 still is a training that may end with a warning."""
    watch_of(2.0, 1.9e6).read()
    lost = watch_of(2.0, 2.1e6)
    with pytest.raises(DivergedError) as raised:
        lost.read()
    expected = (
        "loss a (2.1e+06), b (4.2e+06) has exploded at step 2 of 6; the last losses were a 2, b 4: lower lr (now 5)"
    )
    assert expected == str(raised.value)


def test_a_negative_loss_explodes_upwards_only():
    assert judge_losses({"similarity": -0.1}, [{"similarity": -3.9}], {}) == {}


def test_a_loss_at_that_of_constant_predictions_in_the_last_epoch_is_named():
    """A queue's random start makes the first epoch's loss low; rounding moves a constant loss a little below."""
    chance = math.log(1025)
    warned = judge_losses({"contrast": 2.0}, [{"contrast": 5.0}, {"contrast": chance - 1e-6}], {"contrast": chance})
    assert {"loss-constant": "contrast was 6.9324 in the last epoch, constant predictions reach 6.9324"} == warned
    assert judge_losses({"contrast": 2.0}, [{"contrast": 7.5}, {"contrast": 6.9}], {"contrast": chance}) == {}


def watch_of(*losses: float, constant: dict[str, float] | None = None) -> Watch:
    watch = Watch(Length(6, 2), constant or {}, "lower lr (now 5)")
    for step, loss in enumerate(losses, start=1):
        watch.note(step, ["a", "b"], torch.tensor([loss, 2 * loss]))
    return watch


def test_losses_that_are_read_late_name_the_first_step_that_was_not_finite():
    with pytest.raises(DivergedError) as raised:
        watch_of(1.0, 2.0, 3.0, math.inf, math.nan, 1.0).read()
    expected = "loss a (inf), b (inf) is not finite at step 4 of 6; the last losses were a 1, 2, 3, b 2, 4, 6: "
    assert expected + "lower lr (now 5)" == str(raised.value)


def test_epochs_are_averaged_whether_losses_are_read_at_once_or_late():
    late, early = watch_of(1.0, 2.0, 3.0, 5.0, 8.0), Watch(Length(6, 2), {}, "")
    late.read()
    for step, loss in enumerate((1.0, 2.0, 3.0, 5.0, 8.0), start=1):
        early.note(step, ["a", "b"], torch.tensor([loss, 2 * loss]))
        early.read()
    assert [{"a": 1.5, "b": 3.0}, {"a": 4.0, "b": 8.0}] == late.means
    assert late.state_dict() == early.state_dict()


def test_a_watch_goes_on_from_its_state():
    watch, other = watch_of(1.0, 2.0, 3.0), Watch(Length(6, 2), {"a": 1.0}, "")
    watch.read()
    watch.start = Features(0.5, 7.0)
    other.load_state_dict(watch.state_dict())
    other.note(4, ["a", "b"], torch.tensor([200.0, 6.0]))
    other.read()
    assert Features(0.5, 7.0) == other.start
    assert [{"a": 1.5, "b": 3.0}, {"a": 101.5, "b": 6.0}] == other.means
    assert ["loss-exploded", "loss-constant"] == list(other.warnings())


@pytest.mark.parametrize(("name", "value"), [("running_var", math.inf), ("weight", math.nan), ("bias", -math.inf)])
def test_parameters_and_buffers_that_are_not_finite_are_named(name, value):
    watch, norm = watch_of(1.0), nn.BatchNorm1d(3)
    watch.read()
    watch.check_weights(norm, 1)
    with torch.no_grad():
        getattr(norm, name)[1] = value
    with pytest.raises(DivergedError) as raised:
        watch.check_weights(norm, 4)
    assert str(raised.value).startswith(
        f"weights {name} are not finite after step 4 of 6 (they were after step 1); the last losses were a 1, b 2: "
    )


def test_the_largest_finite_weights_are_finite():
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.weight, torch.finfo(torch.float32).max)
    watch_of(1.0).check_weights(layer, 1)


class TwoTiles:
    """A corpus of a dark and a bright tile, by turns."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def tiles(self, indices):
        return (
            np.where(indices % 2, 200, 50)
            .astype(np.uint8)[:, None, None, None]
            .repeat(32, 1)
            .repeat(32, 2)
            .repeat(3, 3)
        )


class Scaled(Backbone):
    """Batch norm of the image, after a huge running variance that would make all features equal."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.norm.running_var.fill_(1e12)

    def forward(self, images):
        return (self.norm(images),)


@pytest.mark.parametrize("count", [2, 65])
def test_features_are_normalised_by_the_batch_in_front_and_not_by_kept_statistics(count):
    """Two tiles by turns become -1 and 1 in every channel where both are equally often in a batch."""
    found = pooled_features(Scaled(), TwoTiles(count), 32, Normalisation((0.5,) * 3, (0.25,) * 3))
    assert (count, 3) == found.shape
    if count == 2:
        assert np.sort(found, axis=0) == pytest.approx(np.array([[-1.0] * 3, [1.0] * 3]), abs=1e-3)
    assert describe_features(found).spread > 0.5


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "swin_t", "timm:test_vit"])
def test_measuring_draws_nothing_and_tiles_are_seen_at_the_views_size(name):
    torch.manual_seed(0)
    network = backbones.build(name)
    seen = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(tuple(inputs[0].shape)))
    before = torch.get_rng_state()
    first = pooled_features(network, TwoTiles(3), 48, IMAGENET)
    assert [(3, 3, 48, 48)] == seen
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(first, pooled_features(network, TwoTiles(3), 48, IMAGENET))


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "swin_t", "vgg16", "timm:test_vit"])
def test_one_random_start_against_another_has_not_collapsed(name, varied_tiles):
    found = []
    for seed in range(3):
        torch.manual_seed(seed)
        network = backbones.build(name)
        found.append(describe_features(pooled_features(network, varied_tiles, 32, IMAGENET)))
    assert [{}] * 9 == [judge_features(start, end) for start in found for end in found]


@pytest.fixture(scope="module")
def varied_tiles():
    class Tiles(TwoTiles):
        def tiles(self, indices):
            return np.stack([np.random.default_rng(i).integers(0, 256, (32, 32, 3), dtype=np.uint8) for i in indices])

    return Tiles(40)
