"""Earlier layers of a transformer have lower rates; a backbone that numbers no layers has one."""

import pytest
import torch

from bench import backbones
from bench.backbones.normalisation import IMAGENET
from tasks.cls import LinearClassifier
from tasks.mm import PretrainedBackbone
from tasks.protocol_parts import Optimiser
from tasks.protocols import load_protocol
from tasks.task import Start
from tasks.training import parameter_groups


def classifier(name):
    torch.manual_seed(0)
    start = Start(name, dict(backbones.build(name).state_dict()), IMAGENET)
    return LinearClassifier(PretrainedBackbone(start), 5, torch.nn.Identity())


def rates(model, groups):
    """The rate of each parameter by its name."""
    of = {id(weight): group["lr"] for group in groups for weight in group["params"]}
    return {name: of[id(weight)] for name, weight in model.named_parameters()}


def test_a_rate_is_multiplied_once_more_for_every_layer_before_the_last():
    """As in BEiT and MAE. Six blocks: the head and the last norm have the full rate, block 5 a half of it, patches a 2^-7."""
    model = classifier("timm:test_vit")
    found = rates(model, parameter_groups(model, 0.1, head=10, layer_decay=0.5))
    assert pytest.approx(1.0) == found["linear.weight"]
    net = "backbone.net.network."
    assert pytest.approx(0.1) == found[net + "norm.weight"]
    assert pytest.approx(0.05) == found[net + "blocks.5.attn.qkv.weight"]
    assert pytest.approx(0.1 / 64) == found[net + "blocks.0.mlp.fc1.bias"]
    for name in ("patch_embed.proj.weight", "cls_token", "pos_embed"):
        assert pytest.approx(0.1 / 128) == found[net + name]


def test_a_backbone_without_numbered_layers_has_one_rate_and_every_parameter_is_trained_once():
    for name, decay in (("timm:test_resnet", 0.5), ("timm:test_vit", None), ("timm:test_vit", 0.5)):
        model = classifier(name)
        groups = parameter_groups(model, 0.1, layer_decay=decay)
        assert len(list(model.parameters())) == len({id(each) for group in groups for each in group["params"]})
        assert (9 if (name, decay) == ("timm:test_vit", 0.5) else 1) == len(groups)


def test_a_protocol_without_it_keeps_its_hash_and_one_with_it_has_another():
    base = load_protocol("demo/scenes")
    assert "layer_decay" not in base.model_dump()["optimiser"]
    other = base.model_copy(update={"optimiser": base.optimiser.model_copy(update={"layer_decay": 0.75})})
    assert base.hash != other.hash
    with pytest.raises(ValueError, match="less than or equal to 1"):
        Optimiser(name="AdamW", lr=0.1, layer_decay=1.5)
