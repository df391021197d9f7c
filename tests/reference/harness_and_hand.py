"""Compare the harness on real RSSCN7 with a training script written by hand, on the same images.

`python tests/reference/harness_and_hand.py FOLDER_OF_RSSCN7 --steps 800 --seeds 3 --bf16` prints both scores for each fraction
and seed, their means, and the difference in standard errors. Run it from the project's root.
"""

import argparse
import importlib.util
import math
import statistics
import tempfile
from pathlib import Path

import torch

import tasks
from bench import backbones
from bench.backbones.normalisation import IMAGENET
from bench.core import files
from bench.core.context import Context
from tasks import datasets
from tasks.prepared import Prepared
from tasks.protocol_parts import Slices
from tasks.protocols import Protocol, load_protocol
from tasks.subsets import chain, size_at, subset_seed
from tasks.task import Start, Task

SIZE, LR = 64, 0.02


def by_hand():
    """The script beside this file, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("by_hand", Path(__file__).with_name("rsscn7_by_hand.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def protocol_of(steps: int, precision: str) -> Protocol:
    """RSSCN7's protocol, made short: both sides train for the same steps."""
    base = load_protocol("geokr-2021/rsscn7-steps")
    return base.model_copy(
        update={
            "slices": Slices(size=SIZE),
            "optimiser": base.optimiser.model_copy(update={"lr": LR, "decay": "cosine"}),
            "schedule": base.schedule.model_copy(update={"total": steps, "precision": precision}),
        }
    )


def harness(task: Task, train: list[int], seed: int, folder: Path) -> float:
    """Mean class accuracy of the harness, from the backbone's own initialisation."""
    torch.manual_seed(seed)
    start = Start("resnet18", dict(backbones.build("resnet18").state_dict()), IMAGENET)
    result = task.run(start, train, task.parts(), Context(torch.device("cpu"), folder, seed, lambda *_: None))
    return result.metrics["mean_class_accuracy"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--fractions", default="0.05,1.0")
    parser.add_argument("--bf16", action="store_true", help="train both in bf16; both are tested in fp32")
    options = parser.parse_args()
    torch.set_num_threads(1)
    reference = by_hand()
    protocol = protocol_of(options.steps, "bf16" if options.bf16 else "fp32")
    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(scratch) / "prepared"
        with files.new_folder(prepared) as work:
            datasets.get("rsscn7").prepare(options.root, work, protocol.slices, lambda *_: None)
        task = tasks.get("cls").load()(protocol, Prepared.open(prepared))
        parts, sources = task.parts(), task.data.sources
        for fraction in map(float, options.fractions.split(",")):
            pairs = []
            for seed in range(options.seeds):
                names = [task.data.names[at] for at in parts.train]
                order = chain(names, task.strata(parts.train), subset_seed(0, seed))
                train = [parts.train[at] for at in order[: size_at(fraction, len(order))]]
                lists = [[f"{sources[at]}.jpg" for at in part] for part in (train, parts.test)]
                ours = harness(task, train, seed, Path(scratch) / f"{fraction}-{seed}")
                theirs = reference.train(options.root, *lists, SIZE, options.steps, lr=LR, seed=seed, bf16=options.bf16)
                pairs.append((ours, theirs))
                print(
                    f"fraction {fraction:g} ({len(train)} images) seed {seed}: harness {ours:.4f}, by hand {theirs:.4f}",
                    flush=True,
                )
            report(fraction, pairs)


def report(fraction: float, pairs: list[tuple[float, float]]) -> None:
    """Print means and the difference in standard errors of a difference of two means."""
    ours, theirs = zip(*pairs, strict=True)
    difference = statistics.mean(ours) - statistics.mean(theirs)
    error = math.sqrt((statistics.variance(ours) + statistics.variance(theirs)) / len(pairs))
    print(
        f"fraction {fraction:g}: harness {statistics.mean(ours):.4f} s.d. {statistics.stdev(ours):.4f}, "
        f"by hand {statistics.mean(theirs):.4f} s.d. {statistics.stdev(theirs):.4f}, "
        f"difference {difference:+.4f} = {difference / error:+.2f} standard errors",
        flush=True,
    )


if __name__ == "__main__":
    main()
