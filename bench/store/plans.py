"""What a run set out to do, kept in the store so that another process can tell what is left."""

from pydantic import BaseModel, ConfigDict


class Planned(BaseModel):
    """One job of a plan: a `pretraining` or a `cell`, and what it is called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    kind: str
    label: str


class PlanFile(BaseModel):
    """All jobs of a study, done or not, whatever share of them a run does.

    Attributes:
        study: its name.
        jobs: pretrainings first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    jobs: list[Planned]
