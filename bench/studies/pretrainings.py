"""The pretrainings of a study: which corpus, seed and options each starts from, and its key."""

from collections.abc import Callable
from typing import Any

import methods
import tasks
from bench.backbones.sources import RANDOM
from bench.core.bands import RGB, Bands
from bench.core.errors import StudyError
from bench.core.keys import content_hash
from bench.core.seeding import derive
from bench.corpus.storage.reader import Corpus
from bench.pretraining.facts import ImageFacts
from bench.pretraining.options import PretrainOptions
from bench.studies.budget import fit
from bench.studies.images import images_of
from bench.studies.inputs import Inputs
from bench.studies.jobs import PretrainJob
from bench.studies.references import missing_references
from bench.studies.rows import Row
from bench.studies.study import Study
from bench.studies.tuning.ledger import find_ledger
from tasks.protocols import Protocol

# A row's pretraining: row, backbone, number of its draw, and the protocol that an oracle learns.
Slot = tuple[str, str, int, str | None]


def slot_of(study: Study, row: Row, backbone: str, seed: int, protocol: Protocol) -> Slot:
    """The pretraining that a cell of a row starts from: all subsets of a repeat share one."""
    draw = seed // protocol.subsets % study.pretrainings_of(row)
    return row.name, backbone, draw, protocol.id if methods.get(row.method).learns_protocol else None


def pretrain_jobs(study: Study, inputs: Inputs, rows: list[Row], protocols: list[Protocol]) -> dict[Slot, PretrainJob]:
    """The pretrainings of some rows by row, backbone and number of the draw; without oracles and missing references.

    Where no corpus tells what the images are, the protocols' data sets do.
    """
    rows = [row for row in rows if not methods.get(row.method).learns_protocol]
    read, absent = _corpora_of(study, inputs, rows), missing_references(study)
    # What a row without a corpus sees is what the others see.
    first: ImageFacts | None = next(iter(read.values()), None)
    if first is None and rows and protocols:
        first = images_of([(protocol, inputs.dataset(study, protocol)) for protocol in protocols])
    jobs: dict[Slot, PretrainJob] = {}
    for row in rows:
        corpus = read.get(row.name)
        images = corpus or first
        for backbone in filter(row.on, study.backbones):
            if (row.name, backbone) in absent:
                continue
            used = corpus if study.reads_corpus(row, backbone) else None
            budget = study.budget_of(row)
            options = fit(inputs.fill(study.options_of(row)), budget, row.name, row.method, backbone, used)
            if used:
                options.check(used)
            make = _pretrainings_of(row, options, backbone, used, images)
            for draw in range(study.pretrainings_of(row)):
                jobs[row.name, backbone, draw, None] = make(derive(study.seed, "pretrain", row.repeat_from + draw))
    return _with_trials(study, jobs)


def oracle_jobs(study: Study, inputs: Inputs, protocols: list[Protocol]) -> dict[Slot, PretrainJob]:
    """The oracles of a study: each learns one protocol, under seeds that no cell of any study uses."""
    rows = [row for row in study.rows() if methods.get(row.method).learns_protocol]
    return {
        (row.name, backbone, draw, protocol.id): _oracle_job(
            row, backbone, derive(study.seed, "oracle", row.repeat_from + draw), protocol, study, inputs
        )
        for row in rows
        for protocol in protocols
        for backbone in filter(row.on, study.backbones)
        for draw in range(study.pretrainings_of(row))
    }


def readers(study: Study, rows: list[Row]) -> list[Row]:
    """The rows that read the corpus, for one of the backbones at least."""
    return [row for row in rows if any(study.reads_corpus(row, backbone) for backbone in study.backbones)]


def _corpora_of(study: Study, inputs: Inputs, rows: list[Row]) -> dict[str, Corpus]:
    """The corpora of the rows that read one, by the row's name."""
    found = {}
    for row in readers(study, rows):
        found[row.name] = corpus = inputs.corpus(study, row)
        has = {"tiles": True, "landcover": corpus.has_landcover, "maps": corpus.maps_hash is not None}
        offers = {need for need, there in has.items() if there}
        options = study.options_of(row)
        missing = sorted(methods.get(row.method).needs - offers - options.offers())
        if missing:
            where = next(filter(None, map(options.remedy, missing)), "build it with --landcover or --classes-as")
            raise StudyError(
                f"method {row.name} needs {', '.join(missing)}, which corpus {corpus.path} does not have: "
                f"{where}, or leave the method out"
            )
    return found


def _with_trials(study: Study, jobs: dict[Slot, PretrainJob]) -> dict[Slot, PretrainJob]:
    """Tell of each training how many trials chose its options, where the study names the ledger."""
    if study.tuned_by is None:
        return jobs
    ledger, rows = find_ledger(study.tuned_by), {row.name: row for row in study.rows()}
    for slot, job in jobs.items():
        row = rows[slot[0]]
        if methods.get(row.method).trains:
            trials = ledger.trials_behind(row.method, {**study.options.get(row.method, {}), **row.options})
            jobs[slot] = job.model_copy(update={"facts": job.facts | {"trials": trials}})
    return jobs


def _pretrainings_of(
    row: Row, options: PretrainOptions, backbone: str, used: Corpus | None, images: ImageFacts | None
) -> Callable[[int], PretrainJob]:
    """What makes the pretraining of a row by its seed, on a corpus where the row reads one."""
    spec = methods.get(row.method)
    network = spec.network or backbone
    bands = images.bands if images else RGB
    options.check_bands(bands)
    identity: dict[str, Any] = {
        "method": row.method,
        "method_version": spec.version,
        "options": options.identity()
        | (options.content_of(used) if used else {})
        | (options.input_of(images) if images else {}),
        "backbone": network,
        "corpus": used.hash if used else None,
        **_named(bands),
    }
    facts = options.facts(len(used) if used else 0) | options.loaded(network, bands)
    job = PretrainJob(
        key="",
        row=row.label,
        method=row.method,
        options=options.model_dump(mode="json"),
        identity=identity["options"],
        backbone=network,
        corpus=str(used.path.resolve()) if used else None,
        corpus_hash=used.hash if used else None,
        seed=0,
        facts=facts.values,
        warnings=facts.warnings,
        bands=bands,
        input=None if used or images is None else _input(options, images),
    )
    return lambda seed: job.model_copy(update={"key": content_hash(identity | {"seed": seed}), "seed": seed})


def _oracle_job(row: Row, backbone: str, seed: int, protocol: Protocol, study: Study, inputs: Inputs) -> PretrainJob:
    data = inputs.dataset(study, protocol)
    images = images_of([(protocol, data)])
    identity: dict[str, Any] = {
        "method": row.method,
        "method_version": methods.get(row.method).version,
        "backbone": backbone,
        "protocol": protocol.hash,
        "task_version": tasks.get(protocol.task).version,
        "data": data.hash,
        "seed": seed,
    }
    return PretrainJob(
        key=content_hash(identity),
        row=row.label,
        method=row.method,
        options={},
        identity={},
        backbone=backbone,
        corpus=None,
        corpus_hash=None,
        seed=seed,
        bands=images.bands,
        input=_input(PretrainOptions(), images),
        protocol=protocol,
        data=str(data.path.resolve()),
    )


def _input(options: PretrainOptions, images: ImageFacts) -> dict[str, Any] | None:
    """The input statistics of what trains on no corpus; None where the method says them."""
    if images.bands == RGB:
        return None
    own = options.starts_at() == RANDOM and not isinstance(images, Corpus)
    source = {"source": "the data set's own"} if own else {}
    return options.normalisation(images).to_json() | source


def _named(bands: Bands) -> dict[str, Any]:
    """Bands as they enter a key: not at all where they are 8-bit red, green and blue."""
    return {} if bands == RGB else {"bands": [*bands.names, bands.values]}
