"""How long a plan should take: from what this store has measured, else from the size of the network."""

import math
import statistics
from dataclasses import dataclass
from pathlib import Path

import methods
from bench.corpus.storage.reader import Corpus
from bench.pretraining.options import TrainingOptions
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.jobs import PretrainJob
from bench.studies.plan import Plan
from bench.studies.study import Study
from tasks.protocols import Protocol
from tasks.subsets import size_at

# Forward passes of an image of 64 px, in 1e9 operations, counted by `bench.pretraining.flops.forward`: written down so that
# planning a network of the registry does not import torch.
FORWARD = {
    "timm:test_resnet": 0.0328,
    "resnet18": 0.296,
    "resnet50": 0.667,
    "vgg16": 2.506,
    "squeezenet1_1": 0.0340,
    "swin_t": 1.542,
}
# Of an image of 64 px that is trained on: views, head and update, and 1e9 operations of a forward pass (three of a step).
SECONDS_BESIDE, SECONDS_A_FORWARD = 0.005, 0.0175
# Seconds of a cell that finds its features in the store, and of what a runner spends on it.
PROBED = 0.1


@dataclass(frozen=True)
class Estimate:
    """Seconds of wall time, and whether they rest on measurements of this store alone."""

    seconds: float
    measured: bool


def seconds_an_image(backbone: str) -> float:
    """Seconds in which a job trains on an image of 64 px on one core, where a store has measured nothing.

    A straight line in the operations of a forward pass, through two points. `timm:test_resnet` takes 5.6 ms: 27
    pretrainings of the leaderboard of 2026-11-26 took 4.8 ms a tile in the median (1.5 to 9.3 by method), 300 cells 5.7
    (2.0 to 7.7 by protocol). A ResNet-50 in fp32 takes 16.7. Between them a ResNet-18 is given 10.2 ms; it took 7 in
    pretraining and 21 in segmentation (docs/decisions/066). A GPU is a hundred times as fast.
    """
    operations = FORWARD.get(backbone)
    if operations is None:
        from bench.pretraining.flops import forward

        operations = forward(backbone) / 1e9
    return SECONDS_BESIDE + SECONDS_A_FORWARD * operations


def estimate(plan: Plan, study: Study, store: Store, inputs: Inputs) -> Estimate:
    """Time for what a plan leaves to do, spread over the jobs that run at a time."""
    known = _measured_cells(store)
    cells = plan.open_cells(store)
    pretrains = [job for job in plan.open_pretrains(store) if job.corpus]
    tunings = [(cell.protocol, cell.backbone, cell.fraction) for cell in cells]
    # An oracle is a fine-tuning on all labels.
    tunings += [(job.protocol, job.backbone, 1.0) for job in plan.open_pretrains(store) if job.protocol]
    sizes = {protocol.id: len(inputs.dataset(study, protocol)) for protocol, *_ in tunings}
    of_tunings = [
        known.get((protocol.hash, backbone)) or _rough_tuning(protocol, backbone, fraction, sizes[protocol.id])
        for protocol, backbone, fraction in tunings
    ]
    # The first cell that probes some weights computes their features.
    probed = {(cell.pretrain.key, cell.protocol.hash): cell for cell in cells if not cell.protocol.trains}
    of_tunings += [_looked_at(sizes[cell.protocol.id], cell.protocol, cell.backbone) for cell in probed.values()]
    rate = _measured_rate(store)
    tiles = {path: len(Corpus.open(Path(path))) for path in {job.corpus for job in pretrains} if path}
    of_pretrains = [_pretraining(job, tiles[job.corpus], rate.get(job.backbone)) for job in pretrains if job.corpus]
    measured = all((protocol.hash, backbone) in known for protocol, backbone, _ in tunings)
    measured = measured and all(job.backbone in rate for job in pretrains)
    total = sum(of_tunings) + sum(of_pretrains)
    # A single job is never split, so the longest is a floor.
    longest = max([0.0, *of_tunings, *of_pretrains])
    return Estimate(max(longest, total / study.engine.count_slots()), measured)


def _measured_cells(store: Store) -> dict[tuple[str, str], float]:
    seconds: dict[tuple[str, str], list[float]] = {}
    for record in store.records():
        cost = record.cost.get("train_seconds", 0) + record.cost.get("eval_seconds", 0)
        seconds.setdefault((record.protocol_hash, record.backbone), []).append(cost)
    return {key: statistics.median(values) for key, values in seconds.items()}


def _measured_rate(store: Store) -> dict[str, float]:
    """Views of 64 px trained a second, by backbone, from the cards of finished pretrainings."""
    rates: dict[str, list[float]] = {}
    for card in store.cards():
        if not card["steps"] or not card.get("corpus_hash"):  # an initialisation, or an oracle
            continue
        batch, size = (card.get("options", {}).get(name) for name in ("batch", "size"))
        seconds = card.get("cost", {}).get("train_seconds", 0)
        if isinstance(batch, int) and isinstance(size, int) and seconds > 0:
            rates.setdefault(card["backbone"], []).append(card["steps"] * batch * (size / 64) ** 2 / seconds)
    return {backbone: statistics.median(values) for backbone, values in rates.items()}


def _pretraining(job: PretrainJob, tiles: int, rate: float | None) -> float:
    """Seconds of a training at a measured rate, or at a guessed one; none of what only reads the corpus."""
    options = methods.get(job.method).options.model_validate(job.options)
    if not isinstance(options, TrainingOptions):
        return 0.0
    images = options.length(tiles).steps * options.batch * (options.size / 64) ** 2
    return images * (1 / rate if rate else seconds_an_image(job.backbone))


def _rough_tuning(protocol: Protocol, backbone: str, fraction: float, slices: int) -> float:
    schedule = protocol.schedule
    if not protocol.trains:
        return PROBED
    steps = schedule.total
    if schedule.length == "epochs":
        # A split that lists its images says nothing of its ratio; the paper's is as good a guess as any.
        ratio = protocol.split.ratio or (3, 1, 1)
        train = size_at(fraction, round(slices * ratio[0] / sum(ratio)))
        steps *= math.ceil(train / schedule.batch)
    grid = protocol.tuning.cost if protocol.tuning else 1
    return steps * grid * schedule.batch * (protocol.slices.size / 64) ** 2 * seconds_an_image(backbone)


def _looked_at(slices: int, protocol: Protocol, backbone: str) -> float:
    """Seconds of one look at each slice."""
    return slices * (protocol.slices.size / 64) ** 2 * seconds_an_image(backbone)
