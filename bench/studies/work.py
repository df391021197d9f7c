"""What a worker does: one pretraining or one cell, from its claim to its product in the store."""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import methods
import tasks
from bench import backbones
from bench.backbones import weights
from bench.backbones.initial import load_initial
from bench.backbones.normalisation import normalisation_of
from bench.backbones.sources import RANDOM
from bench.core import precision, provenance
from bench.core.context import Context, Progress
from bench.core.cores import peak_rss_mib
from bench.core.determinism import make_deterministic
from bench.core.errors import StoreError
from bench.core.keys import content_hash
from bench.core.tensorboard import folder_of
from bench.corpus.storage.reader import Corpus
from bench.pretraining import loop as pretraining
from bench.pretraining import ranks
from bench.pretraining.method import Length, Method
from bench.pretraining.options import TrainingOptions
from bench.store.features import FeatureStore
from bench.store.outcomes import Evidence
from bench.store.progress import noted
from bench.store.records import Record
from bench.store.store import Store
from bench.studies import oracle
from bench.studies.budget import compute_of
from bench.studies.jobs import Answer, Cell, PretrainJob
from tasks.amounts import read_amount, share
from tasks.pools import Pool
from tasks.prepared import INDEX, Prepared
from tasks.protocols import Protocol
from tasks.splits import HELD_BACK, Parts
from tasks.task import Result, Start, Task


def pretrain(
    report: Progress,
    *,
    job: dict[str, Any],
    store: str,
    device: str,
    threads: int,
    processes: int = 1,
    tensorboard: str | None = None,
) -> Answer:
    """Pretrain, or resume a pretraining that was interrupted, and write its weights.

    Args:
        report: told how far it is.
        job: a `PretrainJob`.
        store: its folder.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: of each process.
        processes: that share the pretraining (`bench.studies.together`).
        tensorboard: folder that the curves of all jobs go to, each in one of its own.
    """
    wanted, opened = PretrainJob.model_validate(job), Store(Path(store))
    with opened.claim(wanted.key) as ours:
        if opened.has_weights(wanted.key):
            return Answer.FOUND
        if not ours:
            return Answer.BUSY
        told = noted(opened.job(wanted.key), report)
        if processes > 1:
            # It starts processes, which few jobs need.
            from bench.studies.together import pretrain_together

            pretrain_together(told, wanted, opened, device, threads, processes, tensorboard)
        else:
            pretrain_here(wanted, opened, told, device_of(device), threads, tensorboard)
    return Answer.DONE


def fine_tune(
    report: Progress,
    *,
    cell: dict[str, Any],
    store: str,
    device: str,
    threads: int,
    predictions: int = 0,
    tensorboard: str | None = None,
) -> Answer:
    """Fine-tune from a pretraining's weights and write the record, and predictions of so many test samples."""
    wanted, opened = Cell.model_validate(cell), Store(Path(store))
    with opened.claim(wanted.key) as ours:
        if opened.has_record(wanted.key):
            return Answer.FOUND
        if not ours:
            return Answer.BUSY
        told = noted(opened.job(wanted.key), report)
        opened.write_record(_fine_tune(wanted, opened, told, device_of(device), threads, predictions, tensorboard))
    return Answer.DONE


def device_of(name: str) -> torch.device:
    """The device of a name; `auto` is this process' GPU where it sees one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise StoreError(f"device {name} is not available here: use --device cpu")
    return torch.device(name)


def pretrain_here(
    job: PretrainJob,
    store: Store,
    report: Progress,
    device: torch.device,
    threads: int,
    tensorboard: str | None = None,
) -> None:
    """Pretrain in this process, alone or as one of several ranks, of which the first writes."""
    make_deterministic(job.seed, threads)
    begun = time.monotonic()
    curves = folder_of(tensorboard, f"{job.label} seed {job.seed}", job.key)
    context = Context(device, store.job(job.key), job.seed, report, tensorboard=curves)
    trained = _train_oracle(job, context) if job.protocol else _train(job, context)
    if ranks.number():
        return
    card = {
        **job.model_dump(mode="json", exclude={"corpus", "identity", "bands", "input", "protocol", "data"}),
        "options": job.identity,
        "method_version": methods.get(job.method).version,
        "protocol": job.protocol.id if job.protocol else None,
        **trained.card,
        "warnings": job.warnings | trained.warnings,
        "provenance": provenance.describe(device, threads, backbones.get(job.backbone).library)
        | ({"ranks": ranks.count()} if ranks.count() > 1 else {})
        | ({"precision": trained.precision} if trained.precision else {}),
        "cost": {
            "train_seconds": round(time.monotonic() - begun, 3),
            "steps_seconds": round(trained.seconds, 3),
            "peak_rss_mib": peak_rss_mib(),
        },
    }
    weights.save(store.weights(job.key), trained.weights, card)
    (store.job(job.key) / pretraining.CHECKPOINT).unlink(missing_ok=True)
    store.forget_failure(job.key)


@dataclass(frozen=True)
class _Product:
    """What a pretraining gives: weights, what its card says of the training, named warnings, seconds and arithmetic."""

    weights: dict[str, Tensor]
    card: dict[str, Any]
    warnings: dict[str, str]
    seconds: float
    precision: str | None = None


def _train(job: PretrainJob, context: Context) -> _Product:
    spec = methods.get(job.method)
    options = spec.options.model_validate(job.options)
    corpus = options.supervise(Corpus.open(Path(job.corpus)), job.seed) if job.corpus else None
    backbone = backbones.build(job.backbone, len(job.bands))
    length = Length(0, 0)
    if isinstance(options, TrainingOptions):
        load_initial(backbone, options.init)
        length = options.length(len(corpus) if corpus else 0)
    method: Method[Any] = spec.load()(backbone, options, corpus, length)
    trained, computed, arithmetic = pretraining.Trained(), compute_of(job), None
    if spec.trains:
        assert corpus is not None
        trained = pretraining.train(method, corpus, context)
        arithmetic = precision.resolve(method.options.precision, context.device)
    else:
        method.fit(context)
    card = {
        "input": job.input or method.input.to_json(),
        "steps": length.steps,
        "facts": job.facts | computed,
        "losses": trained.losses,
        "curve": trained.curve,
        "features": trained.features,
        "synthetic": corpus.synthetic if corpus else None,
    }
    return _Product(method.export(), card, trained.warnings, trained.seconds, arithmetic)


def _train_oracle(job: PretrainJob, context: Context) -> _Product:
    begun = time.monotonic()
    trained = oracle.train(job, context)
    card = {
        "input": job.input or normalisation_of(RANDOM).to_json(),
        "steps": trained.steps,
        "losses": {},
        "facts": {"steps": trained.steps},
        "synthetic": None,
    }
    assert job.protocol is not None
    arithmetic = precision.resolve(job.protocol.schedule.precision, context.device)
    return _Product(trained.weights, card, trained.warnings, time.monotonic() - begun, arithmetic)


def _fine_tune(
    cell: Cell,
    store: Store,
    report: Progress,
    device: torch.device,
    threads: int,
    predictions: int,
    tensorboard: str | None,
) -> Record:
    protocol, folder = cell.protocol, Path(cell.data)
    index = folder / INDEX
    changed = index.stat().st_mtime_ns if index.exists() else 0
    pool = _pool(protocol.model_dump_json(exclude_unset=True), folder, changed)
    data, parts = pool.data, pool.parts
    task: Task = tasks.get(protocol.task).load()(protocol, data)
    train = pool.draw(read_amount(cell.labels) if cell.labels else share(cell.fraction), cell.subset_seed)
    _write_subset(cell, store, task, train, cell.fraction * len(pool))
    torch.set_num_threads(threads)
    kept, card = weights.load(store.weights(cell.pretrain.key)), store.card(cell.pretrain.key)
    drawn = store.root / "predictions" / cell.key
    features = FeatureStore(store.root / "features")
    curves = folder_of(tensorboard, cell.label, cell.key)
    context = Context(device, store.job(cell.key), cell.train_seed, report, drawn, predictions, features, curves)
    corpus = Corpus.open(Path(cell.corpus)) if cell.corpus else None
    start = Start(cell.pretrain.backbone, kept.state, kept.input, corpus, cell.pretrain.key)
    result = task.run(start, train, parts, context)
    spent = card.get("cost", {})
    return Record(
        key=cell.key,
        study=cell.study,
        row=cell.row,
        axes=cell.axes,
        method=cell.pretrain.method,
        options=cell.pretrain.identity,
        backbone=cell.backbone,
        task=protocol.task,
        dataset=protocol.dataset,
        protocol=protocol.id,
        protocol_hash=protocol.hash,
        fraction=cell.fraction,
        seed=cell.seed,
        seeds={"pretrain": cell.pretrain.seed, "subset": cell.subset_seed, "train": cell.train_seed},
        weights=cell.pretrain.key,
        corpus=cell.pretrain.corpus_hash,
        metric=protocol.metric,
        metrics=result.metrics,
        outcomes=_write_outcomes(cell, store, task, parts, result),
        counts=_counts(task, train, parts, result),
        labels=cell.labels,
        design=_design(task, parts, result) | cell.design,
        trivial=task.trivial(train, parts.test),
        tuned=result.tuned,
        settled=result.settled,
        pretraining=card.get("facts", {}),
        warnings=card.get("warnings", {})
        | {f"tuning-{name}": text for name, text in result.warnings.items()}
        | cell.warnings,
        synthetic=data.synthetic,
        synthetic_corpus=card.get("synthetic"),
        provenance=_provenance(cell, card, device, threads),
        cost={
            "train_seconds": round(result.train_seconds, 3),
            "eval_seconds": round(result.test_seconds, 3),
            "peak_rss_mib": peak_rss_mib(),
            **({"pretrain_seconds": spent["steps_seconds"]} if "steps_seconds" in spent else {}),
        },
    )


def _provenance(cell: Cell, card: dict[str, Any], device: torch.device, threads: int) -> dict[str, Any]:
    """Where a cell was computed, by which versions of its method and task, and where its weights were."""
    code = {
        "method": methods.get(cell.pretrain.method).version,
        "task": tasks.get(cell.protocol.task).version,
    }
    here = provenance.describe(device, threads, backbones.get(cell.pretrain.backbone).library)
    schedule = cell.protocol.schedule
    trained = {"precision": precision.resolve(schedule.precision, device)} if cell.protocol.trains else {}
    return here | trained | {"code": code, "weights": provenance.of_weights(card)}


@lru_cache(maxsize=2)
def _pool(protocol: str, folder: Path, changed: int) -> Pool:
    """A prepared set and its training part, opened once for the cells that a worker does one after the other.

    Args:
        protocol: as JSON.
        folder: of the set.
        changed: when its index changed last; another time opens it again.
    """
    del changed
    return Pool(Protocol.model_validate_json(protocol), Prepared.open(folder))


def _write_outcomes(cell: Cell, store: Store, task: Task, parts: Parts, result: Result) -> str | None:
    if result.outcomes is None:
        return None
    sources = task.data.sources
    return store.write_outcomes(cell.key, Evidence(result.outcomes, parts.test, [sources[at] for at in parts.test]))


def _counts(task: Task, train: list[int], parts: Parts, result: Result) -> dict[str, int]:
    """Samples by what they were used for; see `Record.counts`."""
    drawn, selecting = set(train), set(result.selected_on)
    return {
        "train": len(train),
        "train_all": len(parts.train),
        "val": len(parts.val),
        "test": len(parts.test),
        "steps": result.steps,
        "classes": len(task.scheme.classes),
        "labels_used": len(drawn | selecting),
        "selection": len(drawn & selecting),
        "beyond": len(selecting - drawn),
    }


def _design(task: Task, parts: Parts, result: Result) -> dict[str, str]:
    """Words of the protocol that a reader of the number needs; see `Record.design`."""
    protocol, sources, places = task.protocol, task.data.sources, task.data.places
    shared = {sources[at] for at in parts.train} & {sources[at] for at in parts.test}
    leaky = "images" if shared else "places"
    shared |= {places[at] for at in parts.train} & {places[at] for at in parts.test}
    words = {
        "selection": result.selection,
        "draw": protocol.draw,
        "bn": protocol.bn,
        "split": protocol.split.by,
        "length": protocol.schedule.length,
    }
    return (
        words
        | ({"val": f"{HELD_BACK:.0%} of the training part"} if parts.val_from_train else {})
        | ({"leaky": f"{leaky} of the test part lie in the training part too"} if shared else {})
        | ({"of": protocol.of} if protocol.of else {})
        | result.design
    )


def _write_subset(cell: Cell, store: Store, task: Task, train: list[int], asked: float) -> None:
    strata, names = task.strata(train), task.data.names
    manifest = {
        "protocol": cell.protocol.id,
        "data": task.data.hash,
        "subset_seed": cell.subset_seed,
        "fraction": cell.fraction,
        "labels": cell.labels,
        "draw": cell.protocol.draw,
        "asked": asked,
        "count": len(train),
        "strata": {str(stratum): strata.count(stratum) for stratum in sorted(set(strata))},
        "samples": [names[i] for i in train],
    }
    # The protocol by its content: its split and its draw say what a fraction and a seed stand for.
    key = content_hash(
        [cell.protocol.hash, *(manifest[name] for name in ("data", "subset_seed", "fraction", "labels"))]
    )
    store.write_subset(key, manifest | {"hash": content_hash(manifest["samples"])})
