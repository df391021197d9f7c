"""A plain transformer of timm is a backbone: one map, a vector as timm's classifier reads it, and timm's weights."""

import pytest
import safetensors.torch
import timm
import torch
from torch.nn import functional

from bench import backbones
from bench.backbones import Maps, weights
from bench.backbones.export import export
from bench.backbones.initial import load_initial
from bench.backbones.normalisation import UNIT
from bench.backbones.weights import Weights
from methods.teacher import teacher_of

# A class token; a register token and the mean; attention pooling; a token for distillation.
NETWORKS = ["test_vit", "test_vit2", "test_vit3", "deit_tiny_distilled_patch16_224"]


def random_network(name: str, **arguments) -> torch.nn.Module:
    torch.manual_seed(0)
    network = timm.create_model(name, **arguments).eval()
    for token in ("cls_token", "reg_token", "dist_token"):  # timm starts some at nearly zero
        if getattr(network, token, None) is not None:
            torch.nn.init.normal_(getattr(network, token))
    return network


@pytest.mark.parametrize("name", NETWORKS)
def test_a_whole_checkpoint_of_timm_gives_the_map_and_the_vector_that_timm_computes(name, tmp_path):
    """At timm's own size, and at one that needs positions in between, without class and register tokens in the map."""
    full = random_network(name, dynamic_img_size=True)
    path = tmp_path / "checkpoint.safetensors"
    safetensors.torch.save_file(full.state_dict(), path)
    backbone = backbones.build(f"timm:{name}").eval()
    load_initial(backbone, str(path))
    for size in ((160, 160), (64, 96)):
        images = torch.rand(2, 3, *size)
        with torch.no_grad():
            tokens = full.forward_features(images)
            (only,) = backbone(images)
            again, pooling = backbone.map_and_pooling(images)
            vector = pooling()
            assert torch.equal(full.forward_head(tokens, pre_logits=True), vector)
            assert torch.equal(vector, backbone.pooled(images))
        assert (2, backbone.channels[0], size[0] // 16, size[1] // 16) == only.shape
        assert torch.equal(tokens[:, full.num_prefix_tokens :], only.flatten(2).transpose(1, 2))
        assert torch.equal(again, only)


def test_what_is_read_from_a_network_is_its_class_token_or_the_normed_mean_of_its_patches():
    token = backbones.build("timm:test_vit").eval()
    mean = backbones.build("timm:test_vit2").eval()
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(token.network.forward_features(images)[:, 0], token.pooled(images))
        expected = mean.network.fc_norm(mean(images)[-1].mean(dim=(2, 3)))
        assert torch.allclose(expected, mean.pooled(images), atol=1e-6)
    assert ["token", "avg"] == [each.spec.transformer.pooling for each in (token, mean)]


def test_a_size_that_patches_do_not_tile_is_enlarged_to_the_next_that_they_do():
    backbone = backbones.build("timm:test_vit").eval()
    images = torch.rand(1, 3, 50, 64)
    with torch.no_grad():
        (found,) = backbone(images)
        assert torch.equal(backbone(functional.interpolate(images, (64, 64), mode="bilinear"))[0], found)
    assert (4, 4) == found.shape[2:]


@pytest.mark.parametrize("name", ["test_vit", "test_vit3"])
def test_a_transformer_is_restored_with_its_bands_its_copy_is_its_own_and_its_export_is_timms(name, tmp_path):
    torch.manual_seed(1)
    backbone = backbones.build(f"timm:{name}", 4).eval()
    state = backbone.state_dict()
    restored = weights.restore(f"timm:{name}", state, "a test").eval()
    assert (4, "patch_embed.proj.weight") == (restored.bands, restored.first_weight)
    teacher, images = teacher_of(restored), torch.rand(1, 4, 64, 64)
    with torch.no_grad():
        restored.load_state_dict({key: torch.zeros_like(value) for key, value in state.items()})
        assert torch.equal(backbone.pooled(images), teacher.pooled(images))
    path = export(Weights(state, UNIT), backbone.name, "timm", tmp_path / "weights")
    missing, unexpected = timm.create_model(name, in_chans=4).load_state_dict(
        safetensors.torch.load_file(path), strict=False
    )
    assert (set(backbone.spec.left_out), []) == (set(missing), unexpected)


@pytest.mark.parametrize(
    ("name", "patch", "depth", "pooling", "maskable"),
    [
        ("vit_small_patch14_reg4_dinov2", 14, 12, "token", True),
        ("vit_small_patch16_dinov3", 16, 12, "avg", False),
        ("deit_tiny_distilled_patch16_224", 16, 12, "token", False),
    ],
)
def test_a_spec_says_what_a_transformer_is_made_of(name, patch, depth, pooling, maskable):
    spec = backbones.get(f"timm:{name}")
    made = spec.transformer
    assert (patch, depth, pooling, maskable) == (made.patch, made.depth, made.pooling, made.maskable)
    assert ((patch,), False) == (spec.strides, spec.batch_norm)


def test_heads_are_offered_four_strides_of_a_transformer_and_the_own_maps_of_all_others():
    assert Maps((64,) * 4, (4, 8, 16, 32)) == backbones.get("timm:test_vit").maps
    assert Maps((256,) * 4, (4, 8, 16, 32)) == backbones.get("timm:vit_small_patch14_dinov2").maps
    resnet = backbones.get("resnet18")
    assert Maps(resnet.channels, resnet.strides) == resnet.maps


def test_layers_are_counted_from_the_patch_embedding_to_the_last_norm():
    backbone = backbones.build("timm:test_vit")
    found = {name: backbone.layer_of(name) for name, _ in backbone.named_parameters()}
    assert 8 == backbone.layers
    assert {0, 1, 2, 3, 4, 5, 6, 7} == set(found.values())
    assert [0, 0, 0] == [found[f"network.{name}"] for name in ("cls_token", "pos_embed", "patch_embed.proj.weight")]
    assert [1, 6, 7] == [
        found[f"network.{name}"] for name in ("blocks.0.attn.qkv.weight", "blocks.5.norm1.bias", "norm.weight")
    ]
    assert 1 == backbones.build("timm:test_resnet").layers
