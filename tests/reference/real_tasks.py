"""Segmentation and detection on real images, from random and from real ImageNet weights, at two fractions.

`python tests/reference/real_tasks.py DATA --predictions OUT` reads `dubai_seg`, `det3` and `weights` below DATA, trains
SqueezeNet on each, prints a line for each run and writes predictions of the test images. Dubai is split by tile, the
detection set by source image. Run it from the project's root.
"""

import argparse
import importlib.util
import statistics
import tempfile
from pathlib import Path

import torch

import tasks
from bench import backbones
from bench.backbones.initial import load_initial
from bench.backbones.normalisation import IMAGENET
from bench.core import files
from bench.core.context import Context
from tasks import datasets
from tasks.prepared import Prepared
from tasks.protocol_parts import Optimiser, Schedule, Slices, Split
from tasks.protocols import Protocol, load_protocol
from tasks.subsets import chain, size_at, subset_seed
from tasks.task import Start, Task

BACKBONE = "squeezenet1_1"
WEIGHTS = "weights/squeezenet1_1_imagenet.pth"
# Adam at one rate for both starts: a rate that suits one alone would decide the comparison. Detection takes a larger one,
# since the sizes of boxes start near 0 and have to reach tens of pixels.
RATES = {"seg": 5.0e-4, "det": 1.0e-3}


def dubai(root: Path, out: Path) -> tuple[Protocol, Prepared, tuple[float, ...]]:
    """Five classes, 8 tiles of which 5 are trained on, 1 selects, 2 test."""
    spec = importlib.util.spec_from_file_location("dubai", Path(__file__).parents[1] / "data" / "dubai.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    data = module.write(root / "dubai_seg", out, 128)
    classes = {name: [name] for name in data.classes if name != "unlabeled"}
    split = Split(by="image", ratio=(5, 1, 2), seed=0)
    protocol = load_protocol("demo/city").model_copy(update={"id": "dubai", "classes": classes, "split": split})
    return protocol, data, (0.05, 1.0)


def det3(root: Path, out: Path) -> tuple[Protocol, Prepared, tuple[float, ...]]:
    """Airplane, ship and oil tank in 251 images of 800 x 600; no two are crops of one source."""
    with files.new_folder(out) as work:
        datasets.get("levir").prepare(root / "det3", work, Slices(size=200), lambda *_: None, {})
    protocol = load_protocol("geokr-2021/levir-steps").model_copy(
        update={"id": "det3", "split": Split(by="image", ratio=(3, 1, 1), seed=0)}
    )
    return protocol, Prepared.open(out), (0.1, 1.0)


SETS = {"dubai": (dubai, "seg", 16), "det3": (det3, "det", 8)}


def run(task: Task, init: str, fraction: float, seed: int, folder: Path, predictions: Path | None) -> dict[str, float]:
    """The metrics of one fine-tuning."""
    parts = task.parts()
    order = chain([task.data.names[at] for at in parts.train], task.strata(parts.train), subset_seed(0, seed))
    train = [parts.train[at] for at in order[: size_at(fraction, len(order))]]
    torch.manual_seed(seed)
    backbone = backbones.build(BACKBONE)
    load_initial(backbone, init)
    context = Context(torch.device("cpu"), folder, seed, lambda *_: None, predictions, 6 if predictions else 0)
    return task.run(Start(BACKBONE, dict(backbone.state_dict()), IMAGENET), train, parts, context).metrics


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--sets", default="dubai,det3")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--predictions", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.sets.split(","):
        write, kind, batch = SETS[name]
        with tempfile.TemporaryDirectory() as scratch:
            protocol, data, fractions = write(options.root, Path(scratch) / "prepared")
            schedule = Schedule(length="steps", total=options.steps, batch=batch, look_every=options.steps // 2)
            optimiser = Optimiser(name="Adam", lr=RATES[kind], decay="cosine")
            protocol = protocol.model_copy(update={"optimiser": optimiser, "schedule": schedule})
            task = tasks.get(kind).load()(protocol, data)
            parts = task.parts()
            sizes = ", ".join(str(len(part)) for part in (parts.train, parts.val, parts.test))
            print(f"{name}: {len(set(data.sources))} sources; training, validation, test slices {sizes}", flush=True)
            for fraction in fractions:
                for start, init in (("random", "random"), ("imagenet", str(options.root / WEIGHTS))):
                    scores = []
                    for seed in range(options.seeds):
                        where = f"{name}-{fraction:g}-{start}-{seed}"
                        predictions = options.predictions / where if options.predictions and seed == 0 else None
                        metrics = run(task, init, fraction, seed, Path(scratch) / where, predictions)
                        scores.append(metrics[protocol.metric])
                        each = ", ".join(f"{key} {value:.3f}" for key, value in metrics.items())
                        print(f"{where}: {each}", flush=True)
                    spread = f" s.d. {statistics.stdev(scores):.4f}" if len(scores) > 1 else ""
                    print(f"{name} {fraction:g} {start}: {protocol.metric} {statistics.mean(scores):.4f}{spread}")


if __name__ == "__main__":
    main()
