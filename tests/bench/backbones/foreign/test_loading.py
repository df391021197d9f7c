"""Six checkpoints as real ones are, each loaded exactly; what does not fit is refused with the nearest names."""

from pathlib import Path

import foreign_checkpoints as made
import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from bench import backbones
from bench.backbones.export import swin_to_timm
from bench.backbones.foreign.checkpoint import Checkpoint, open_checkpoint
from bench.backbones.foreign.fitting import fit
from bench.backbones.foreign.loading import Source, load_foreign, warnings_of
from bench.core.bands import RGB, Bands
from bench.core.errors import WeightsError

STATE = made.state_of()
LOST = "layer1.0.conv1.weight"


def load(path, images=RGB, network=made.NETWORK, **rules):
    torch.manual_seed(9)
    backbone = backbones.build(network, len(images))
    found = load_foreign(backbone, Source(path, **rules), images)
    return backbone.state_dict(), found


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("kind", "where", "left"),
    [
        ("mmengine", "state_dict.backbone", 0),
        ("moco-release", "state_dict.module.encoder_q", 3),
        ("lightning", "state_dict.model.online_encoder", 0),
        ("with-optimiser", "model.module", 1),
        ("dino-release", "teacher.backbone", 0),
    ],
)
def test_a_released_checkpoint_is_loaded_exactly_from_where_its_backbone_stands(kind, where, left, tmp_path):
    state, found = load(made.SIX[kind](STATE, tmp_path))
    assert same(STATE, state)
    assert (where, left, ()) == (found.where, len(found.left), found.missing)
    assert {} == warnings_of(found, made.NETWORK)


def test_a_momentum_twin_is_taken_where_it_is_asked_for(tmp_path):
    path = made.moco(STATE, tmp_path)
    assert ("state_dict.module.encoder_k",) == load(path)[1].also
    state, found = load(path, under="encoder_k")
    assert "state_dict.module.encoder_k" == found.where
    assert torch.equal(STATE[made.FIRST] + 1, state[made.FIRST])
    with pytest.raises(WeightsError, match=r"nothing stands under 'ema': choose from state_dict\.module\.encoder_q"):
        load(path, under="ema")


def test_networks_that_fit_alike_are_told_apart_by_the_user(tmp_path):
    torch.save({"one": STATE, "two": {name: value + 1 for name, value in STATE.items()}}, tmp_path / "both.pth")
    with pytest.raises(WeightsError, match=r"has 2 networks that fit: say which by `under: one`, or two"):
        load(tmp_path / "both.pth")
    torch.save({"one": STATE, "two": STATE}, tmp_path / "copy.pth")
    assert same(STATE, load(tmp_path / "copy.pth")[0])


def test_another_network_is_refused_with_the_nearest_names_of_both_sides(tmp_path):
    path = made.moco(STATE, tmp_path)
    with pytest.raises(
        WeightsError,
        match=r"does not fit resnet18: it has \d+\.\d% of the parameters; it lacks conv1\.weight 64x3x7x7, nearest "
        r"module\.\S+ \d+.*: choose the backbone",
    ):
        load(path, network="resnet18")


def test_a_file_without_a_part_is_loaded_with_a_warning_down_to_95_percent(tmp_path):
    parts = {name: value for name, value in STATE.items() if name != LOST}
    torch.save(parts, tmp_path / "partly.pth")
    state, found = load(tmp_path / "partly.pth")
    assert (LOST,) == found.missing
    lost = STATE[LOST].numel()
    learnt = sum(value.numel() for value in nn.ParameterList(_parameters()))
    assert found.share == pytest.approx(1 - lost / learnt)
    assert "partly-loaded" in warnings_of(found, made.NETWORK)
    assert torch.equal(STATE[made.FIRST], state[made.FIRST])
    fewer = {name: value for name, value in parts.items() if not name.startswith("layer3")}
    torch.save(fewer, tmp_path / "fewer.pth")
    with pytest.raises(WeightsError, match="does not fit"):
        load(tmp_path / "fewer.pth")


def _parameters():
    return [nn.Parameter(each.detach().clone()) for each in backbones.build(made.NETWORK).parameters()]


def test_batch_norm_without_statistics_is_only_partly_loaded(tmp_path):
    kept = {name: value for name, value in STATE.items() if "running" not in name}
    torch.save(kept, tmp_path / "weights.pth")
    found = load(tmp_path / "weights.pth")[1]
    assert 1 == found.share
    assert "running_mean" in warnings_of(found, made.NETWORK)["partly-loaded"]


def test_a_file_without_its_first_layer_is_refused(tmp_path):
    torch.save({name: value for name, value in STATE.items() if name != made.FIRST}, tmp_path / "headless.pth")
    with pytest.raises(
        WeightsError, match=r"99\.\d% of the parameters, but not the first layer; it lacks conv1\.0\.weight"
    ):
        load(tmp_path / "headless.pth")


def test_weights_that_are_not_finite_are_refused(tmp_path):
    torch.save(STATE | {made.FIRST: STATE[made.FIRST] * float("nan")}, tmp_path / "nan.pth")
    with pytest.raises(WeightsError, match=r"conv1\.0\.weight holds values that are not finite"):
        load(tmp_path / "nan.pth")


def test_half_precision_is_loaded_as_single(tmp_path):
    half = {name: value.half() if value.is_floating_point() else value for name, value in STATE.items()}
    safetensors.torch.save_file(half, tmp_path / "half.safetensors")
    state = load(tmp_path / "half.safetensors")[0]
    assert torch.float32 == state[made.FIRST].dtype
    assert torch.equal(STATE[made.FIRST].half().float(), state[made.FIRST])


SENTINEL = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")


def test_a_first_layer_of_13_bands_is_picked_from_by_name(tmp_path):
    thirteen, path = made.thirteen_bands(tmp_path)
    state = load(path, channels=SENTINEL, bands=("B4", "B3", "B2"))[0]
    assert torch.equal(thirteen[made.FIRST][:, [3, 2, 1]], state[made.FIRST])
    rest = [name for name in state if name != made.FIRST]
    assert all(torch.equal(thirteen[name], state[name]) for name in rest)


def test_a_transformer_of_13_bands_is_loaded_exactly_but_for_its_patches(tmp_path):
    thirteen, path = made.thirteen_bands(tmp_path, made.TRANSFORMER)
    with pytest.raises(WeightsError, match="the first layer takes 13 channels"):
        load(path, network=made.TRANSFORMER)
    state, found = load(path, network=made.TRANSFORMER, channels=SENTINEL, bands=("B4", "B3", "B2"))
    assert torch.equal(thirteen[made.PATCHES][:, [3, 2, 1]], state[made.PATCHES])
    assert same(thirteen | {made.PATCHES: 0 * state[made.PATCHES]}, state | {made.PATCHES: 0 * state[made.PATCHES]})
    assert (1, ()) == (found.share, found.missing)


def test_positions_of_another_grid_are_interpolated(tmp_path):
    """On 10 x 10 patches the position of each row's number stays linear in it, whatever the grid it comes from."""
    state = made.state_of(made.TRANSFORMER)
    width = state["pos_embed"].shape[2]
    ramp = torch.arange(20.0).repeat_interleave(20)[None, :, None].expand(1, 400, width)
    state["pos_embed"] = torch.cat([torch.full((1, 1, width), -7.0), ramp], dim=1)
    torch.save(state, tmp_path / "larger.pth")
    found = load(tmp_path / "larger.pth", network=made.TRANSFORMER)
    positions = found[0]["pos_embed"]
    assert (1, 101, width) == positions.shape
    assert (positions[:, 0] == -7).all()
    inner = positions[0, 1:, 0].reshape(10, 10)[2:8]
    assert torch.allclose(inner, (2 * torch.arange(2.0, 8.0) + 0.5)[:, None].expand(6, 10), atol=1e-3)
    assert found[1].whole


def test_a_mean_over_the_bands_answers_equal_bands_as_the_first_layer_did(tmp_path):
    thirteen, path = made.thirteen_bands(tmp_path)
    first = load(path, bands="mean")[0][made.FIRST]
    assert torch.allclose(thirteen[made.FIRST].sum(dim=1), first.sum(dim=1), atol=1e-5)
    assert torch.equal(first[:, 0], first[:, 2])


def test_a_band_that_the_file_lacks_may_take_the_mean(tmp_path):
    torch.save(STATE, tmp_path / "rgb.pth")
    images = Bands(("red", "green", "blue", "nir"), "uint16")
    rule = {"channels": ("R", "G", "B"), "bands": ("R", "G", "B", "mean")}
    first = load(tmp_path / "rgb.pth", images, **rule)[0][made.FIRST]
    assert torch.equal(STATE[made.FIRST], first[:, :3])
    assert torch.equal(STATE[made.FIRST].mean(dim=1), first[:, 3])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {},
            r"takes 13 channels, the images have red, green, blue \(uint8\): state `channels: \[<13 names>\]` and `bands",
        ),
        ({"bands": ("B4", "B3", "B2")}, "bands names 'B4', which is no channel of the file: state `channels`"),
        ({"channels": SENTINEL, "bands": ("B4", "B3", "X")}, "bands names 'X'.*choose from B1, B2"),
        ({"channels": SENTINEL, "bands": ("B4",)}, "bands names 1, the images have red, green, blue"),
        ({"channels": ("B4", "B3"), "bands": "mean"}, "channels names 2, the first layer takes 13"),
    ],
)
def test_other_bands_without_a_rule_that_fits_are_refused(rule, message, tmp_path):
    _, path = made.thirteen_bands(tmp_path)
    with pytest.raises(WeightsError, match=message):
        load(path, **rule)


def test_a_network_cut_into_a_sequence_is_known_by_its_shapes(tmp_path):
    """As SeCo and lightly's benchmarks save ResNets: numbers in place of names."""
    torch.manual_seed(1)
    network = torchvision.models.resnet18()
    cut = nn.Sequential(*list(network.children())[:-1])
    torch.save(
        {"state_dict": {f"encoder_q.{name}": each for name, each in cut.state_dict().items()}}, tmp_path / "s.ckpt"
    )
    state, found = load(tmp_path / "s.ckpt", network="resnet18")
    assert "state_dict.encoder_q" == found.where
    assert all(torch.equal(network.state_dict()[name], value) for name, value in state.items())


def test_a_swin_of_timm_is_known_to_torchvisions_by_its_names():
    ours = backbones.outline("swin_t")
    state = swin_to_timm(dict(ours.state_dict()))
    found = fit(Checkpoint(Path("swin.pth"), "torch", {"model": state}), ours)
    assert (1, ()) == (found.share, found.missing)
    assert "layers.1.downsample.reduction.weight" == found.taken["features.2.reduction.weight"]


def test_a_module_that_was_pickled_whole_gives_its_weights(tmp_path):
    torch.manual_seed(1)
    network = torchvision.models.squeezenet1_1()
    torch.save({"model": network}, tmp_path / "whole.pth")
    state, found = load(tmp_path / "whole.pth", network="squeezenet1_1")
    assert all(torch.equal(network.state_dict()[name], value) for name, value in state.items())
    assert ("model", ()) == (found.where, found.also)


@pytest.mark.real
def test_the_published_squeezenet_file_loads_by_itself(real_data):
    path = real_data / "weights" / "squeezenet1_1_imagenet.pth"
    state, found = load(path, network="squeezenet1_1")
    assert "classifier" in {name.partition(".")[0] for name in found.left}
    assert torch.equal(open_checkpoint(path).content["features.0.weight"], state["features.0.weight"])
