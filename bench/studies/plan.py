"""The plan: a study's grid as pretrain jobs and cells with their keys."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import methods
import tasks
from bench import backbones
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
from bench.studies.references import missing_references
from bench.studies.study import Row, Study
from bench.studies.tuning.ledger import find_ledger
from tasks.pools import Drawn, Pool
from tasks.protocols import Protocol
from tasks.subsets import subset_seed

Job = TypeVar("Job", PretrainJob, Cell)
# A row's pretraining: row, backbone, number of its draw, and the protocol that an oracle learns.
Slot = tuple[str, str, int, str | None]


@dataclass(frozen=True)
class Plan:
    """What a study consists of, whether done or not; cells are in the order of the study's lists.

    Two rows may share a pretraining or a cell under different names; each job is run once.

    Attributes:
        pretrains, cells: the jobs.
        left_out: what the grid has and the plan has not, a line each.
    """

    pretrains: list[PretrainJob]
    cells: list[Cell]
    left_out: tuple[str, ...] = ()

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
        StudyError: a method needs what the corpus does not offer, an option or a data set does not fit it, or more labels
            are asked than a data set has.
        CorpusError, DataError: the corpus or a data set is absent or broken.
    """
    check_seeds(study)
    protocols, absent = study.all_protocols(), missing_references(study)
    _check_protocols(study, protocols)
    rows = entering_rows(study, protocols)
    _check_bands(study, inputs, protocols, rows)
    jobs = pretrain_jobs(study, inputs, rows, protocols) | _oracle_jobs(study, inputs, protocols)
    drawn = {p.id: Pool(p, inputs.dataset(study, p)).distinct(study.amounts_of(p)) for p in protocols}
    cells = [
        _cell(study, row, backbone, jobs[_slot(study, row, backbone, seed, protocol)], inputs, protocol, amount, seed)
        for protocol in protocols
        for backbone in study.backbones
        for row in rows
        if _takes(protocol, row) and (row.name, backbone) not in absent
        for amount in drawn[protocol.id]
        for seed in range(study.seeds)
    ]
    missed = tuple(left_out(study, protocols))
    if missed and not cells:
        raise StudyError(f"study {study.name}: {'; '.join(missed)}, and nothing is left: ask for a task that probes")
    return Plan(_distinct(jobs.values()), cells, missed)


def _takes(protocol: Protocol, row: Row) -> bool:
    """Whether a row can enter a protocol: fixed features cannot be fine-tuned."""
    return methods.get(row.method).network is None or tasks.get(protocol.task).frozen


def left_out(study: Study, protocols: list[Protocol]) -> Iterator[str]:
    """Rows that cannot enter a protocol, and references whose weights are absent, a line each."""
    for row in study.rows():
        ids = [protocol.id for protocol in protocols if not _takes(protocol, row)]
        if ids:
            yield f"{row.name} gives fixed features, which can only be probed: left out of {', '.join(ids)}"
    yield from missing_references(study).values()


def entering_rows(study: Study, protocols: list[Protocol]) -> list[Row]:
    """The rows that can enter one of the protocols, where there are any."""
    rows = study.rows()
    return [row for row in rows if any(_takes(protocol, row) for protocol in protocols)] if protocols else rows


def reads_corpus(study: Study, row: Row, backbone: str) -> bool:
    """Whether a row looks at the study's corpus, to train on it or for statistics alone."""
    if "tiles" in methods.get(row.method).needs:
        return True
    return study.corpus is not None and study.options_of(row).reads_corpus(backbones.get(backbone))


def plan_pretraining(study: Study, inputs: Inputs) -> Plan:
    """Lay out a study's pretrainings alone, all of each row but oracles; raises as `make_plan`.

    No data set is opened: without a corpus, initialisations are for 8-bit red, green and blue.
    """
    jobs = pretrain_jobs(study, inputs, study.rows(), [])
    return Plan(_distinct(jobs.values()), [], tuple(left_out(study, [])))


def check_seeds(study: Study) -> None:
    """Refuse repeats that would start from some pretrainings more often than from others."""
    draws, seeds = study.pretrainings, study.seeds
    if seeds % draws:
        raise StudyError(
            f"seeds: {seeds} is no multiple of pretrain_seeds: {draws}, so some pretrainings would count more than "
            f"others: write seeds: {draws * max(1, round(seeds / draws))}, or another pretrain_seeds"
        )


def _slot(study: Study, row: Row, backbone: str, seed: int, protocol: Protocol) -> Slot:
    """The pretraining that a repeat of a row starts from."""
    draw = seed % study.pretrainings_of(row)
    return row.name, backbone, draw, protocol.id if methods.get(row.method).learns_protocol else None


def pretrain_jobs(study: Study, inputs: Inputs, rows: list[Row], protocols: list[Protocol]) -> dict[Slot, PretrainJob]:
    """The pretrainings of some rows by row, backbone and number of the draw; without oracles and missing references.

    Where no corpus tells what the images are, the protocols' data sets do.
    """
    rows = [row for row in rows if not methods.get(row.method).learns_protocol]
    corpus, absent = _corpus_for(study, inputs, rows), missing_references(study)
    images: ImageFacts | None = corpus
    if corpus is None and rows and protocols:
        images = images_of([(protocol, inputs.dataset(study, protocol)) for protocol in protocols])
    jobs: dict[Slot, PretrainJob] = {}
    for row in rows:
        for backbone in study.backbones:
            if (row.name, backbone) in absent:
                continue
            used = corpus if reads_corpus(study, row, backbone) else None
            options = fit(inputs.fill(study.options_of(row)), study.budget, row.name, row.method, backbone, used)
            if used:
                options.check(used)
            for draw in range(study.pretrainings_of(row)):
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


def _oracle_jobs(study: Study, inputs: Inputs, protocols: list[Protocol]) -> dict[Slot, PretrainJob]:
    """The oracles of a study: each learns one protocol, under seeds that no cell of any study uses."""
    rows = [row for row in study.rows() if methods.get(row.method).learns_protocol]
    return {
        (row.name, backbone, draw, protocol.id): _oracle_job(
            row, backbone, derive(study.seed, "oracle", row.repeat_from + draw), protocol, study, inputs
        )
        for row in rows
        for protocol in protocols
        for backbone in study.backbones
        for draw in range(study.pretrainings_of(row))
    }


def _readers(study: Study, rows: list[Row]) -> list[Row]:
    """The rows that read the corpus, for one of the backbones at least."""
    return [row for row in rows if any(reads_corpus(study, row, backbone) for backbone in study.backbones)]


def _corpus_for(study: Study, inputs: Inputs, rows: list[Row]) -> Corpus | None:
    readers = _readers(study, rows)
    if not readers:
        return None
    corpus = inputs.corpus(study)
    offers = {"tiles"} | ({"landcover"} if corpus.has_landcover else set())
    for row in readers:
        options = study.options_of(row)
        missing = sorted(methods.get(row.method).needs - offers - options.offers())
        if missing:
            where = next(filter(None, map(options.remedy, missing)), "build it with --landcover")
            raise StudyError(
                f"method {row.name} needs {', '.join(missing)}, which corpus {corpus.path} does not have: "
                f"{where}, or leave the method out"
            )
    return corpus


def _check_protocols(study: Study, protocols: list[Protocol]) -> None:
    """Refuse what a task cannot do: see `TaskSpec.check`; an oracle learns nothing where no network is trained."""
    oracle = next((row.name for row in study.rows() if methods.get(row.method).learns_protocol), None)
    for protocol in protocols:
        tasks.get(protocol.task).check(protocol)
        if oracle and not protocol.trains:
            raise StudyError(
                f"protocol {protocol.id} trains no network, which {oracle} learns from: leave one of them out"
            )


def _check_bands(study: Study, inputs: Inputs, protocols: list[Protocol], rows: list[Row]) -> None:
    """Refuse a data set whose images have other bands than the corpus that rows learn or take statistics from."""
    trained = bool(_readers(study, rows))
    for protocol in protocols:
        if not trained and protocol.bn != "corpus":
            continue
        corpus = inputs.corpus(study)
        data = inputs.dataset(study, protocol)
        if data.bands != corpus.bands:
            raise StudyError(
                f"protocol {protocol.id}: {data.path} has {data.bands}, corpus {corpus.path} has {corpus.bands}: prepare "
                "the data set with the corpus' bands, or leave the protocol out"
            )


def _pretrain_job(
    row: Row, options: PretrainOptions, backbone: str, seed: int, used: Corpus | None, images: ImageFacts | None
) -> PretrainJob:
    """One pretraining of a row, on a corpus where the row reads one."""
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
        backbone=network,
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
    study: Study,
    row: Row,
    backbone: str,
    job: PretrainJob,
    inputs: Inputs,
    protocol: Protocol,
    amount: Drawn,
    seed: int,
) -> Cell:
    data = inputs.dataset(study, protocol)
    board = backbone if job.backbone != backbone else None
    # The subset seed does not depend on the protocol's schedule or on the method: twins share their subsets.
    drawn_by = subset_seed(study.seed, seed)
    train_seed = derive(study.seed, "train", seed)
    corpus = inputs.corpus(study) if protocol.bn == "corpus" else None
    identity = {
        "weights": job.key,
        "protocol": protocol.hash,
        "task_version": tasks.get(protocol.task).version,
        "data": data.hash,
        "fraction": amount.fraction,
        "subset_seed": drawn_by,
        "train_seed": train_seed,
        **({"board": board} if board else {}),
        **({"shots": amount.shots} if amount.shots else {}),
        **({"corpus": corpus.hash} if corpus else {}),
    }
    return Cell(
        key=content_hash(identity),
        study=study.name,
        row=row.label,
        pretrain=job,
        board=board,
        protocol=protocol,
        data=str(data.path.resolve()),
        fraction=amount.fraction,
        labels=amount.labels,
        corpus=str(corpus.path.resolve()) if corpus else None,
        seed=seed,
        subset_seed=drawn_by,
        train_seed=train_seed,
    )
