"""The oracle, a positive control: a backbone that has learned the protocol itself, the ceiling that a pretraining has.

It trains the protocol's own network from random weights on the whole training part, and never sees validation or test:
the last weights are taken. Its seed is one that no cell uses. What it hands on is the backbone alone, in which the cells
of that protocol start as in any other pretrained weights.
"""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

import tasks
from bench import backbones
from bench.backbones.normalisation import Normalisation, normalisation_of
from bench.backbones.sources import RANDOM
from bench.core.context import Context
from bench.core.errors import StudyError
from bench.studies.jobs import PretrainJob
from tasks.prepared import Prepared
from tasks.splits import Parts
from tasks.task import Start, Task


@dataclass(frozen=True)
class Oracle:
    """A backbone's weights after so many steps, and named warnings of its training."""

    weights: dict[str, Tensor]
    steps: int
    warnings: dict[str, str]


def train(job: PretrainJob, context: Context) -> Oracle:
    """Train an oracle.

    Args:
        job: one with a protocol and its data.
        context: where it runs; its seed is the job's.

    Raises:
        StudyError: the protocol's task does not hand out the backbone it trained.
    """
    assert job.protocol is not None
    assert job.data is not None
    protocol = job.protocol.model_copy(update={"selection": "last", "tuning": None})
    data = Prepared.open(Path(job.data))
    task: Task = tasks.get(protocol.task).load()(protocol, data)
    train_part = task.parts().train
    weights = dict(backbones.build(job.backbone, len(job.bands)).state_dict())
    statistics = Normalisation.from_json(job.input, "the job") if job.input else normalisation_of(RANDOM)
    start = Start(job.backbone, weights, statistics)
    result = task.run(start, train_part, Parts(train_part, [], []), context)
    if not result.backbone:
        raise StudyError(f"task {protocol.task} does not hand out the backbone it trained: leave the oracle out")
    return Oracle(result.backbone, result.steps, result.warnings)
