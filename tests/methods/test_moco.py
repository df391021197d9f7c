"""MoCo's loss, queue and views with heads whose output is known."""

import math

import numpy as np
import pytest
import torch

from bench import backbones
from bench.pretraining.method import Batch, Length
from methods.moco import MoCo, queue_constant
from methods.options.contrastive import MoCoOptions


def build(corpus, **options) -> MoCo:
    torch.manual_seed(0)
    values = MoCoOptions.model_validate({"batch": 4, "size": 32, "queue": 8, "dim": 4, "version": 1, **options})
    return MoCo(backbones.build("squeezenet1_1"), values, corpus, Length(10, 5)).train()


def batch_of(corpus) -> Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(4))).permute(0, 3, 1, 2)
    return Batch(images, None, torch.Generator().manual_seed(1))


def fix_output(head, vector) -> None:
    """Let a linear head give this vector for every image."""
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor(vector))


@pytest.mark.parametrize(("temperature", "used"), [(None, 0.07), (0.5, 0.5)])
def test_the_loss_of_known_queries_keys_and_queue_by_hand(corpus, temperature, used):
    """The key is at cosine 0.6 of the query, four of the queue at 1 and four at 0; lengths do not matter."""
    model = build(corpus, temperature=temperature)
    fix_output(model.head, [2.0, 0.0, 0.0, 0.0])
    fix_output(model.teacher_head, [0.6, 0.8, 0.0, 0.0])
    model.loss.memory_bank.bank.copy_(torch.eye(4)[[0, 0, 0, 0, 2, 2, 3, 3]])
    positive = math.exp(0.6 / used)
    expected = -math.log(positive / (positive + 4 * math.exp(1 / used) + 4))
    assert expected == pytest.approx(model(batch_of(corpus))["contrast"].item(), rel=1e-5)


def test_the_keys_of_a_step_are_the_negatives_of_the_next(corpus):
    model = build(corpus, queue=8)
    fix_output(model.head, [1.0, 0.0, 0.0, 0.0])
    fix_output(model.teacher_head, [0.0, 3.0, 0.0, 0.0])
    model(batch_of(corpus))
    assert torch.eye(4)[[1, 1, 1, 1]].tolist() == model.loss.memory_bank.bank[:4].tolist()


def test_query_and_key_are_of_two_views_of_the_same_tiles(corpus):
    model = build(corpus)
    seen = []
    for network in (model.backbone, model.teacher):
        network.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0].clone()))
    model(batch_of(corpus))
    query, key = seen
    assert (4, 3, 32, 32) == tuple(query.shape) == tuple(key.shape)
    # The parts are shuffled; no view of one is a view of the other.
    assert all((one - other).abs().max() > 0.1 for one in query for other in key)


def test_chance_is_one_of_all_keys():
    assert math.log(17) == queue_constant(16)


def test_the_optimiser_trains_backbone_and_head_and_not_the_teacher(corpus):
    model = build(corpus, weight_decay=0.125, lr=0.32)
    optimiser, scheduler = model.configure()
    trained = sum(len(group["params"]) for group in optimiser.param_groups)
    assert len([*model.backbone.parameters(), *model.head.parameters()]) == trained
    assert [0.125, 0.0] == [group["weight_decay"] for group in optimiser.param_groups]
    assert pytest.approx(0.32 * 4 / 256) == optimiser.param_groups[0]["lr"]
    optimiser.step()
    for _ in range(9):
        scheduler.step()
    assert pytest.approx(0.001 * 0.32 * 4 / 256) == optimiser.param_groups[0]["lr"]


def test_the_queue_and_its_place_are_buffers_that_move_with_the_model_and_stand_in_its_checkpoint(corpus):
    model = build(corpus)
    assert {"loss.memory_bank.bank", "loss.memory_bank.bank_ptr"} <= model.state_dict().keys()
    assert torch.float64 == model.double().loss.memory_bank.bank.dtype
