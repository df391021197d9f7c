"""The plan: a study's grid as pretrain jobs and cells with their keys."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import methods
import tasks
from bench import backbones
from bench.core.errors import StudyError
from bench.core.keys import content_hash
from bench.core.seeding import derive
from bench.store.plans import PlanFile, Planned
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.jobs import Cell, PretrainJob
from bench.studies.overlap import Overlap, label_words, overlaps
from bench.studies.pretrainings import Slot, oracle_jobs, pretrain_jobs, readers, slot_of
from bench.studies.references import missing_references
from bench.studies.rows import Row
from bench.studies.study import Study
from tasks.pools import Drawn, Pool
from tasks.protocols import Protocol
from tasks.subsets import subset_seed

Job = TypeVar("Job", PretrainJob, Cell)


@dataclass(frozen=True)
class Plan:
    """What a study consists of, whether done or not; cells are in the order of the study's lists.

    Two rows may share a pretraining or a cell under different names; each job is run once.

    Attributes:
        pretrains, cells: the jobs.
        left_out: what the grid has and the plan has not, a line each.
        overlaps: what of each test part lies under each corpus.
    """

    pretrains: list[PretrainJob]
    cells: list[Cell]
    left_out: tuple[str, ...] = ()
    overlaps: tuple[Overlap, ...] = ()

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

    def of_repeat(self, repeat: int) -> "Plan":
        """One block of the plan: the cells of one repeat, from 0, and the pretrainings that they start from.

        All rows of a repeat see the same labels, and have the same training seeds.
        """
        return self._of({repeat})

    def share(self, number: int, shares: int) -> "Plan":
        """A share of the plan: whole repeats, so that all rows of one are made on machines of one kind.

        Where there are more shares than repeats, some have the same ones: claims divide their jobs.

        Args:
            number: of the share, from 0.
            shares: how many there are.
        """
        repeats = sorted({_repeat(cell) for cell in self.cells})
        if shares >= len(repeats):
            return self._of({repeats[number % len(repeats)]} if repeats else set())
        return self._of({repeat for at, repeat in enumerate(repeats) if at % shares == number})

    def _of(self, repeats: set[int]) -> "Plan":
        cells = [cell for cell in self.cells if _repeat(cell) in repeats]
        wanted = {cell.pretrain.key for cell in cells}
        return Plan([job for job in self.pretrains if job.key in wanted], cells, self.left_out, self.overlaps)

    @property
    def grid(self) -> dict[str, dict[str, str]]:
        """Where the cells stand on the study's axes, by key; nothing where it has none."""
        return {cell.key: cell.axes for cell in self.cells if cell.axes}

    def failed(self, store: Store) -> list[tuple[PretrainJob | Cell, str]]:
        """Jobs that diverged, and cells whose pretraining did, each with its reason."""
        jobs: list[PretrainJob | Cell] = [job for job in self.pretrains if not store.has_weights(job.key)]
        jobs += _distinct(cell for cell in self.cells if not store.has_record(cell.key))
        return [(job, reason) for job in jobs if (reason := _stopped(job, store)) is not None]


def _repeat(cell: Cell) -> int:
    return cell.seed // cell.protocol.subsets


def _stopped(job: PretrainJob | Cell, store: Store) -> str | None:
    """Why a job is not tried again by itself; None where it is."""
    own = store.diverged(job.key)
    if own is not None or isinstance(job, PretrainJob) or store.has_weights(job.pretrain.key):
        return own
    reason = store.diverged(job.pretrain.key)
    return None if reason is None else f"its pretraining failed: {reason}"


def _distinct(jobs: Iterable[Job]) -> list[Job]:
    return list({job.key: job for job in jobs}.values())


def plan_file(study: str, plan: Plan) -> PlanFile:
    """The jobs of a plan for the store, each once, for who watches a run from another process."""
    jobs: list[PretrainJob | Cell] = [*_distinct(plan.pretrains), *_distinct(plan.cells)]
    kinds = ("pretraining" if isinstance(job, PretrainJob) else "cell" for job in jobs)
    named = zip(jobs, kinds, strict=True)
    return PlanFile(study=study, jobs=[Planned(key=job.key, kind=kind, label=job.label) for job, kind in named])


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
    jobs = pretrain_jobs(study, inputs, rows, protocols) | oracle_jobs(study, inputs, protocols)
    under = overlaps(study, inputs, rows, protocols)
    drawn = {p.id: Pool(p, inputs.dataset(study, p)).distinct(study.amounts_of(p)) for p in protocols}
    cells = [
        cell
        for protocol in protocols
        for backbone in study.backbones
        for row in rows
        if takes(protocol, row) and row.on(backbone) and (row.name, backbone) not in absent
        for cell in _cells(study, row, backbone, jobs, inputs, protocol, drawn[protocol.id], under)
    ]
    _check_points(cells)
    missed = tuple(left_out(study, protocols))
    if missed and not cells:
        raise StudyError(f"study {study.name}: {'; '.join(missed)}, and nothing is left: ask for another task")
    return Plan(_distinct(jobs.values()), cells, missed, tuple(under.values()))


def _check_points(cells: list[Cell]) -> None:
    """Refuse levels of an axis that make no difference, such as two budgets of as many steps."""
    first: dict[str, Cell] = {}
    for cell in cells:
        other = first.setdefault(cell.key, cell)
        # What does not train may stand at several points: it has no level that would be compared.
        if cell.axes != other.axes and "methods" in cell.axes:
            raise StudyError(
                f"axes: {other.row or other.pretrain.method} and {cell.row or cell.pretrain.method} are one training on "
                f"{cell.backbone}: take levels that differ"
            )


def repeats(study: Study, protocol: Protocol, amount: Drawn) -> Iterator[int]:
    """The seeds of an amount of labels: so many subsets in each of the study's repeats, of all labels a single one.

    Subset j of repeat i has the seed `i * subsets + j`, and starts from the pretraining of repeat i.
    """
    subsets = protocol.subsets
    # All labels are one subset: further ones would count one number several times.
    drawn = 1 if amount.fraction == 1 else subsets
    return (repeat * subsets + subset for repeat in range(study.seeds) for subset in range(drawn))


def takes(protocol: Protocol, row: Row) -> bool:
    """Whether a row can enter a protocol: fixed features are of whole images and only probed, and an oracle must learn."""
    task, method = tasks.get(protocol.task), methods.get(row.method)
    if method.learns_protocol:
        return protocol.trains
    return method.network is None or (task.frozen and not task.pixels)


def left_out(study: Study, protocols: list[Protocol]) -> Iterator[str]:
    """Rows that cannot enter a protocol, and references whose weights are absent, a line each."""
    for row in study.rows():
        ids = [protocol.id for protocol in protocols if not takes(protocol, row)]
        if ids and methods.get(row.method).learns_protocol:
            yield f"{row.name} learns the protocol, and a probe trains no network: left out of {', '.join(ids)}"
        elif ids:
            yield f"{row.name} gives fixed features of images, which can only be probed: left out of {', '.join(ids)}"
    yield from missing_references(study).values()


def entering_rows(study: Study, protocols: list[Protocol]) -> list[Row]:
    """The rows that can enter one of the protocols, where there are any."""
    rows = study.rows()
    return [row for row in rows if any(takes(protocol, row) for protocol in protocols)] if protocols else rows


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


def _check_protocols(study: Study, protocols: list[Protocol]) -> None:
    """Refuse what a task cannot do: see `TaskSpec.check`."""
    for protocol in protocols:
        tasks.get(protocol.task).check(protocol)
        for backbone in study.backbones:
            tasks.get(protocol.task).check_backbone(protocol, backbones.get(backbone))


def _check_bands(study: Study, inputs: Inputs, protocols: list[Protocol], rows: list[Row]) -> None:
    """Refuse a data set whose images have other bands than the corpus that rows learn or take statistics from."""
    reading = readers(study, rows)
    for protocol in protocols:
        for row in rows if protocol.bn == "corpus" else reading:
            corpus = inputs.corpus(study, row)
            data = inputs.dataset(study, protocol)
            if data.bands != corpus.bands:
                raise StudyError(
                    f"protocol {protocol.id}: {data.path} has {data.bands}, corpus {corpus.path} has {corpus.bands}: "
                    "prepare the data set with the corpus' bands, or leave the protocol out"
                )


def _cells(
    study: Study,
    row: Row,
    backbone: str,
    jobs: Mapping[Slot, PretrainJob],
    inputs: Inputs,
    protocol: Protocol,
    drawn: Iterable[Drawn],
    under: Mapping[tuple[str, str], Overlap],
) -> Iterator[Cell]:
    """The cells of a row and backbone on a protocol; what they have in common is worked out once for all."""
    data, spec = inputs.dataset(study, protocol), tasks.get(protocol.task)
    corpus = inputs.corpus(study, row) if protocol.bn == "corpus" else None
    first = jobs[slot_of(study, row, backbone, 0, protocol)]
    board = backbone if first.backbone != backbone else None
    identity: dict[str, Any] = {
        "protocol": protocol.hash,
        "task_version": spec.version,
        "data": data.hash,
        **({"board": board} if board else {}),
        **({"corpus": corpus.hash} if corpus else {}),
    }
    common: dict[str, Any] = {
        "study": study.name,
        "row": row.label,
        "axes": study.levels_of(row, backbone, protocol),
        "board": board,
        "protocol": protocol,
        "data": str(data.path.resolve()),
        "corpus": str(corpus.path.resolve()) if corpus else None,
        **_seen(study, row, first, inputs, protocol, under),
    }
    for amount in drawn:
        for seed in repeats(study, protocol, amount):
            job = jobs[slot_of(study, row, backbone, seed, protocol)]
            # The subset seed does not depend on the protocol's schedule or on the method: twins share their subsets.
            seeds: dict[str, Any] = {
                "subset_seed": subset_seed(study.seed, seed),
                "train_seed": derive(study.seed, "train", seed),
            }
            own = {
                "weights": job.key,
                "fraction": amount.fraction,
                **seeds,
                **({"shots": amount.shots} if amount.shots else {}),
            }
            # All of it is ours and checked: to check each protocol again in each of its cells takes as long as the rest.
            yield Cell.model_construct(
                key=content_hash(identity | own),
                pretrain=job,
                fraction=amount.fraction,
                labels=amount.labels,
                seed=seed,
                **seeds,
                **common,
            )


def _seen(
    study: Study,
    row: Row,
    job: PretrainJob,
    inputs: Inputs,
    protocol: Protocol,
    under: Mapping[tuple[str, str], Overlap],
) -> dict[str, dict[str, str]]:
    """What a trained row may have seen of a protocol's test part or labels, for the record."""
    trained = methods.get(row.method).trains and job.corpus_hash is not None
    words = label_words(row, study, protocol, inputs.corpus(study, row) if trained else None)
    found = under.get((protocol.id, str(job.corpus_hash))) if trained else None
    if found is None or found.unknown:
        return {"design": words}
    warnings = {"overlap": str(found)} if found.km2 > 0 else {}
    return {"design": words | {"overlap": str(found)}, "warnings": warnings}
