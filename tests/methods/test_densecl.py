"""DenseCL: which positions are matched, and its losses with their shares."""

import math

import numpy as np
import pytest
import torch

from bench import backbones
from bench.core.errors import StudyError
from bench.pretraining.method import Batch, Length
from methods.densecl import DenseCL
from methods.options.densecl import DenseCLOptions


def build(corpus, **options) -> DenseCL:
    torch.manual_seed(0)
    small = {"batch": 4, "size": 64, "hidden": 8, "dim": 8, "queue": 16}
    values = DenseCLOptions.model_validate({**small, **options})
    return DenseCL(backbones.build("timm:test_resnet"), values, corpus, Length(10, 5)).train()


def batch_of(corpus) -> Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(4))).permute(0, 3, 1, 2)
    return Batch(images, None, torch.Generator().manual_seed(1))


class Kept(torch.nn.Module):
    """Keeps what a loss is given."""

    def forward(self, query, key):
        self.given = query.detach(), key.detach()
        return query.sum()


def test_each_position_is_held_to_the_key_of_the_most_similar_position_of_its_own_tile(corpus):
    """Four positions of each of four tiles; the match is by the cosine of the backbones' features."""
    model = build(corpus)
    model.losses = torch.nn.ModuleList([Kept(), Kept()])
    maps = []
    for network in (model.backbone, model.teacher):
        network.register_forward_hook(lambda _module, _inputs, output: maps.append(output[-1].detach()))
    model(batch_of(corpus))
    features, others = maps
    query, key = model.losses[1].given
    assert (16, 8) == tuple(query.shape) == tuple(key.shape)
    # One part of four tiles is shuffled as the generator says, after two views were drawn; found again by the tile's key.
    projected = model.teacher_heads[0](others.mean(dim=(2, 3)))
    for tile, tile_key in enumerate(model.losses[0].given[1]):
        other = int((projected - tile_key).abs().sum(dim=1).argmin())
        mine, theirs = (each.flatten(1).T for each in (features[tile], others[other]))
        match = torch.nn.functional.cosine_similarity(mine[:, None], theirs[None], dim=2).argmax(dim=1)
        torch.testing.assert_close(model.teacher_heads[1](theirs[match]), key[4 * tile : 4 * tile + 4])


def test_the_two_losses_have_their_shares_and_chance_is_that_of_a_queue_of_equal_keys(corpus):
    model = build(corpus, dense=0.25)
    assert {
        "tile": pytest.approx(0.75 * math.log(17)),
        "place": pytest.approx(0.25 * math.log(17)),
    } == model.constant_losses()
    assert {"tile"} == build(corpus, dense=0).constant_losses().keys()
    for loss in model.losses:
        loss.memory_bank.bank.fill_(8**-0.5)
        same = torch.ones(4, 8)
        assert pytest.approx(math.log(17)) == loss(same, same).item()


def test_the_heads_and_their_teachers_start_alike_and_move_exactly(corpus):
    """From 8 at momentum 3/4 towards 0: 6, 4.5."""
    model = build(corpus, momentum=0.75)
    pairs = ((model.backbone, model.teacher), (model.heads, model.teacher_heads))
    for network, teacher in pairs:
        assert all(map(torch.equal, network.parameters(), teacher.parameters()))
    with torch.no_grad():
        for network, teacher in pairs:
            for value, each in ((0.0, network), (8.0, teacher)):
                for weight in each.parameters():
                    weight.fill_(value)
    for expected in (6.0, 4.5):
        model.after_step(1)
        assert all((weight == expected).all() for _, teacher in pairs for weight in teacher.parameters())


def test_a_queue_larger_than_the_corpus_is_refused(corpus):
    with pytest.raises(StudyError, match=r"densecl: option queue=97 .*\(96 tiles\)"):
        DenseCLOptions(batch=8, queue=97).check(corpus)
