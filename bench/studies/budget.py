"""The budget of a study: how long every row trains, in one unit for all."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

UNITS = ("views", "tiles", "steps", "flops")


class Budget(BaseModel):
    """So much for every row that trains on the corpus.

    Attributes:
        unit: `views` that the network which learns by gradient is fed with, `tiles` of the corpus that are read,
            optimiser `steps`, or `flops` of all forward and backward passes.
        amount: how many.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["views", "tiles", "steps", "flops"]
    amount: float = Field(gt=0)

    def __str__(self) -> str:
        return f"{self.amount:,.0f} {self.unit}" if self.unit != "flops" else f"{self.amount:.3g} FLOPs"


def _read(value: Any) -> Any:
    if value in {None, "paper"} if not isinstance(value, dict) else False:
        return None
    if isinstance(value, Budget):
        return value
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in UNITS:
        raise ValueError(f"a budget is `paper`, or one of {{{': N}, {'.join(UNITS)}: N}}")
    unit, amount = next(iter(value.items()))
    return {"unit": unit, "amount": amount}


# None is `paper`: every method trains as long as its options say.
StudyBudget = Annotated[Budget | None, BeforeValidator(_read)]
