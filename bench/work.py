"""What a worker does: one pretraining or one cell, from its claim to its product in the store."""

import resource
import time
from pathlib import Path
from typing import Any

import torch

import methods
import tasks
from bench import backbones, pretraining, provenance, weights
from bench.backbones.initial import load_initial
from bench.corpus.reader import Corpus
from bench.determinism import make_deterministic
from bench.engines.call import Report
from bench.errors import StoreError
from bench.jobs import Cell, PretrainJob
from bench.keys import content_hash
from bench.method import Length, Method
from bench.options import TrainingOptions
from bench.records import Record
from bench.store import Store
from tasks.prepared import Prepared
from tasks.subsets import chain, size_at
from tasks.task import Place, Start, Task

# What a call returns: it did the work, found it done, or found another process at it.
DONE, FOUND, BUSY = "done", "found", "busy"


def pretrain(report: Report, *, job: dict[str, Any], store: str, device: str, threads: int) -> str:
    """Pretrain, or take up a pretraining that was interrupted, and write its weights."""
    wanted, place = PretrainJob.model_validate(job), Store(Path(store))
    with place.claim(wanted.key) as ours:
        if place.has_weights(wanted.key):
            return FOUND
        if not ours:
            return BUSY
        _pretrain(wanted, place, report, _device(device), threads)
    return DONE


def fine_tune(report: Report, *, cell: dict[str, Any], store: str, device: str, threads: int, panels: int = 0) -> str:
    """Fine-tune from a pretraining's weights and write the record, and pictures of `panels` test samples."""
    wanted, place = Cell.model_validate(cell), Store(Path(store))
    with place.claim(wanted.key) as ours:
        if place.has_record(wanted.key):
            return FOUND
        if not ours:
            return BUSY
        place.write_record(_fine_tune(wanted, place, report, _device(device), threads, panels))
    return DONE


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise StoreError(f"device {name} is not available here: use --device cpu")
    return torch.device(name)


def _pretrain(job: PretrainJob, store: Store, report: Report, device: torch.device, threads: int) -> None:
    spec = methods.get(job.method)
    options = spec.options.model_validate(job.options)
    corpus = Corpus.open(Path(job.corpus)) if job.corpus else None
    make_deterministic(job.seed, threads)
    backbone = backbones.build(job.backbone)
    if isinstance(options, TrainingOptions):
        load_initial(backbone, options.init)
    length = Length(0, 0)
    if corpus is not None and isinstance(options, TrainingOptions):
        length = pretraining.length_of(corpus, options)
    method: Method[Any] = spec.load()(backbone, options, corpus, length)
    begun = time.monotonic()
    losses: dict[str, float] = {}
    checkpoint = store.job(job.key) / "checkpoint.pt"
    if corpus is not None:
        losses = pretraining.train(method, corpus, job.seed, pretraining.Place(device, checkpoint, report))
    card = {
        **job.model_dump(mode="json", exclude={"corpus", "identity"}),
        "options": job.identity,
        "method_version": spec.version,
        "input": {"mean": list(backbone.mean), "std": list(backbone.std), "range": [0, 1], "channels": "RGB"},
        "steps": length.steps,
        "losses": losses,
        "provenance": provenance.describe(device, threads),
        "cost": {"train_seconds": round(time.monotonic() - begun, 3), "peak_rss_mib": _peak_rss_mib()},
    }
    weights.save(store.weights(job.key), method.export(), card)
    checkpoint.unlink(missing_ok=True)


def _fine_tune(cell: Cell, store: Store, report: Report, device: torch.device, threads: int, panels: int) -> Record:
    protocol = cell.protocol
    data = Prepared.open(Path(cell.data))
    task: Task = tasks.get(protocol.task).load()(protocol, data)
    parts = task.parts()
    names = data.names
    order = chain([names[i] for i in parts.train], task.strata(parts.train), cell.subset_seed)
    count = size_at(cell.fraction, len(order))
    train = [parts.train[i] for i in order[:count]]
    _write_subset(cell, store, task, train, names, cell.fraction * len(order))
    torch.set_num_threads(threads)
    start = Start(cell.pretrain.backbone, weights.load(store.weights(cell.pretrain.key)))
    pictures = store.root / "predictions" / cell.key
    place = Place(device, store.job(cell.key), cell.train_seed, report, pictures, panels)
    result = task.run(start, train, parts, place)
    return Record(
        key=cell.key,
        study=cell.study,
        method=cell.pretrain.method,
        options=cell.pretrain.identity,
        backbone=cell.pretrain.backbone,
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
        counts={
            "train": len(train),
            "train_all": len(parts.train),
            "val": len(parts.val),
            "test": len(parts.test),
            "steps": result.steps,
        },
        synthetic=data.synthetic,
        provenance=provenance.describe(device, threads)
        | {"code": {"method": methods.get(cell.pretrain.method).version, "task": tasks.get(protocol.task).version}},
        cost={
            "train_seconds": round(result.train_seconds, 3),
            "eval_seconds": round(result.test_seconds, 3),
            "peak_rss_mib": _peak_rss_mib(),
        },
    )


def _write_subset(cell: Cell, store: Store, task: Task, train: list[int], names: list[str], asked: float) -> None:
    strata = task.strata(train)
    manifest = {
        "protocol": cell.protocol.id,
        "data": task.data.hash,
        "subset_seed": cell.subset_seed,
        "fraction": cell.fraction,
        "asked": asked,
        "count": len(train),
        "strata": {str(stratum): strata.count(stratum) for stratum in sorted(set(strata))},
        "samples": [names[i] for i in train],
    }
    key = content_hash([manifest[name] for name in ("protocol", "data", "subset_seed", "fraction")])
    store.write_subset(key, manifest | {"hash": content_hash(manifest["samples"])})


def _peak_rss_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
