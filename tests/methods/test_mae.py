"""MAE: which patches are seen, what is predicted of the others, and what that costs, by hand."""

import pytest
import safetensors.torch
import torch

import methods
from bench import backbones
from bench.core.errors import StudyError
from bench.pretraining.method import Batch, Length, Method
from methods.mae import draw_patches, pixels_of
from methods.options.patches import MAEOptions

NARROW = {"batch": 4, "size": 64, "precision": "fp32", "decoder_dim": 16, "decoder_depth": 1, "decoder_heads": 2}


def build(network="timm:test_vit", **options) -> Method:
    torch.manual_seed(0)
    values = MAEOptions.model_validate({**NARROW, **options})
    return methods.get("mae").load()(backbones.build(network), values, None, Length(10, 5))


def batch(seed=1, count=4) -> Batch:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 3, 64, 64), dtype=torch.uint8, generator=generator)
    return Batch(images, None, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("patches", "share", "seen"), [(196, 0.75, 49), (16, 0.75, 4), (10, 0.7, 3), (4, 0.9, 1)])
def test_a_quarter_of_the_patches_is_seen_and_the_others_are_masked(patches, share, seen):
    kept, masked = draw_patches(5, patches, share, torch.Generator().manual_seed(0))
    assert ((5, seen), (5, patches - seen)) == (kept.shape, masked.shape)
    assert (torch.cat((kept, masked), dim=1).sort(dim=1).values == torch.arange(patches)).all()
    assert len({tuple(each.sort().values.tolist()) for each in kept}) > 1


def test_a_patchs_pixels_are_told_less_its_mean_by_its_own_spread():
    """Patches of 2 x 2 of one band: 0, 2, 4, 6 has the mean 3 and the sample variance 20/3; a flat one has zeros."""
    image = torch.tensor([[[[0.0, 2.0, 5.0, 5.0], [4.0, 6.0, 5.0, 5.0]]]])
    image = torch.cat((image, image + 1), dim=2)
    spread = (20 / 3) ** 0.5
    found = pixels_of(image, 2, normalise=True)
    assert (1, 4, 4) == found.shape
    assert pytest.approx([-3 / spread, -1 / spread, 1 / spread, 3 / spread], rel=1e-5) == found[0, 0].tolist()
    assert [0.0] * 4 == found[0, 1].tolist()
    assert torch.allclose(found[0, 0], found[0, 2], atol=1e-5)
    assert [0.0, 2.0, 4.0, 6.0] == pixels_of(image, 2, normalise=False)[0, 0].tolist()


def test_a_painter_that_paints_nothing_scores_what_the_method_says_of_constant_predictions():
    """768 values of sample variance 1 have the mean square 767/768."""
    method = build()
    torch.nn.init.zeros_(method.painter.weight)
    loss = method(batch())["pixels"]
    assert pytest.approx(767 / 768, rel=1e-4) == loss.item()
    assert {"pixels": 767 / 768} == method.constant_losses()
    assert {} == build(normalise=False).constant_losses()


def test_the_loss_is_the_mean_square_over_the_pixels_of_masked_patches_alone():
    """A painter that answers its bias, 2 in the first place of each patch: its part grows by (t - 2)^2 - t^2."""
    method = build(normalise=False)
    torch.nn.init.zeros_(method.painter.weight)
    first = method.painter.bias.data
    plain = method(batch())["pixels"].item()
    first[0] = 2.0
    raised = method(batch())["pixels"].item()
    seen = batch()
    images = method.view(seen.images, seen.generator)
    _, masked = draw_patches(4, 16, 0.75, seen.generator)
    wanted = torch.stack([pixels_of(images, 16, normalise=False)[at, of] for at, of in enumerate(masked)])
    assert pytest.approx((wanted**2).mean().item(), rel=1e-5) == plain
    assert (
        pytest.approx(((wanted[..., 0] - 2) ** 2 - wanted[..., 0] ** 2).mean().item() / 768, rel=1e-3) == raised - plain
    )


@pytest.mark.parametrize("network", ["timm:test_vit", "timm:test_vit2"])
def test_what_is_masked_is_not_seen_and_all_patches_are_as_the_backbone_sees_them(network):
    method = build(network).eval()
    images, kept = torch.rand(2, 3, 64, 64), torch.tensor([[5, 0, 3], [1, 2, 15]])
    changed = images.clone()
    changed[:, :, 16:32, :16] += 1  # patch 4, in neither
    with torch.no_grad():
        tokens = method.encoder(images, kept)
        assert (2, method.encoder.prefix + 3, method.backbone.channels[0]) == tokens.shape
        assert torch.equal(tokens, method.encoder(changed, kept))
        whole = method.encoder(images, torch.arange(16).expand(2, -1))[:, method.encoder.prefix :]
        assert torch.allclose(method.backbone(images)[0].flatten(2).transpose(1, 2), whole, atol=1e-5)


def test_a_random_start_has_positions_of_sines_that_stay_and_another_start_keeps_its_own(tmp_path):
    fresh = build()
    positions = fresh.backbone.network.pos_embed
    assert not positions.requires_grad
    assert not positions[0, 0].any()  # the class token's
    # Patch (0, 0): sines of 0, cosines of 0.
    assert [0.0] * 16 + [1.0] * 16 == positions[0, 1, :32].tolist()
    state = backbones.build("timm:test_vit").state_dict()
    safetensors.torch.save_file(state, tmp_path / "start.safetensors")
    torch.manual_seed(0)
    backbone = backbones.build("timm:test_vit")
    backbone.load_state_dict(state)
    options = MAEOptions.model_validate({**NARROW, "init": str(tmp_path / "start.safetensors")})
    other = methods.get("mae").load()(backbone, options, None, Length(10, 5))
    assert all(torch.equal(value, state[name]) for name, value in other.backbone.state_dict().items())
    assert other.backbone.network.pos_embed.requires_grad


@pytest.mark.parametrize("name", ["mae", "ijepa"])
@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (
            "resnet18",
            {},
            "which resnet18 cannot take: choose a plain transformer for {}, such as timm:vit_small_patch16_224",
        ),
        ("timm:vit_small_patch16_dinov3", {}, "patch16_dinov3 cannot take"),
        (
            "timm:test_vit",
            {"size": 72},
            r"option size=72 is not .* 16 pixels of a patch .*: set options\.{}\.size to 64",
        ),
        ("timm:vit_small_patch14_dinov2", {"size": 64}, r"14 pixels of a patch .*: set options\.{}\.size to 70"),
    ],
)
def test_a_network_that_sees_no_part_of_an_image_is_refused_in_one_line(name, network, options, message):
    with pytest.raises(StudyError, match=message.format(name)) as refused:
        methods.get(name).options(**options).check_backbone(backbones.get(network))
    assert 1 == len(str(refused.value).splitlines())


def test_a_decoder_that_its_heads_do_not_divide_is_refused():
    with pytest.raises(
        StudyError, match=r"decoder_dim=100 .* of decoder_heads=16: set options\.mae\.decoder_dim to 128"
    ):
        MAEOptions(decoder_dim=100).check_backbone(backbones.get("timm:test_vit"))
