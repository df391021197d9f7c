"""Every backbone is torchvision's network of the same name with its classifier left out."""

import pytest
import torch
import torchvision

from bench import backbones
from bench.backbones import weights
from bench.backbones.pyramid import Backbone
from bench.core.errors import StudyError
from bench.pretraining.batch_norm import has_batch_norm

NAMES = list(backbones.registry.all())
OF_TORCHVISION = [name for name in NAMES if backbones.get(name).library == "torch"]


@pytest.mark.parametrize("name", NAMES)
def test_feature_maps_have_the_promised_channels_and_strides(name):
    with torch.device("meta"):
        backbone = backbones.build(name).eval()
        maps = backbone(torch.rand(1, 3, 96, 128))
    assert len(maps) == len(backbone.channels) == len(backbone.strides)
    for feature_map, channels, stride in zip(maps, backbone.channels, backbone.strides, strict=True):
        assert feature_map.shape[:2] == (1, channels)
        for side, length in zip((96, 128), feature_map.shape[2:], strict=True):
            # SqueezeNet's stem has no padding, which may cost a map one pixel.
            assert 0 <= side // stride - length <= (1 if name == "squeezenet1_1" else 0)


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("name", [*NAMES, "timm:vgg11", "timm:convnext_atto", "timm:swin_tiny_patch4_window7_224"])
def test_the_finest_maps_alone_are_what_they_are_among_all(name, count):
    torch.manual_seed(0)
    backbone = backbones.build(name).eval()
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        some, everything = backbone.finest(images, count), backbone(images)
    assert count == len(some)
    assert all(torch.equal(one, other) for one, other in zip(some, everything, strict=False))


def test_a_backbone_of_another_package_that_only_maps_images_gives_its_finest_maps():
    class Halving(Backbone):
        def forward(self, images):
            return images[..., ::2, ::2], images[..., ::4, ::4]

    images = torch.rand(1, 3, 8, 8)
    (found,) = Halving().finest(images, 1)
    assert torch.equal(images[..., ::2, ::2], found)


@pytest.mark.parametrize("name", [*OF_TORCHVISION, "timm:test_resnet"])
def test_layers_after_the_last_map_that_is_asked_for_are_not_run(name):
    with torch.device("meta"):
        backbone = backbones.build(name).eval()
        leaves = [module for module in backbone.modules() if not list(module.children())]
        run: list[torch.nn.Module] = []
        for module in leaves:
            module.register_forward_hook(lambda module, *_: run.append(module))
        counts = []
        for count in range(1, len(backbone.channels) + 1):
            run.clear()
            backbone.finest(torch.rand(1, 3, 64, 64), count)
            counts.append(len(run))
    assert sorted(set(counts)) == counts


@pytest.mark.parametrize("name", [*NAMES, *backbones.features.all(), "timm:convnext_atto"])
def test_a_backbone_has_batch_norm_where_its_entry_says_so(name):
    with torch.device("meta"):
        assert has_batch_norm(backbones.build(name)) == backbones.get(name).batch_norm


@pytest.mark.parametrize("name", OF_TORCHVISION)
def test_the_state_dict_is_torchvisions_without_the_classifier(name):
    with torch.device("meta"):
        backbone = backbones.build(name)
        full = torchvision.models.get_model(name).state_dict()
    left_out = {key for key in full if key.startswith(backbone.spec.left_out)}
    assert left_out
    assert full.keys() - left_out == backbone.state_dict().keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_backbone_is_restored_from_its_weights_without_a_draw(name):
    torch.manual_seed(0)
    backbone = backbones.build(name).eval()
    state = backbone.state_dict()
    before = torch.get_rng_state()
    restored = weights.restore(name, state, "a test").eval()
    assert torch.equal(torch.get_rng_state(), before)
    assert restored.name == name
    assert all(parameter.requires_grad for parameter in restored.parameters())
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for ours, theirs in zip(restored(images), backbone(images), strict=True):
            assert torch.equal(ours, theirs)
        next(restored.parameters()).zero_()
    assert next(backbone.parameters()).any(), "the weights are a copy"


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "swin_t"])
def test_the_last_feature_map_is_what_torchvisions_classifier_sees(name):
    """The same weights give the same features: captured from the full model where its classifier begins."""
    torch.manual_seed(0)
    full = torchvision.models.get_model(name).eval()
    backbone = backbones.build(name).eval()
    backbone.load_state_dict({k: v for k, v in full.state_dict().items() if not k.startswith(backbone.spec.left_out)})
    images = torch.rand(1, 3, 64, 64)
    seen = []
    before = {"resnet18": "avgpool", "squeezenet1_1": "classifier", "swin_t": "permute"}[name]
    full.get_submodule(before).register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        full(images)
        last = backbone(images)[-1]
    expected = seen[0].permute(0, 3, 1, 2) if name == "swin_t" else seen[0]
    assert torch.allclose(expected, last, atol=1e-5)


def test_the_last_feature_map_of_vgg16_is_that_of_its_features():
    backbone = backbones.build("vgg16").eval()
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(backbone.features(images), backbone(images)[-1])


@pytest.mark.parametrize("name", NAMES)
def test_the_stem_is_where_the_backbone_says(name):
    with torch.device("meta"):
        backbone = backbones.build(name).eval()
    seen = []
    stem = backbone.spec.stem
    backbone.get_submodule(stem.module).register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    backbone(torch.rand(1, 3, 64, 64, device="meta"))
    assert len(seen) == 1
    assert seen[0].shape[stem.axis] == stem.channels


def test_the_seed_decides_the_initialisation():
    def first_weight(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return next(backbones.build("squeezenet1_1").parameters())

    assert torch.equal(first_weight(1), first_weight(1))
    assert not torch.equal(first_weight(1), first_weight(2))


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(StudyError, match=r"unknown backbone 'resnet19'; did you mean resnet18\?"):
        backbones.build("resnet19")


@pytest.mark.parametrize("bands", [1, 4, 13])
@pytest.mark.parametrize("name", NAMES)
def test_the_first_layer_takes_the_asked_number_of_bands_and_the_rest_is_the_same(name, bands):
    backbone, usual = backbones.outline(name, bands), backbones.outline(name)
    assert (bands, 3) == (backbone.bands, usual.bands)
    maps = backbone.eval()(torch.rand(1, bands, 64, 64, device="meta"))
    assert [each.shape[1] for each in maps] == list(backbone.channels)
    shapes, usual_shapes = (
        {key: value.shape for key, value in each.state_dict().items()} for each in (backbone, usual)
    )
    assert shapes.keys() == usual_shapes.keys()
    assert {backbone.first_weight} == {key for key, shape in shapes.items() if shape != usual_shapes[key]}


@pytest.mark.parametrize("name", NAMES)
def test_a_first_layer_of_other_bands_is_drawn_as_wide_as_the_usual_one(name):
    """By the rule of its own library: its spread is the usual one, of the fan-in's for networks that follow the input."""
    torch.manual_seed(0)
    spread = {bands: _first(backbones.build(name, bands)).std().item() for bands in (3, 12)}
    expected = spread[3] / 2 if name in ("squeezenet1_1", "swin_t") else spread[3]
    assert expected == pytest.approx(spread[12], rel=0.05)


def _first(backbone) -> torch.Tensor:
    return backbone.state_dict()[backbone.first_weight]


@pytest.mark.parametrize("name", OF_TORCHVISION)
def test_three_bands_are_the_network_that_has_always_been_drawn(name):
    """The draws are those of torchvision's constructor, the classifier's included."""
    torch.manual_seed(7)
    backbone = backbones.build(name)
    after = torch.get_rng_state()
    torch.manual_seed(7)
    full = torchvision.models.get_model(name)
    assert torch.equal(torch.get_rng_state(), after)
    state = full.state_dict()
    for key, value in backbone.state_dict().items():
        assert torch.equal(state[key], value), key


@pytest.mark.parametrize("name", ["resnet18", "swin_t"])
def test_a_backbone_is_restored_with_as_many_bands_as_its_weights_have(name):
    restored = weights.restore(name, backbones.build(name, 5).state_dict(), "a test")
    assert restored.bands == 5
    restored.eval()(torch.rand(1, 5, 64, 64))
