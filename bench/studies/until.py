"""How many seeds: added one block at a time until the intervals are narrow enough, where a study asks for that.

A block is one repeat of every row. What decides is the width of intervals alone, never where they lie; that looking at
widths has a price too, and how it is paid, is said in `results.stats.stopping`.
"""

from collections.abc import Collection, Iterable

from pydantic import BaseModel, ConfigDict, Field

from bench.core.errors import StudyError
from bench.store.questions import Question, Questions
from bench.store.store import Store
from bench.studies.jobs import Cell

# Seeds before the first look: two leave a single degree of freedom.
LEAST_SEEDS = 3
MOST_SEEDS = 20


class Until(BaseModel):
    """When a study stops adding seeds.

    Attributes:
        width: points that no interval of its primary questions may exceed to either side.
        most: seeds after which none is added.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: float = Field(gt=0, lt=100)
    most: int = Field(default=MOST_SEEDS, ge=LEAST_SEEDS)


def check_until(until: Until, seeds: int, pretrain_seeds: int | None) -> None:
    """Refuse a rule that could not stop a study.

    Args:
        until: the rule.
        seeds: that the study starts with.
        pretrain_seeds: as the study states it.

    Raises:
        StudyError: it starts above the cap, or more seeds would not add pretrainings.
    """
    if until.most < seeds:
        raise StudyError(f"until.most: {until.most} seeds are fewer than the {seeds} that the study starts with")
    if pretrain_seeds not in (None, 1):
        raise StudyError(
            f"pretrain_seeds: {pretrain_seeds} pretrainings a row keep intervals as wide as they are, however many seeds "
            "are added: leave it out, so that every seed brings a pretraining, or write 1 to ask about these weights"
        )


def check_asked(asked: Questions, cells: Iterable[Cell]) -> None:
    """Refuse to add seeds where no primary question is between two rows of a plan.

    Raises:
        StudyError: there is none.
    """
    there = {_side(cell) for cell in cells}
    if not any(_sides(question) <= there for question in asked.questions):
        raise StudyError(
            "until: no primary question is between two rows of this run, so no interval says when to stop: add a reference, "
            "or state primary.pairs or primary.baseline"
        )


def seeds_begun(cells: Iterable[Cell], store: Store, questions: Collection[Question]) -> int:
    """Seeds that a run must go on with: up to the last in which the store can compare two rows that are asked about.

    A run that was killed amid a block completes it before it looks at widths, and so stops where it would have stopped.

    Args:
        cells: of the most seeds.
        store: what is done.
        questions: the study's.
    """
    done: dict[int, set[tuple[str, str, str, float]]] = {}
    for cell in cells:
        if store.has_record(cell.key):
            done.setdefault(cell.seed // cell.protocol.subsets, set()).add(_side(cell))
    asked = [_sides(question) for question in questions]
    return max((repeat + 1 for repeat, sides in done.items() if any(pair <= sides for pair in asked)), default=0)


def _side(cell: Cell) -> tuple[str, str, str, float]:
    return cell.row or cell.pretrain.method, cell.protocol.id, cell.backbone, cell.fraction


def _sides(question: Question) -> set[tuple[str, str, str, float]]:
    return {(row, question.protocol, question.backbone, question.fraction) for row in (question.a, question.b)}
