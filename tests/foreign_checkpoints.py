"""Checkpoints as MoCo, DINO, Lightning, mmengine and torchgeo write them, small and drawn from a seed.

Each function takes a backbone's state dict and a folder, writes a file there and returns it.
"""

import argparse
import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from bench import backbones

NETWORK = "timm:test_resnet"
TRANSFORMER = "timm:test_vit"
# timm's names of their first layers.
FIRST = "conv1.0.weight"
PATCHES = "patch_embed.proj.weight"


def state_of(name=NETWORK, bands=3, seed=5):
    torch.manual_seed(seed)
    return dict(backbones.build(name, bands).state_dict())


def head(width=96, out=8):
    return {
        "fc.0.weight": torch.randn(width, width),
        "fc.2.weight": torch.randn(out, width),
        "fc.2.bias": torch.zeros(out),
    }


def named(prefix, state):
    return {prefix + name: value for name, value in state.items()}


def optimiser_state(state):
    """An AdamW's state after a step, whose moments have the shapes of the weights."""
    learnt = [value for value in state.values() if value.is_floating_point()]
    moments = {
        at: {"step": torch.tensor(1.0), "exp_avg": torch.ones_like(value), "exp_avg_sq": torch.ones_like(value)}
        for at, value in enumerate(learnt)
    }
    return {"state": moments, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": list(range(len(learnt)))}]}


def mmengine(state, folder):
    """A checkpoint of OpenMMLab: a message hub of history buffers, a neck beside the backbone."""
    history = HistoryBuffer([0.7, 0.5], [1, 1])
    content = {
        "meta": {"epoch": 2, "iter": 200, "cfg": "model = dict(type='SimCLR')", "mmengine_version": "0.10.7"},
        "state_dict": OrderedDict(named("backbone.", state) | named("neck.", head())),
        "message_hub": {
            "log_scalars": OrderedDict({"train/loss": history, "train/lr": HistoryBuffer([0.1], [1])}),
            "runtime_info": OrderedDict({"epoch": 2, "max_iters": 200}),
            "resumed_keys": OrderedDict({"train/loss": True}),
        },
        "optimizer": optimiser_state(state),
    }
    return _save(content, folder / "epoch_2.pth")


def moco(state, folder, *, legacy=False):
    """MoCo's release: `module.encoder_q.` and its momentum twin, a queue, and the arguments as a Namespace."""
    other = {name: value + 1 for name, value in state.items()}
    content = {
        "epoch": 200,
        "arch": "test_resnet",
        "args": argparse.Namespace(lr=0.03, mlp=True, dist_url=Path("tcp/10")),
        "state_dict": named("module.encoder_q.", state | head())
        | named("module.encoder_k.", other | head())
        | {"module.queue": torch.randn(8, 32), "module.queue_ptr": torch.zeros(1, dtype=torch.long)},
        "optimizer": optimiser_state(state),
    }
    return _save(content, folder / "checkpoint_0199.pth.tar", legacy=legacy)


def lightning(state, folder):
    """A Lightning checkpoint: callbacks that hold paths and numpy numbers, loops, optimiser and hyper-parameters."""
    callback = "ModelCheckpoint{'monitor': 'val_loss', 'mode': 'min'}"
    content = {
        "epoch": 3,
        "global_step": 400,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": OrderedDict(named("model.online_encoder.", state) | named("model.projector.", head())),
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 4}}}},
        "callbacks": {
            callback: {"dirpath": Path("/runs/7"), "best_model_score": np.float64(0.25), "current": torch.ones(())}
        },
        "optimizer_states": [optimiser_state(state)],
        "lr_schedulers": [{"base_lrs": [0.001], "last_epoch": 4}],
        "hyper_parameters": {"backbone": "test_resnet", "lr": np.float32(0.001)},
    }
    return _save(content, folder / "last.ckpt")


def with_optimiser(state, folder):
    """A training's own checkpoint of torch before 1.6: the network, its optimiser, numpy's numbers."""
    content = {
        "model": OrderedDict(named("module.", state) | {"module.fc.weight": torch.randn(10, 96)}),
        "optimizer": optimiser_state(state),
        "best_acc": np.float64(0.91),
        "rng": np.arange(6, dtype=np.int64).reshape(2, 3),
        "args": argparse.Namespace(epochs=3),
    }
    return _save(content, folder / "model_best.pth", legacy=True)


def dino(state, folder):
    """DINO's release of everything: student and teacher, whose names differ by `module.`, and its loss's centre."""
    other = {name: value + 1 for name, value in state.items()}
    content = {
        "student": named("module.backbone.", other) | named("module.head.", head()),
        "teacher": named("backbone.", state) | named("head.", head()),
        "optimizer": optimiser_state(state),
        "epoch": 100,
        "args": argparse.Namespace(arch="test_resnet", output_dir=Path("out")),
        "dino_loss": {"center": torch.zeros(1, 8)},
    }
    return _save(content, folder / "checkpoint.pth")


def thirteen_bands(folder, name=NETWORK):
    """A plain state dict of a network of Sentinel-2's 13 bands, as torchgeo hands them on: the state, and the file."""
    state = state_of(name, bands=13)
    return state, _save(OrderedDict(state), folder / "sentinel2_all_moco.pth")


SIX = {
    "mmengine": mmengine,
    "moco-release": moco,
    "lightning": lightning,
    "with-optimiser": with_optimiser,
    "dino-release": dino,
    "sentinel2": lambda _state, folder: thirteen_bands(folder)[1],
}


class Payload:
    """Would leave a file behind if it were unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def bomb(state, folder, target):
    """Good weights, and beside them an object that runs a command where it is unpickled."""
    return _save({"state_dict": state, "args": argparse.Namespace(x=Payload(target))}, folder / "bomb.pth")


def _save(content, path, *, legacy=False):
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path
