"""Images a second of whole training steps: ours, and a plain fp32 loop over lightly's parts, in turns.

A turn is a pass over the tiles, from asking for the first views to the last step, so that lightly's workers do not make
the next turn's views in the other's time.
"""

import os
import statistics
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from lightly.loss import DINOLoss, NegativeCosineSimilarity, NTXentLoss, VICRegLoss
from lightly.models.modules import (
    BYOLPredictionHead,
    BYOLProjectionHead,
    DINOProjectionHead,
    MoCoProjectionHead,
    SimCLRProjectionHead,
)
from lightly.models.modules.heads import VICRegProjectionHead
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.transforms.byol_transform import BYOLTransform, BYOLView1Transform, BYOLView2Transform
from lightly.transforms.dino_transform import DINOTransform
from lightly.transforms.moco_transform import MoCoV2Transform
from lightly.transforms.simclr_transform import SimCLRTransform
from lightly.transforms.vicreg_transform import VICRegTransform
from PIL import Image
from torch import Tensor, nn
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset
from torchvision.models import ResNet, resnet18

import methods
from bench import backbones
from bench.core import precision
from bench.pretraining.method import Batch, Length
from bench.pretraining.options import TrainingOptions
from benchmarks.augmentation import alternate, scenes

METHODS = ("moco", "simclr", "byol", "dino", "vicreg")
QUEUE = 4096
# Heads of the papers' widths would take longer than ResNet-18 on two cores, on both sides.
OUTPUTS, WIDTH = 4096, 2048
OPTIONS: dict[str, dict[str, Any]] = {
    "moco": {"queue": QUEUE},
    "dino": {"out_dim": OUTPUTS},
    "vicreg": {"hidden": WIDTH, "dim": WIDTH},
}
# Long enough that no schedule comes near its end.
LENGTH = Length(steps=100_000, steps_per_epoch=1000)
# Batches in a pass.
STEPS = 4
Pass = Callable[[], None]


def measure(
    names: tuple[str, ...], rounds: int, batch: int, size: int, arithmetic: str, cores: int | None = None
) -> dict[str, Any]:
    """Median images/s of each method's training step with ResNet-18, ours and lightly's, the same cores for each.

    Both see the same tiles of `size` pixels; lightly's come through a DataLoader with a worker a core, or, on one core,
    without workers.

    Args:
        names: methods, of `METHODS`.
        rounds: passes over `STEPS` batches that each of the two makes, in turns.
        batch: tiles in a step.
        size: side of tiles and views, pixels.
        arithmetic: `auto`, `bf16` or `fp32`, of ours.
        cores: threads of torch; None for all.
    """
    cores = cores or len(os.sched_getaffinity(0))
    threads = torch.get_num_threads()
    torch.set_num_threads(cores)
    tiles = np.stack([np.asarray(Image.fromarray(tile).resize((size, size))) for tile in scenes(STEPS * batch)])
    figures: dict[str, Any] = {"cores": cores, "batch": batch, "size": size, "rounds": rounds, "steps": STEPS}
    figures["precision"] = precision.resolve(arithmetic, torch.device("cpu"))
    try:
        for name in names:
            contenders = {
                "ours": our_pass(name, tiles, batch, size, figures["precision"]),
                "lightly": lightlys_pass(name, tiles, batch, size, cores if cores > 1 else 0),
            }
            for who, seconds in alternate(contenders, rounds).items():
                figures[f"{who}_{name}"] = STEPS * batch / statistics.median(seconds)
        ratios = {name: figures[f"ours_{name}"] / figures[f"lightly_{name}"] for name in names}
        figures["ratio_lightly"] = ratios
    finally:
        torch.set_num_threads(threads)
    return figures


def our_pass(name: str, tiles: np.ndarray, batch: int, size: int, arithmetic: str) -> Pass:
    """A pass of steps as `bench.pretraining.loop.train` makes them."""
    spec = methods.get(name)
    more = OPTIONS.get(name, {})
    options = spec.options.model_validate({"batch": batch, "size": size, "precision": arithmetic, **more})
    assert isinstance(options, TrainingOptions)
    torch.manual_seed(0)
    method = spec.load()(backbones.build("resnet18"), options, None, LENGTH)
    method.to(memory_format=torch.channels_last).train()
    optimiser, scheduler = method.configure()
    images = torch.from_numpy(tiles).permute(0, 3, 1, 2)
    numbers = iter(range(1, LENGTH.steps))

    def make() -> None:
        for chosen in torch.randperm(len(images)).split(batch):
            number = next(numbers)
            generator = torch.Generator().manual_seed(number)
            with precision.autocast(arithmetic, torch.device("cpu")):
                losses = method(Batch(images[chosen], None, generator))
            optimiser.zero_grad(set_to_none=True)
            torch.stack(list(losses.values())).sum().backward()
            optimiser.step()
            scheduler.step()
            method.after_step(number)

    return make


class Pictures(Dataset[Any]):
    """Tiles as decoded Pillow images through a lightly transform."""

    def __init__(self, tiles: np.ndarray, transform: Callable[[Any], Any]) -> None:
        self.pictures = [Image.fromarray(tile) for tile in tiles]
        self.transform = transform

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Any:
        """Two views of a tile."""
        return self.transform(self.pictures[index])


def lightlys_pass(
    name: str,
    tiles: np.ndarray,
    batch: int,
    size: int,
    workers: int,
    network: Callable[[], ResNet] = resnet18,
    device: torch.device | str = "cpu",
) -> Pass:
    """A pass of a plain fp32 loop over lightly's transforms, DataLoader and modules."""
    torch.manual_seed(0)
    transform = {
        "moco": lambda: MoCoV2Transform(input_size=size),
        "simclr": lambda: SimCLRTransform(input_size=size),
        "byol": lambda: BYOLTransform(BYOLView1Transform(input_size=size), BYOLView2Transform(input_size=size)),
        "dino": lambda: DINOTransform(global_crop_size=size, n_local_views=0),
        "vicreg": lambda: VICRegTransform(input_size=size),
    }[name]()
    pictures = Pictures(tiles, transform)
    loader = DataLoader(
        pictures, batch, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=workers > 0
    )
    model: Plain = PLAIN[name](network()).to(device)
    optimiser = SGD([p for p in model.parameters() if p.requires_grad], lr=0.01, momentum=0.9, weight_decay=1e-4)

    def make() -> None:
        for views in loader:
            loss = model(*(view.to(device) for view in views))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            model.follow()

    return make


class PlainSimCLR(nn.Module):
    """SimCLR as lightly's examples write it."""

    def __init__(self, network: ResNet) -> None:
        super().__init__()
        self.backbone = nn.Sequential(*list(network.children())[:-1])
        self.head = SimCLRProjectionHead(network.fc.in_features, 2048, 128)
        self.loss = NTXentLoss(temperature=0.1)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Loss of a pair of views."""
        features = self.backbone(torch.cat((first, second))).flatten(start_dim=1)
        loss: Tensor = self.loss(*self.head(features).chunk(2))
        return loss

    def follow(self) -> None:
        """There is no teacher."""


class PlainMoCo(nn.Module):
    """MoCo v2 as lightly's examples write it."""

    def __init__(self, network: ResNet) -> None:
        super().__init__()
        width = network.fc.in_features
        self.student = nn.Sequential(
            *list(network.children())[:-1], nn.Flatten(start_dim=1), MoCoProjectionHead(width, width, 128)
        )
        self.teacher = deepcopy(self.student)
        deactivate_requires_grad(self.teacher)
        self.loss = NTXentLoss(temperature=0.2, memory_bank_size=(QUEUE, 128))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Loss of a pair of views."""
        with torch.no_grad():
            key = self.teacher(second)
        loss: Tensor = self.loss(self.student(first), key)
        return loss

    def follow(self) -> None:
        """Move the teacher."""
        update_momentum(self.student, self.teacher, 0.999)


class PlainBYOL(nn.Module):
    """BYOL as lightly's examples write it."""

    def __init__(self, network: ResNet) -> None:
        super().__init__()
        self.student = nn.Sequential(
            *list(network.children())[:-1],
            nn.Flatten(start_dim=1),
            BYOLProjectionHead(network.fc.in_features, 4096, 256),
        )
        self.teacher = deepcopy(self.student)
        deactivate_requires_grad(self.teacher)
        self.predictor = BYOLPredictionHead(256, 4096, 256)
        self.loss = NegativeCosineSimilarity()

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Loss of a pair of views, in both directions."""
        guesses = [self.predictor(self.student(view)) for view in (first, second)]
        with torch.no_grad():
            targets = [self.teacher(view) for view in (second, first)]
        return torch.stack([self.loss(*pair) for pair in zip(guesses, targets, strict=True)]).sum()

    def follow(self) -> None:
        """Move the teacher."""
        update_momentum(self.student, self.teacher, 0.99)


class PlainVICReg(nn.Module):
    """VICReg as lightly's examples write it."""

    def __init__(self, network: ResNet) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            *list(network.children())[:-1],
            nn.Flatten(start_dim=1),
            VICRegProjectionHead(network.fc.in_features, WIDTH, WIDTH),
        )
        self.loss = VICRegLoss()

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Loss of a pair of views."""
        loss: Tensor = self.loss(self.backbone(first), self.backbone(second))
        return loss

    def follow(self) -> None:
        """There is no teacher."""


class PlainDINO(nn.Module):
    """DINO as lightly's examples write it, of two views."""

    def __init__(self, network: ResNet) -> None:
        super().__init__()
        width = network.fc.in_features
        self.student = nn.Sequential(
            *list(network.children())[:-1], nn.Flatten(start_dim=1), DINOProjectionHead(width, 2048, 256, OUTPUTS)
        )
        self.teacher = nn.Sequential(
            *deepcopy(list(network.children())[:-1]),
            nn.Flatten(start_dim=1),
            DINOProjectionHead(width, 2048, 256, OUTPUTS),
        )
        deactivate_requires_grad(self.teacher)
        self.loss = DINOLoss(OUTPUTS)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Loss of a pair of views, in both directions."""
        with torch.no_grad():
            targets = [self.teacher(view) for view in (first, second)]
        loss: Tensor = self.loss(targets, [self.student(view) for view in (first, second)], epoch=1)
        return loss

    def follow(self) -> None:
        """Move the teacher."""
        update_momentum(self.student, self.teacher, 0.996)


Plain = PlainMoCo | PlainSimCLR | PlainBYOL | PlainVICReg | PlainDINO
PLAIN: dict[str, type[Plain]] = {
    "moco": PlainMoCo,
    "simclr": PlainSimCLR,
    "byol": PlainBYOL,
    "dino": PlainDINO,
    "vicreg": PlainVICReg,
}
