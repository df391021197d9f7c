"""Seconds of a fine-tuning, ours against the library that its users would take: MMSegmentation, MMDetection, torchvision.

The same network, weights, images, batch, steps and optimiser on both sides, and both read the test part once at the end.
Ours is a cell's own code on a prepared set. Theirs are their Runner, pipelines, PNG files, DataLoader with a worker a core
and evaluator; for classification the loop of torchvision's reference script. They compute in fp32, for mmengine's autocast
refuses a CPU; ours is timed in bf16, which is its default where the processor has it, and in fp32. `floor` is the training
step alone, on tensors that are ready, in the arithmetic of ours.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader

import tasks
from bench import backbones
from bench.backbones.normalisation import IMAGENET
from bench.core import precision
from bench.core.context import Context
from bench.core.determinism import make_deterministic
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from benchmarks.augmentation import alternate
from tasks.protocols import Protocol, computed_in
from tasks.task import Start

PROTOCOLS = {"seg": "demo/city", "det": "demo/objects", "cls": "demo/scenes"}
SEED = 7
Work = Callable[[], None]


class Side:
    """A protocol's data as both sides take it.

    Args:
        kind: `seg`, `det` or `cls`.
        backbone: name of the network.
        steps: of the training.
        folder: for the files of the other side.
    """

    def __init__(self, kind: str, backbone: str, steps: int, folder: Path) -> None:
        study = load_study("leaderboard", {"tasks": [kind], "protocols": {kind: [PROTOCOLS[kind]]}})
        (own,) = study.all_protocols()
        self.kind, self.folder, self.steps = kind, folder, steps
        self.protocol = own.model_copy(update={"schedule": own.schedule.model_copy(update={"total": steps})})
        self.data = Inputs(click.echo).dataset(study, own)
        self.parts = self.task(self.protocol).parts()
        torch.manual_seed(SEED)
        network = backbones.build(backbone)
        self.start = Start(backbone, network.state_dict(), IMAGENET, None, "none")
        self.threads = len(os.sched_getaffinity(0))

    def task(self, protocol: Protocol) -> Any:
        """The task under a protocol."""
        return tasks.get(protocol.task).load()(protocol, self.data)

    def ours(self, arithmetic: str) -> Work:
        """A cell of ours: training, and the test part once."""
        task = self.task(computed_in(self.protocol, arithmetic))

        def work() -> None:
            with tempfile.TemporaryDirectory() as scratch:
                context = Context(torch.device("cpu"), Path(scratch), SEED, lambda *_: None)
                torch.set_num_threads(self.threads)
                task.run(self.start, self.parts.train, self.parts, context)

        return work

    def floor(self, arithmetic: str) -> Work:
        """The training steps alone, on one batch that is ready."""
        from tasks.training import _optim_wrapper  # the optimiser that cells have
        from tasks.tuning import Trial

        protocol = computed_in(self.protocol, arithmetic)
        task = self.task(protocol)

        def work() -> None:
            make_deterministic(SEED, self.threads)
            model = task.build(self.start).to(memory_format=torch.channels_last).train()
            samples = task.samples(self.parts.train[: protocol.schedule.batch])
            batch = samples.collate([samples[at] for at in range(len(samples))])
            ready = model.data_preprocessor(batch, training=True)
            with tempfile.TemporaryDirectory() as scratch:
                context = Context(torch.device("cpu"), Path(scratch), SEED, lambda *_: None)
                wrapper = _optim_wrapper(model, Trial(protocol), context)
            for _ in range(self.steps):
                with wrapper.optim_context(model):
                    losses = model(**ready, mode="loss")
                loss, _ = model.parse_losses(losses)
                wrapper.update_params(loss)

        return work

    def files(self) -> Iterator[tuple[str, str, int, Any]]:
        """The images as PNG files: part, name, position and what they are labelled with."""
        for part, positions in (("train", self.parts.train), ("test", self.parts.test)):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
            for at in positions:
                name = f"{at:06}.png"
                Image.fromarray(np.asarray(self.data.images[at])).save(self.folder / part / name)
                yield part, name, at, self.data.label_at(at)

    def optimiser(self) -> dict[str, Any]:
        """The protocol's optimiser as mmengine takes it."""
        wanted = self.protocol.optimiser
        momentum = {"momentum": wanted.momentum} if wanted.name == "SGD" else {}
        return {"type": wanted.name, "lr": wanted.lr, "weight_decay": wanted.weight_decay, **momentum}

    def runner(self, model: Any, train: dict[str, Any], test: dict[str, Any], evaluator: Any, scope: str) -> Work:
        """Training and test by mmengine's Runner, as the configs of its libraries are written."""
        from mmengine.runner import Runner

        batch = self.protocol.schedule.batch

        def work() -> None:
            torch.set_num_threads(self.threads)
            with tempfile.TemporaryDirectory() as scratch:
                runner = Runner(
                    model=model(),
                    work_dir=scratch,
                    train_dataloader={
                        "batch_size": batch,
                        "num_workers": self.threads,
                        "persistent_workers": True,
                        "sampler": {"type": "InfiniteSampler", "shuffle": True},
                        "dataset": train,
                    },
                    test_dataloader={
                        "batch_size": batch,
                        "num_workers": self.threads,
                        "persistent_workers": True,
                        "sampler": {"type": "DefaultSampler", "shuffle": False},
                        "dataset": test,
                    },
                    train_cfg={"by_epoch": False, "max_iters": self.steps, "val_interval": self.steps + 1},
                    test_cfg={},
                    optim_wrapper={"type": "OptimWrapper", "optimizer": self.optimiser()},
                    param_scheduler=[{"type": "CosineAnnealingLR", "T_max": self.steps, "by_epoch": False}],
                    test_evaluator=evaluator,
                    default_hooks={"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 50}},
                    log_processor={"by_epoch": False},
                    log_level="WARNING",
                    default_scope=scope,
                    experiment_name=f"benchmark-{time.monotonic_ns()}",
                    randomness={"seed": SEED},
                )
                runner.train()
                runner.test()

        return work

    def theirs(self) -> Work:
        """The other side's training and test."""
        return {"seg": mmsegmentation, "det": mmdetection, "cls": torchvision}[self.kind](self)


def _pixels() -> dict[str, Any]:
    """What their preprocessors normalise with."""
    return {"mean": [255 * each for each in IMAGENET.mean], "std": [255 * each for each in IMAGENET.std]}


def mmsegmentation(side: Side) -> Work:
    """MMSegmentation on files."""
    from tasks import mm, mmcv_ext

    mmcv_ext.provide()
    import mmseg.datasets
    import mmseg.evaluation  # noqa: F401 - registers the metric
    from mmseg.models import SegDataPreProcessor

    task = side.task(side.protocol)
    for part, name, _, mask in side.files():
        (side.folder / f"{part}-masks").mkdir(exist_ok=True)
        Image.fromarray(np.asarray(task.scheme.lookup)[np.asarray(mask)].astype(np.uint8)).save(
            side.folder / f"{part}-masks" / name
        )
    size = side.protocol.slices.size
    load = [{"type": "LoadImageFromFile"}, {"type": "LoadAnnotations"}]
    crop = [{"type": "RandomCrop", "crop_size": (size, size)}]

    def dataset(part: str, pipeline: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "type": "BaseSegDataset",
            "data_root": str(side.folder),
            "data_prefix": {"img_path": part, "seg_map_path": f"{part}-masks"},
            "img_suffix": ".png",
            "seg_map_suffix": ".png",
            "metainfo": {"classes": task.scheme.classes},
            "reduce_zero_label": False,
            "pipeline": pipeline,
        }

    def model() -> Any:
        make_deterministic(SEED, side.threads)
        parts = task.head.parts(backbones.get(side.start.backbone).maps, len(task.scheme.classes))
        preprocessor = SegDataPreProcessor(
            **_pixels(),
            bgr_to_rgb=True,
            pad_val=0,
            seg_pad_val=255,
            size=(size, size),
            test_cfg={"size_divisor": 1},
        )
        return parts.build({"type": mm.PyramidBackbone, "start": side.start}, preprocessor)

    pack = [{"type": "PackSegInputs"}]
    train, test = dataset("train", [*load, *crop, *pack]), dataset("test", [*load, *pack])
    return side.runner(model, train, test, {"type": "IoUMetric", "iou_metrics": ["mIoU"]}, "mmseg")


def mmdetection(side: Side) -> Work:
    """MMDetection on files and COCO annotations."""
    from tasks import mm, mmcv_ext

    mmcv_ext.provide()
    import mmdet.datasets
    import mmdet.evaluation  # noqa: F401 - registers the metric
    from mmdet.models import DetDataPreprocessor

    task = side.task(side.protocol)
    size, lists = side.protocol.slices.size, {"train": _coco(task), "test": _coco(task)}
    for part, name, at, _ in side.files():
        images, boxes = lists[part]["images"], lists[part]["annotations"]
        images.append({"id": at, "file_name": name, "width": size, "height": size})
        target = task.samples([at])[0]
        for (left, top, right, bottom), kind in zip(target["boxes"].tolist(), target["classes"].tolist(), strict=True):
            box = [left, top, right - left, bottom - top]
            more = {"id": len(boxes) + 1, "image_id": at, "area": box[2] * box[3], "iscrowd": 0}
            boxes.append({"bbox": box, "category_id": kind, **more})
    for part, listed in lists.items():
        (side.folder / f"{part}.json").write_text(json.dumps(listed))

    def dataset(part: str, pipeline: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "type": "CocoDataset",
            "data_root": str(side.folder),
            "ann_file": f"{part}.json",
            "data_prefix": {"img": part},
            "metainfo": {"classes": task.scheme.classes},
            "filter_cfg": {"filter_empty_gt": False},
            "test_mode": part == "test",
            "pipeline": pipeline,
        }

    def model() -> Any:
        make_deterministic(SEED, side.threads)
        parts = task.head.parts(backbones.get(side.start.backbone).maps, len(task.scheme.classes))
        return parts.build(
            {"type": mm.PyramidBackbone, "start": side.start}, DetDataPreprocessor(**_pixels(), bgr_to_rgb=True)
        )

    load = [{"type": "LoadImageFromFile"}, {"type": "LoadAnnotations", "with_bbox": True}]
    flips = [{"type": "RandomFlip", "prob": 0.5}] if "flip" in side.protocol.augment else []
    keys = ("img_id", "img_path", "ori_shape", "img_shape", "scale_factor", "border")
    shape = [{"type": "Resize", "scale": (size, size), "keep_ratio": True}]
    # CenterNet's own test pipeline, which notes the border that it adds: none here.
    pad = {"type": "RandomCenterCropPad", "ratios": None, "border": None, "test_mode": True, "test_pad_add_pix": 0}
    pad |= {"mean": [0, 0, 0], "std": [1, 1, 1], "to_rgb": True, "test_pad_mode": ["size_divisor", 32]}
    train = [*load, *shape, *flips, {"type": "PackDetInputs"}]
    test = [{"type": "LoadImageFromFile", "to_float32": True}, *shape, pad]
    test += [{"type": "LoadAnnotations", "with_bbox": True}, {"type": "PackDetInputs", "meta_keys": keys}]
    evaluator = {"type": "CocoMetric", "ann_file": str(side.folder / "test.json"), "metric": "bbox"}
    return side.runner(model, dataset("train", train), dataset("test", test), evaluator, "mmdet")


def _coco(task: Any) -> dict[str, list[dict[str, Any]]]:
    categories = [{"id": number, "name": name} for number, name in enumerate(task.scheme.classes)]
    return {"images": [], "annotations": [], "categories": categories}


def torchvision(side: Side) -> Work:
    """The loop of torchvision's reference script for classification, on an ImageFolder."""
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import Compose, Normalize, RandomHorizontalFlip, RandomVerticalFlip, ToTensor

    from tasks.mm import PretrainedBackbone

    task = side.task(side.protocol)
    for part, name, at, _ in side.files():
        folder = side.folder / f"{part}-classes" / task.scheme.classes[int(task.samples([at])[0]["label"])]
        folder.mkdir(parents=True, exist_ok=True)
        (side.folder / part / name).rename(folder / name)
    plain = [ToTensor(), Normalize(IMAGENET.mean, IMAGENET.std)]
    flips = [RandomHorizontalFlip(), RandomVerticalFlip()] if "flip" in side.protocol.augment else []
    train = ImageFolder(str(side.folder / "train-classes"), Compose([*flips, *plain]))
    test = ImageFolder(str(side.folder / "test-classes"), Compose(plain))
    batch, wanted = side.protocol.schedule.batch, side.protocol.optimiser

    class Network(nn.Module):
        """Backbone, pooling and a linear layer."""

        def __init__(self) -> None:
            super().__init__()
            self.net = PretrainedBackbone(side.start).net
            self.linear = nn.Linear(self.net.channels[-1], len(task.scheme.classes))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            """Logits, B x K."""
            logits: torch.Tensor = self.linear(self.net.pooled(images))
            return logits

    def work() -> None:
        make_deterministic(SEED, side.threads)
        model, criterion = Network().train(), nn.CrossEntropyLoss()
        optimiser = torch.optim.SGD(
            model.parameters(), lr=wanted.lr, momentum=wanted.momentum, weight_decay=wanted.weight_decay
        )
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, side.steps)
        workers = {"num_workers": side.threads, "persistent_workers": True}
        loader = DataLoader(train, batch, shuffle=True, drop_last=True, **workers)
        done, correct = 0, 0.0
        while done < side.steps:
            for images, labels in loader:
                output = model(images)
                loss = criterion(output, labels)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                scheduler.step()
                # The reference's logger reads loss and accuracy of every step.
                correct += float((output.argmax(1) == labels).float().mean()) + 0 * loss.item()
                done += 1
                if done == side.steps:
                    break
        model.eval()
        with torch.inference_mode():
            for images, labels in DataLoader(test, batch, **workers):
                correct += float((model(images).argmax(1) == labels).float().mean())

    return work


def measure(kind: str, backbone: str, steps: int, rounds: int) -> dict[str, Any]:
    """Median seconds of each side, and how many times as long theirs takes."""
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        side = Side(kind, backbone, steps, Path(folder))
        own = precision.resolve("auto", torch.device("cpu"))
        contenders = {
            f"ours_{own}": side.ours(own),
            "theirs_fp32": side.theirs(),
            f"floor_{own}": side.floor(own),
            **({"ours_fp32": side.ours("fp32")} if own != "fp32" else {}),
        }
        try:
            taken = alternate(contenders, rounds)
        finally:
            torch.set_num_threads(threads)
    seconds = {name: float(np.median(each)) for name, each in taken.items()}
    theirs = seconds["theirs_fp32"]
    return {
        "task": kind,
        "backbone": backbone,
        "steps": steps,
        "batch": side.protocol.schedule.batch,
        "cores": side.threads,
        "seconds": seconds,
        "ratio": theirs / seconds[f"ours_{own}"],
        "ratio_fp32": theirs / seconds["ours_fp32" if own != "fp32" else f"ours_{own}"],
        "floor_of_theirs": seconds[f"floor_{own}"] / theirs,
        "share_of_floor": seconds[f"floor_{own}"] / seconds[f"ours_{own}"],
    }
