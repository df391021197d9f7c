"""The plan: a study's grid as pretrain jobs and cells with their keys."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import methods
import tasks
from bench.corpus.reader import Corpus
from bench.errors import StudyError
from bench.inputs import Inputs
from bench.jobs import Cell, PretrainJob
from bench.keys import content_hash
from bench.options import PretrainOptions
from bench.seeding import derive
from bench.store import Store
from bench.study import Study
from tasks.protocols import Protocol


@dataclass(frozen=True)
class Plan:
    """What a study consists of, whether done or not; cells are in the order of the study's lists."""

    pretrains: list[PretrainJob]
    cells: list[Cell]

    def open_cells(self, store: Store) -> list[Cell]:
        """Cells without a record."""
        return [cell for cell in self.cells if not store.has_record(cell.key)]

    def open_pretrains(self, store: Store) -> list[PretrainJob]:
        """Pretrainings without weights that an open cell waits for; in a plan without cells, all without weights."""
        waited_for = [cell.pretrain for cell in self.open_cells(store)] if self.cells else self.pretrains
        wanted = {job.key for job in waited_for}
        return [job for job in self.pretrains if job.key in wanted and not store.has_weights(job.key)]


def make_plan(study: Study, inputs: Inputs) -> Plan:
    """Lay out a study's grid.

    Raises:
        StudyError: a method needs what the corpus does not offer, or an option does not fit it.
        CorpusError, DataError: the corpus or a data set is absent or broken.
    """
    jobs = _pretrain_jobs(study, inputs, min(study.pretrain_seeds, study.seeds))
    cells = [
        _cell(study, jobs[method, backbone, seed % study.pretrain_seeds], protocol, inputs, fraction, seed)
        for protocol in study.all_protocols()
        for backbone in study.backbones
        for method in study.all_methods()
        for fraction in dict.fromkeys(study.fractions or protocol.fractions)
        for seed in range(study.seeds)
    ]
    return Plan(list(jobs.values()), cells)


def plan_pretraining(study: Study, inputs: Inputs) -> Plan:
    """Lay out a study's pretrainings alone, `pretrain_seeds` of each method; raises as `make_plan`."""
    return Plan(list(_pretrain_jobs(study, inputs, study.pretrain_seeds).values()), [])


def _pretrain_jobs(study: Study, inputs: Inputs, draws: int) -> dict[tuple[str, str, int], PretrainJob]:
    """The pretrainings of a study by method, backbone and draw."""
    corpus = _corpus_for(study, inputs)
    return {
        (method, backbone, draw): _pretrain_job(
            study, method, inputs.fill(study.options_of(method)), backbone, draw, corpus
        )
        for method in study.all_methods()
        for backbone in study.backbones
        for draw in range(draws)
    }


def _corpus_for(study: Study, inputs: Inputs) -> Corpus | None:
    trained = [name for name in study.all_methods() if methods.get(name).trains]
    if not trained:
        return None
    corpus = inputs.corpus(study)
    offers = {"tiles"} | ({"landcover"} if corpus.has_landcover else set())
    for name in trained:
        options = study.options_of(name)
        missing = sorted(methods.get(name).needs - offers - options.offers())
        if missing:
            where = "set options." + name + ".labelled" if "labelled" in missing else "build it with --landcover"
            raise StudyError(
                f"method {name} needs {', '.join(missing)}, which corpus {corpus.path} does not have: "
                f"{where}, or leave the method out"
            )
        options.check(corpus)
    return corpus


def _pretrain_job(
    study: Study, method: str, options: PretrainOptions, backbone: str, draw: int, corpus: Corpus | None
) -> PretrainJob:
    spec = methods.get(method)
    used = corpus if spec.trains else None
    seed = derive(study.seed, "pretrain", draw)
    identity: dict[str, Any] = {
        "method": method,
        "method_version": spec.version,
        "options": options.identity() | (options.content_of(used) if used else {}),
        "backbone": backbone,
        "corpus": used.hash if used else None,
        "seed": seed,
    }
    return PretrainJob(
        key=content_hash(identity),
        method=method,
        options=options.model_dump(mode="json"),
        identity=identity["options"],
        backbone=backbone,
        corpus=str(used.path) if used else None,
        corpus_hash=used.hash if used else None,
        seed=seed,
    )


def _cell(study: Study, job: PretrainJob, protocol: Protocol, inputs: Inputs, fraction: float, seed: int) -> Cell:
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
        pretrain=job,
        protocol=protocol,
        data=str(Path(data.path)),
        fraction=fraction,
        seed=seed,
        subset_seed=subset_seed,
        train_seed=train_seed,
    )
