"""Every method trains networks that only timm knows."""

import numpy as np
import pytest
import torch
from networks import network_of

import methods
from bench import backbones
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length

SMALL = {"batch": 4, "size": 64, "precision": "fp32"}
HEADS = {
    "moco": {"queue": 16, "dim": 8},
    "simclr": {"hidden": 16, "dim": 8},
    "byol": {"hidden": 16, "dim": 8},
    "cmid": {"queue": 16, "dim": 8, "hidden": 16, "prototypes": 6},
    "gersp": {"queue": 16, "dim": 8},
    "mae": {"decoder_dim": 16, "decoder_depth": 1, "decoder_heads": 2},
    "ijepa": {"predictor_dim": 16, "predictor_depth": 1, "predictor_heads": 2},
    "softcon": {"hidden": 16, "dim": 8},
    "dino": {"out_dim": 8, "hidden": 16, "bottleneck": 8},
    "vicreg": {"hidden": 16, "dim": 8},
    "barlowtwins": {"hidden": 16, "dim": 8},
    "simsiam": {"hidden": 16, "dim": 8, "bottleneck": 4},
    "densecl": {"queue": 48, "dim": 8, "hidden": 16},
    "landcover-correction": {},
    "landcover-segmentation": {"hidden": 8},
}
TRAINED = [name for name, spec in methods.registry.all().items() if spec.trains]
PAIRS = [
    *((name, network_of(name, "timm:test_resnet").removeprefix("timm:")) for name in TRAINED),
    *((name, network) for name in ("geokr", "cmid") for network in ("regnetx_002", "convnext_atto", "resnet18")),
    ("cmid", "swin_tiny_patch4_window7_224"),
    *((name, "test_vit") for name in ("geokr", "moco", "cmid", "dino", "densecl")),
]


@pytest.mark.parametrize(("name", "network"), PAIRS)
def test_two_steps_move_the_weights_that_are_exported(name, network, corpus, labelled):
    """Options of an epoch of two steps; a mean teacher is exported after it was moved in each."""
    spec = methods.get(name)
    values = {**spec.defaults, **SMALL, **HEADS.get(name, {})}
    values |= {"labelled": str(labelled)} if "labelled" in spec.needs else {}
    options = spec.options.model_validate(values)
    torch.manual_seed(0)
    backbone = backbones.build(f"timm:{network}")
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    method = spec.load()(backbone, options, options.supervise(corpus, 1), Length(2, 2)).train()
    optimiser, scheduler = method.configure()
    for step in (1, 2):
        optimiser.zero_grad()
        sum(method(_batch(corpus, step)).values()).backward()
        optimiser.step()
        scheduler.step()
        method.after_step(step)
    exported = method.export()
    assert before.keys() == exported.keys()
    assert all(value.isfinite().all() for value in exported.values())
    first = backbone.first_weight
    assert not torch.equal(before[first], method.backbone.state_dict()[first])
    backbones.build(f"timm:{network}").load_state_dict(exported)


def _batch(corpus: Corpus, step: int) -> Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(4))).permute(0, 3, 1, 2)
    landcover = torch.from_numpy(corpus.landcover[:4]).float()
    return Batch(images, landcover, torch.Generator().manual_seed(step), torch.arange(4))
