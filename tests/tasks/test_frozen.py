"""Features are computed again where something that they depend on differs, and only then."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

import tasks
from bench import backbones
from bench.backbones.normalisation import IMAGENET
from bench.core.bands import RGB
from bench.core.context import Context, Kept
from tasks.frozen import POOLINGS, Frozen, interpolated_map, whole_map
from tasks.prepared import Prepared
from tasks.protocols import load_protocol
from tasks.splits import Parts
from tasks.task import Start

BACKBONE = "timm:test_resnet"
PROTOCOL = load_protocol("demo/scenes-probe")


class Memory(dict):
    """A cache in memory, by the store's interface."""

    def put(self, key, shape, blocks, words):
        self[key] = Kept(np.concatenate(list(blocks)), words)
        assert shape == self[key].values.shape
        return self[key]

    def lock(self, key):
        return nullcontext(key)


@pytest.fixture(scope="module")
def data(generators, tmp_path_factory):
    path = tmp_path_factory.mktemp("sets") / "a"
    return Prepared.open(generators("multispectral").write_prepared(path, RGB, per_class=4))


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return dict(backbones.build(BACKBONE).state_dict())


@pytest.fixture
def compute(data, state, tmp_path):
    """A function that computes features into one memory, and says how many there are in it then."""
    memory = Memory()

    def computed(key="a", reading=POOLINGS["mean"], train=None, **changes):
        task = tasks.get("probe").load()(PROTOCOL.model_copy(update=changes), data)
        parts = task.parts()
        parts = Parts(parts.train if train is None else train, parts.val, parts.test)
        context = Context(torch.device("cpu"), tmp_path, 1, lambda *_: None, features=memory)
        found = Frozen(task, Start(BACKBONE, state, IMAGENET, None, key), context, parts, reading).features([1, 0])
        return len(memory), found

    return computed


def evaluation(**values):
    return type(PROTOCOL.evaluation)(**values)


def test_other_subsets_seeds_and_classifiers_take_what_there_is(compute):
    _, once = compute()
    for changes in ({"network": {"classifier": "knn", "neighbours": 5}, "selection": "last"}, {"draw": "random"}):
        count, again = compute(**changes)
        assert 1 == count
        assert np.array_equal(once, again)
    # Without statistics of the training part it does not matter which that is.
    assert 1 == compute(train=[0, 1, 2])[0]


@pytest.mark.parametrize(
    "other",
    [
        {"key": "b"},
        {"reading": POOLINGS["max"]},
        {"reading": POOLINGS["levels"]},
        {"reading": whole_map(1)},
        {"bn": "target"},
        {"evaluation": evaluation(size=64)},
        {"evaluation": evaluation(statistics="data")},
    ],
)
def test_what_features_depend_on_computes_them_anew(compute, other):
    compute()
    assert 2 == compute(**other)[0]
    assert 2 == compute()[0]


def test_statistics_of_the_training_part_belong_to_that_part(compute):
    _, once = compute(bn="target")
    count, other = compute(bn="target", train=[0, 1, 2])
    assert 2 == count
    assert not np.allclose(once, other)
    assert 2 == compute(bn="target", train=[2, 1, 0])[0]


def test_weights_without_a_key_are_not_kept(compute):
    assert 0 == compute(key=None)[0]


def test_a_transformer_is_read_as_its_classifier_reads_it_and_its_map_at_any_stride():
    """The class token in place of the mean; half-way places get the mean of their neighbours."""
    torch.manual_seed(0)
    network, images = backbones.build("timm:test_vit").eval(), torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        own = network(images)[-1]
        assert torch.equal(network.network.forward_features(images)[:, 0], POOLINGS["mean"].read(network, images))
        assert torch.allclose(own.mean(dim=(2, 3)), POOLINGS["levels"].read(network, images), atol=1e-6)
        fine = interpolated_map(8).read(network, images)
        coarse = interpolated_map(32).read(network, images)
    assert ((2, 8, 12, 64), (2, 2, 3, 64)) == (fine.shape, coarse.shape)
    # Two places of stride 8 lie in one of 16, a quarter of the way to its neighbours.
    first, second = own[:, :, 0, 0], own[:, :, 0, 1]
    assert torch.allclose(0.75 * first + 0.25 * second, fine[:, 0, 1], atol=1e-5)
