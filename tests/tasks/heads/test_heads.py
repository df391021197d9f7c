"""A protocol names a head, its options are checked before anything runs, and the head of old enters no hash."""

import re
from pathlib import Path

import pytest
import torch
import yaml

import tasks
from bench import backbones
from bench.core.errors import StudyError
from tasks import heads
from tasks.protocols import Protocol, load_protocol


def _protocol(name="demo/city", **network):
    return load_protocol(name).model_copy(update={"network": network})


def _head(name="demo/city", **network):
    protocol = _protocol(name, **network)
    return tasks.get(protocol.task).head_of(protocol)


@pytest.mark.parametrize(
    ("name", "head"), [("demo/city", "fcn"), ("demo/change", "fcn"), ("demo/objects", "centernet")]
)
def test_the_head_of_old_stands_where_none_is_named_and_its_name_enters_no_hash(name, head):
    before = load_protocol(name)
    assert head == tasks.get(before.task).head_of(before).spec.name
    assert before.hash == before.model_copy(update={"network": {"head": head, **before.network}}).hash


def test_another_head_and_each_of_its_options_enter_the_hash():
    networks = [{}, {"head": "upernet"}, {"head": "fpn"}, {"head": "upernet", "channels": 64}]
    assert 4 == len({_protocol(**network).hash for network in networks})


@pytest.mark.parametrize(
    ("name", "network", "said"),
    [
        (
            "demo/city",
            {"head": "upernett"},
            "network.head: unknown head 'upernett'; did you mean upernet? (bench heads lists them)",
        ),
        (
            "demo/city",
            {"head": "centernet"},
            "centernet gives boxes, task seg takes pixels: choose from fcn, fpn, upernet",
        ),
        ("demo/objects", {"head": "fcn"}, "fcn gives pixels, task det takes boxes: choose from centernet, faster-rcnn"),
        ("demo/city", {"head": "upernet", "chanels": 3}, "network: unknown key 'chanels'; did you mean channels?"),
        ("demo/city", {"head": "upernet", "channels": 0}, "network: channels: Input should be greater than 0, got 0"),
        ("demo/city", {"channels": [8], "depth": 2}, "network: unknown key 'depth'"),
    ],
)
def test_a_head_that_does_not_fit_is_refused_in_one_line(name, network, said):
    protocol = _protocol(name, **network)
    with pytest.raises(StudyError) as caught:
        tasks.get(protocol.task).check(protocol)
    assert f"protocol {name}: " in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "network", "backbone", "said"),
    [
        ("demo/city", {"channels": [8], "level": 4}, "resnet18", "network.level is 4, the backbone has 4 maps"),
        ("demo/city", {"channels": [8]}, "resnet18", "stride 32 takes 5 doublings, network.channels has 1"),
        ("demo/city", {"head": "linear", "levels": [0, 7]}, "resnet18", "network.levels names 7"),
        ("demo/objects", {"channels": [8]}, "resnet18", "stride 32 takes 3 doublings, network.channels has 1"),
        ("demo/objects", {"head": "retinanet-fpn", "finest": 64}, "resnet18", "anchors need maps of stride 64"),
    ],
)
def test_a_backbone_that_a_head_cannot_stand_on_is_refused_before_anything_runs(name, network, backbone, said):
    protocol = _protocol(name, **network)
    with pytest.raises(StudyError, match=f"protocol {name}: backbone {backbone}: ") as caught:
        tasks.get(protocol.task).check_backbone(protocol, backbones.get(backbone))
    assert said in str(caught.value)


@pytest.mark.parametrize("backbone", backbones.registry.all())
@pytest.mark.parametrize("head", [spec for spec in heads.registry.all().values() if not spec.name.startswith("mm")])
def test_every_head_stands_on_every_backbone_with_its_own_options(head, backbone):
    assert head.options().misfit(backbones.get(backbone).maps) is None


def test_a_protocol_that_names_another_head_takes_no_option_of_the_one_it_extends(tmp_path):
    file = tmp_path / "mine.yaml"
    said = {
        "extends": "demo/city",
        "id": "mine",
        "network": {"head": "fpn", "channels": 8},
        "sources": {"network": "ours"},
    }
    file.write_text(yaml.safe_dump(said))
    assert {"head": "fpn", "channels": 8} == load_protocol(str(file)).network
    file.write_text(yaml.safe_dump(said | {"network": {"level": 2}, "id": "mine"}))
    load_protocol.cache_clear()
    assert {**load_protocol("demo/city").network, "level": 2} == load_protocol(str(file)).network


def test_the_losses_of_a_constant_answer_are_counted_as_often_as_the_head_counts_them():
    """UPerNet's auxiliary head learns the same labels, with a weight of 0.4; what a config's losses are, nobody knows."""
    assert (1.0, 1.4, 1.0) == (
        _head(channels=[8]).options.entropies,
        _head(head="upernet").options.entropies,
        _head(head="upernet", auxiliary=0).options.entropies,
    )


def test_a_task_of_another_package_may_take_no_head():
    with pytest.raises(StudyError, match="task cls takes no head"):
        tasks.get("cls").head_of(load_protocol("demo/scenes"))


def test_a_protocol_with_a_head_survives_the_way_to_a_worker():
    protocol = _protocol(mmseg={"decode_head": {"type": "FCNHead", "channels": 8}})
    assert protocol.hash == Protocol.model_validate(protocol.model_dump(mode="json")).hash


def test_the_guides_example_of_a_head_is_built_and_answers_for_pixels():
    from tasks import seg

    assert seg  # provides the operators that mmseg asks for
    guide = (Path(__file__).parents[3] / "docs" / "extending.md").read_text()
    layers, spec = re.search(r"## A head\n.*?```python\n(.*?)```.*?```python\n(.*?)```", guide, re.DOTALL).groups()
    names = {}
    exec(layers + spec, names)
    chosen = names["two"].options(channels=8)
    parts = names["two_layers"](backbones.get("resnet18").maps, 3, chosen)
    assert [2] == parts.levels
    model = parts.build({"type": _OneMap}, None)
    assert (2, 3, 4, 4) == model(torch.zeros(2, 256, 4, 4), mode="tensor").shape


class _OneMap(torch.nn.Module):
    def __init__(self, out_indices):
        super().__init__()
        self.out_indices = out_indices

    def forward(self, one):
        return (one,)
