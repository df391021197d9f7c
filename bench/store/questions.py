"""The questions that a study states before it runs, as they are kept in a store: written once, never changed."""

from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bench.core import documents
from bench.core.errors import StoreError
from bench.core.keys import content_hash


class Question(BaseModel):
    """One comparison that is to be judged: two rows, in one column of the tables.

    Attributes:
        a, b: names of the rows; the question is whether they differ, and a sentence names `a` first.
        protocol: id of the protocol.
        backbone: registered name of the backbone.
        fraction: share of the training labels, in (0, 1].
        amount: what the study calls that amount of labels.
        metric: that is compared, the protocol's headline metric.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: str
    b: str
    protocol: str
    backbone: str
    fraction: float = Field(gt=0, le=1)
    amount: str
    metric: str


class Stopping(BaseModel):
    """How the number of a study's seeds was chosen, where it was not stated: by the width of the intervals.

    Attributes:
        width: seeds are added until no interval of the study's primary questions reaches further than this to either side;
            a difference of scores, in (0, 1).
        most: seeds after which none is added.
        level: nominal error of the intervals at each look, which makes 5% at the stop; the correction for having looked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: float = Field(gt=0, lt=1)
    most: int = Field(gt=0)
    level: float = Field(gt=0, le=0.05)


class Questions(BaseModel):
    """What a study stated at one time.

    Attributes:
        study: its name.
        date: when it was first run with this list, by the machine's clock.
        revision: of the code, '' outside a checkout.
        within: points (as a fraction) within which two rows count as equal.
        questions: the list.
        until: how the number of seeds is chosen; None where the study states it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    date: date
    revision: str
    within: float = Field(gt=0, lt=1)
    questions: tuple[Question, ...]
    until: Stopping | None = None

    @property
    def hash(self) -> str:
        """Hash of what is asked; neither date nor revision enter it."""
        asked = {"within": self.within, "questions": [each.model_dump() for each in self.questions]}
        return content_hash(asked if self.until is None else {**asked, "until": self.until.model_dump()})


def read_questions(store: Path) -> list[Questions]:
    """All lists of a store or of a folder of committed records, the oldest first.

    Raises:
        StoreError: one is not readable, or is not what its file's name promises.
    """
    found = []
    for path in sorted((store / "questions").glob("*.json")):
        value = documents.read_json(path, StoreError, "restore it: what was asked decides what may be said")
        each = documents.parse(Questions, value, f"{path} holds no questions", StoreError)
        if not path.stem.endswith(each.hash):
            raise StoreError(
                f"{path} was changed after it was written: restore it, or state the questions in a new store"
            )
        found.append(each)
    return sorted(found, key=lambda each: (each.date, each.study, each.hash))
