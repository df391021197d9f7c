"""The FLOPs of a method are those that a hand counts, and counting them leaves no trace."""

import json

import pytest
import torch

import methods
from bench.core.errors import DataError
from bench.pretraining import flops


def convolution(channels, filters, kernel, side):
    """Multiplications and additions of a convolution with square kernel and output."""
    return 2 * channels * filters * kernel**2 * side**2


def resnet18_by_hand():
    """ResNet-18 on 64 px: the first convolution, and all the others (He et al., CVPR 2016, table 1)."""
    first = convolution(3, 64, 7, 32)
    others = 4 * convolution(64, 64, 3, 16)
    for channels, side in ((64, 8), (128, 4), (256, 2)):
        others += convolution(channels, 2 * channels, 3, side) + 3 * convolution(2 * channels, 2 * channels, 3, side)
        others += convolution(channels, 2 * channels, 1, side)
    return first, others


def options_of(name, **values):
    return methods.get(name).options.model_validate({**methods.get(name).defaults, "size": 64, **values})


def test_mocos_flops_are_those_counted_by_hand(corpus):
    """A query and a key; the key, the queue and the image ask for no gradient. Blur off: it is a convolution too."""
    queue, dim = 4096, 128
    first, others = resnet18_by_hand()
    head, contrast = 2 * (512 * 512 + 512 * dim), 2 * dim * (queue + 1)
    forward = 2 * (first + others + head) + contrast
    backward = first + 2 * (others + head) + contrast
    found = flops.measure(methods.get("moco"), options_of("moco", queue=queue, blur=0), "resnet18", corpus)
    assert pytest.approx(forward, rel=0.02) == found.forward
    assert pytest.approx(forward + backward, rel=0.02) == found.step


def test_geokr_without_its_teachers_loss_computes_half_of_the_forwards(corpus):
    measured = [
        flops.measure(methods.get("geokr"), options_of("geokr", consistency=form), "resnet18", corpus)
        for form in ("paper", "none")
    ]
    assert measured[0].forward == 2 * measured[1].forward
    assert measured[0].step - measured[1].step == measured[1].forward


def test_the_flops_of_a_tile_are_those_of_a_larger_batch(corpus):
    """SimCLR's loss grows with the square of its batch, and a blur with its draw: both are under 0.2% here."""
    spec, options = methods.get("simclr"), options_of("simclr")
    few, many = (flops.measure(spec, options, "resnet18", corpus, tiles) for tiles in (4, 12))
    assert pytest.approx(few.forward, rel=2e-3) == many.forward
    assert pytest.approx(few.step, rel=2e-3) == many.step


def test_counting_draws_nothing_of_the_callers_and_is_kept(corpus, tmp_path):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    arguments = (methods.get("moco"), options_of("moco", queue=64, size=32), "squeezenet1_1", corpus, tmp_path)
    found = flops.count(*arguments)
    assert torch.equal(before, torch.get_rng_state())
    (kept,) = (tmp_path / "flops").iterdir()
    assert {"forward": found.forward, "step": found.step} == json.loads(kept.read_text())
    kept.write_text('{"forward": 1.0, "step": 2.0}')
    assert flops.Flops(forward=1.0, step=2.0) == flops.count(*arguments)
    kept.write_text('{"forward": 1.0}')
    with pytest.raises(DataError, match="holds no FLOPs, delete it: step: Field required"):
        flops.count(*arguments)


def test_only_what_changes_a_tiles_cost_is_counted_anew(corpus, tmp_path):
    kept = tmp_path / "flops"
    for more in ({}, {"epochs": 7}, {"batch": 9, "precision": "bf16", "init": "imagenet"}):
        flops.count(methods.get("geokr"), options_of("geokr", size=32, **more), "squeezenet1_1", corpus, tmp_path)
    assert 1 == len(list(kept.iterdir()))
    flops.count(methods.get("geokr"), options_of("geokr", size=48), "squeezenet1_1", corpus, tmp_path)
    assert 2 == len(list(kept.iterdir()))
