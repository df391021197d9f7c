"""The plan: a study's grid as pretrain jobs and cells with their keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import methods
import tasks
from bench.core.bands import RGB, Bands
from bench.core.errors import StudyError
from bench.core.keys import content_hash
from bench.core.seeding import derive
from bench.corpus.storage.reader import Corpus
from bench.pretraining.options import ImageFacts, PretrainOptions
from bench.store.store import Store
from bench.studies.budget import fit
from bench.studies.images import images_of
from bench.studies.inputs import Inputs
from bench.studies.jobs import Cell, PretrainJob
from bench.studies.study import Row, Study
from bench.studies.tuning.ledger import find_ledger
from tasks.protocols import Protocol

Job = TypeVar("Job", PretrainJob, Cell)
# A row's pretraining: row, backbone, draw, and the protocol that an oracle learns.
Slot = tuple[str, str, int, str | None]


@dataclass(frozen=True)
class Plan:
    """What a study consists of, whether done or not; cells are in the order of the study's lists.

    Two rows may share a pretraining or a cell under different names; each job is run once.
    """

    pretrains: list[PretrainJob]
    cells: list[Cell]

    def open_cells(self, store: Store, *, retry_failed: bool = False) -> list[Cell]:
        """Cells without a record; those that diverged, or whose pretraining did, only where they are to be retried."""
        cells = [cell for cell in self.cells if not store.has_record(cell.key)]
        return _distinct(cell for cell in cells if retry_failed or _stopped(cell, store) is None)

    def open_pretrains(self, store: Store, *, retry_failed: bool = False) -> list[PretrainJob]:
        """Pretrainings without weights that an open cell waits for; in a plan without cells, all without weights."""
        cells = self.open_cells(store, retry_failed=retry_failed)
        wanted = {cell.pretrain.key for cell in cells} if self.cells else {job.key for job in self.pretrains}
        jobs = [job for job in self.pretrains if job.key in wanted and not store.has_weights(job.key)]
        return [job for job in jobs if retry_failed or store.diverged(job.key) is None]

    def failed(self, store: Store) -> list[tuple[PretrainJob | Cell, str]]:
        """Jobs that diverged, and cells whose pretraining did, each with its reason."""
        jobs: list[PretrainJob | Cell] = [job for job in self.pretrains if not store.has_weights(job.key)]
        jobs += _distinct(cell for cell in self.cells if not store.has_record(cell.key))
        return [(job, reason) for job in jobs if (reason := _stopped(job, store)) is not None]


def _stopped(job: PretrainJob | Cell, store: Store) -> str | None:
    """Why a job is not tried again by itself; None where it is."""
    own = store.diverged(job.key)
    if own is not None or isinstance(job, PretrainJob) or store.has_weights(job.pretrain.key):
        return own
    reason = store.diverged(job.pretrain.key)
    return None if reason is None else f"its pretraining failed: {reason}"


def _distinct(jobs: Iterable[Job]) -> list[Job]:
    return list({job.key: job for job in jobs}.values())


def make_plan(study: Study, inputs: Inputs) -> Plan:
    """Lay out a study's grid.

    Raises:
        StudyError: a method needs what the corpus does not offer, or an option or a data set does not fit it.
        CorpusError, DataError: the corpus or a data set is absent or broken.
    """
    draws = min(study.pretrainings, study.seeds)
    protocols = study.all_protocols()
    _check_bands(study, inputs, protocols)
    jobs = _pretrain_jobs(study, inputs, protocols, draws) | _oracle_jobs(study, inputs, protocols, draws)
    cells = [
        _cell(study, row, jobs[_slot(row, backbone, seed % draws, protocol)], inputs, protocol, fraction, seed)
        for protocol in protocols
        for backbone in study.backbones
        for row in study.rows()
        for fraction in dict.fromkeys(study.fractions or protocol.fractions)
        for seed in range(study.seeds)
    ]
    return Plan(_distinct(jobs.values()), cells)


def plan_pretraining(study: Study, inputs: Inputs) -> Plan:
    """Lay out a study's pretrainings alone, `pretrain_seeds` of each row but oracles; raises as `make_plan`.

    No data set is opened: without a corpus, initialisations are for 8-bit red, green and blue.
    """
    return Plan(_distinct(_pretrain_jobs(study, inputs, [], study.pretrainings).values()), [])


def _slot(row: Row, backbone: str, draw: int, protocol: Protocol) -> Slot:
    return row.name, backbone, draw, protocol.id if methods.get(row.method).learns_protocol else None


def _pretrain_jobs(study: Study, inputs: Inputs, protocols: list[Protocol], draws: int) -> dict[Slot, PretrainJob]:
    """The pretrainings of a study by row, backbone and draw."""
    corpus = _corpus_for(study, inputs)
    rows = [row for row in study.rows() if not methods.get(row.method).learns_protocol]
    images: ImageFacts | None = corpus
    if corpus is None and rows and protocols:
        images = images_of([(protocol, inputs.dataset(study, protocol)) for protocol in protocols])
    jobs: dict[Slot, PretrainJob] = {}
    for row in rows:
        used = corpus if methods.get(row.method).trains else None
        for backbone in study.backbones:
            options = fit(inputs.fill(study.options_of(row)), study.budget, row.name, row.method, backbone, used)
            if used:
                options.check(used)
            for draw in range(draws):
                seed = derive(study.seed, "pretrain", row.repeat_from + draw)
                jobs[row.name, backbone, draw, None] = _pretrain_job(row, options, backbone, seed, used, images)
    return _with_trials(study, jobs)


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


def _oracle_jobs(study: Study, inputs: Inputs, protocols: list[Protocol], draws: int) -> dict[Slot, PretrainJob]:
    """The oracles of a study: each learns one protocol, under seeds that no cell of any study uses."""
    rows = [row for row in study.rows() if methods.get(row.method).learns_protocol]
    return {
        (row.name, backbone, draw, protocol.id): _oracle_job(
            row, backbone, derive(study.seed, "oracle", row.repeat_from + draw), protocol, study, inputs
        )
        for row in rows
        for protocol in protocols
        for backbone in study.backbones
        for draw in range(draws)
    }


def _corpus_for(study: Study, inputs: Inputs) -> Corpus | None:
    trained = [row for row in study.rows() if methods.get(row.method).trains]
    if not trained:
        return None
    corpus = inputs.corpus(study)
    offers = {"tiles"} | ({"landcover"} if corpus.has_landcover else set())
    for row in trained:
        options = study.options_of(row)
        missing = sorted(methods.get(row.method).needs - offers - options.offers())
        if missing:
            where = next(filter(None, map(options.remedy, missing)), "build it with --landcover")
            raise StudyError(
                f"method {row.name} needs {', '.join(missing)}, which corpus {corpus.path} does not have: "
                f"{where}, or leave the method out"
            )
    return corpus


def _check_bands(study: Study, inputs: Inputs, protocols: list[Protocol]) -> None:
    """Refuse a data set whose images have other bands than the corpus that the study's backbones learn from."""
    if not any(methods.get(row.method).trains for row in study.rows()):
        return
    corpus = inputs.corpus(study)
    for protocol in protocols:
        data = inputs.dataset(study, protocol)
        if data.bands != corpus.bands:
            raise StudyError(
                f"protocol {protocol.id}: {data.path} has {data.bands}, corpus {corpus.path} has {corpus.bands}: prepare "
                "the data set with the corpus' bands, or leave the protocol out"
            )


def _pretrain_job(
    row: Row, options: PretrainOptions, backbone: str, seed: int, used: Corpus | None, images: ImageFacts | None
) -> PretrainJob:
    """The pretraining of a row with these options; `used` is the corpus that it trains on, if any."""
    spec = methods.get(row.method)
    bands = images.bands if images else RGB
    options.check_bands(bands)
    identity: dict[str, Any] = {
        "method": row.method,
        "method_version": spec.version,
        "options": options.identity()
        | (options.content_of(used) if used else {})
        | (options.input_of(images) if images else {}),
        "backbone": backbone,
        "corpus": used.hash if used else None,
        "seed": seed,
        **_named(bands),
    }
    facts = options.facts(len(used) if used else 0)
    return PretrainJob(
        key=content_hash(identity),
        row=row.label,
        method=row.method,
        options=options.model_dump(mode="json"),
        identity=identity["options"],
        backbone=backbone,
        corpus=str(used.path.resolve()) if used else None,
        corpus_hash=used.hash if used else None,
        seed=seed,
        facts=facts.values,
        warnings=facts.warnings,
        bands=bands,
        input=None if used or images is None else _input(options, images),
    )


def _input(options: PretrainOptions, images: ImageFacts) -> dict[str, Any] | None:
    """The input statistics of what trains on no corpus; None where the method says them."""
    if images.bands == RGB:
        return None
    source = {} if isinstance(images, Corpus) else {"source": "the data set's own"}
    return options.normalisation(images).to_json() | source


def _named(bands: Bands) -> dict[str, Any]:
    """Bands as they enter a key: not at all where they are 8-bit red, green and blue."""
    return {} if bands == RGB else {"bands": [*bands.names, bands.values]}


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


def _cell(
    study: Study, row: Row, job: PretrainJob, inputs: Inputs, protocol: Protocol, fraction: float, seed: int
) -> Cell:
    data = inputs.dataset(study, protocol)
    # The subset seed does not depend on the protocol's schedule or on the method: twins share their subsets.
    subset_seed = derive(study.seed, "subset", seed)
    train_seed = derive(study.seed, "train", seed)
    identity = {
        "weights": job.key,
        "protocol": protocol.hash,
        "task_version": tasks.get(protocol.task).version,
        "data": data.hash,
        "fraction": fraction,
        "subset_seed": subset_seed,
        "train_seed": train_seed,
    }
    return Cell(
        key=content_hash(identity),
        study=study.name,
        row=row.label,
        pretrain=job,
        protocol=protocol,
        data=str(data.path.resolve()),
        fraction=fraction,
        seed=seed,
        subset_seed=subset_seed,
        train_seed=train_seed,
    )
