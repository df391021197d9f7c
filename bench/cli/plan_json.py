"""What `bench plan --json` prints: every job of a study with its key and its state."""

from typing import Any

from bench.api.planning import Planned
from bench.studies import duplicates
from bench.studies.inputs import Inputs
from bench.studies.jobs import Cell


def told(planned: Planned, inputs: Inputs) -> dict[str, Any]:
    """A plan as plain values: what there is to do, job by job, and what is known of it beforehand.

    Args:
        planned: a study's plan, or a part of it, with its store.
        inputs: its corpus and data sets.
    """
    plan, study, store = planned.plan, planned.study, planned.store
    failed = {job.key: reason for job, reason in plan.failed(store)}
    cells = [
        {
            "key": cell.key,
            "row": cell.row or cell.pretrain.method,
            "backbone": cell.backbone,
            "protocol": cell.protocol.id,
            "labels": cell.amount,
            "seed": cell.seed,
            "weights": cell.pretrain.key,
            "axes": cell.axes,
            "done": store.has_record(cell.key),
            "failed": failed.get(cell.key),
        }
        for cell in plan.cells
    ]
    pretrainings = [
        {
            "key": job.key,
            "row": job.row or job.method,
            "backbone": job.backbone,
            "seed": job.seed,
            "protocol": job.protocol.id if job.protocol else None,
            "facts": job.facts,
            "warnings": job.warnings,
            "done": store.has_weights(job.key),
            "failed": failed.get(job.key) or store.diverged(job.key),
        }
        for job in plan.pretrains
    ]
    return {
        "study": study.name,
        "store": study.store,
        "precision": study.precision,
        "runs_on": study.engine.describe(),
        "cells": cells,
        "pretrainings": pretrainings,
        "open_cells": len(plan.open_cells(store)),
        "failed_cells": sum(isinstance(job, Cell) for job, _ in plan.failed(store)),
        "seconds": planned.estimate.seconds,
        "seconds_measured": planned.estimate.measured,
        "left_out": plan.left_out,
        "overlaps": plan.overlaps,
        "near_duplicates": [found for found in duplicates.count(study, inputs) if found],
    }
