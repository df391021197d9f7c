"""The budget of a study: how long every row trains, in one unit for all; and what a training computes."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

import methods
from bench.core.errors import StudyError
from bench.core.suggest import meant
from bench.corpus.storage.reader import Corpus
from bench.pretraining.options import PretrainOptions, TrainingOptions
from bench.studies.jobs import PretrainJob

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
    amount: float = Field(gt=0, allow_inf_nan=False)

    def __str__(self) -> str:
        if self.unit == "flops":
            return f"{self.amount:.3g} FLOPs"
        return f"{self.amount:,.0f} {self.unit}" if self.amount.is_integer() else f"{self.amount:g} {self.unit}"


def _read(value: Any) -> Any:
    if value is None or value == "paper":
        return None
    if isinstance(value, Budget):
        return value
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in UNITS:
        near = meant(str(next(iter(value))), UNITS) if isinstance(value, dict) and value else ""
        shown = f", not {value}" if isinstance(value, dict) else ""  # pydantic's finding shows any other value
        raise ValueError(f"a budget is `paper`, or one of {{{': N}, {'.join(UNITS)}: N}}{shown}{near}")
    unit, amount = next(iter(value.items()))
    try:
        number = float(amount)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"{unit}: {amount!r} is no number above 0")
    return {"unit": unit, "amount": number}


# None is `paper`: every method trains as long as its options say.
StudyBudget = Annotated[Budget | None, BeforeValidator(_read)]


def refuse_own_length(budget: Budget | None, row: str, stated: dict[str, Any]) -> None:
    """Refuse a row that states its own length where the study gives all rows the same.

    Args:
        budget: the study's.
        row: name of the row.
        stated: options that the study states for it.

    Raises:
        StudyError: names the option.
    """
    own = next((name for name in ("epochs", "steps") if stated.get(name) is not None), None)
    if budget is not None and own is not None:
        raise StudyError(
            f"options of {row}: {own}={stated[own]} beside the study's budget of {budget}, which sets every row's length: "
            f"set {own} to null, or budget to paper"
        )


def fit(
    options: PretrainOptions, budget: Budget | None, row: str, method: str, backbone: str, corpus: Corpus | None
) -> PretrainOptions:
    """A row's options with the steps that the budget gives it, and what scales with them.

    What does not train on the corpus has no steps. Without a budget the options decide.

    Args:
        options: the row's.
        budget: the study's.
        row: name of the row, for messages.
        method: what is trained.
        backbone: on which network.
        corpus: what it is trained on.

    Raises:
        StudyError: the budget is smaller than one step, or counts views and the method does not say its own.
    """
    if corpus is None or not isinstance(options, TrainingOptions):
        return options
    tiles = len(corpus)
    if budget is None:
        return options.scaled(options.steps, tiles) if options.steps else options
    if budget.unit != "flops":
        return options.scaled(_steps(budget, options, row, _price(budget, options, row)), tiles)
    # A queue grows with the run and costs FLOPs itself. At the shortest one a step is cheapest, so that no run is longer;
    # at the queue of that longest run it is dearest, so that the steps stay within the budget.
    longest = _steps(budget, options, row, _flops_of_a_step(options.scaled(1, tiles), method, backbone, corpus))
    price = _flops_of_a_step(options.scaled(longest, tiles), method, backbone, corpus)
    return options.scaled(_steps(budget, options, row, price), tiles)


def _price(budget: Budget, options: TrainingOptions, row: str) -> float:
    """What a step costs in the budget's unit."""
    if budget.unit == "steps":
        return 1
    if budget.unit == "tiles":
        return options.batch
    views = options.views_per_tile().student
    if not views:
        raise StudyError(
            f"{row} does not say how many views a tile costs (`views_per_tile` of its options): "
            "give the budget in tiles, steps or flops"
        )
    return views * options.batch


def _steps(budget: Budget, options: TrainingOptions, row: str, price: float) -> int:
    steps = int(budget.amount // price)
    if steps < 1:
        unit = "FLOPs" if budget.unit == "flops" else budget.unit
        raise StudyError(
            f"budget: {budget} are less than one step of {row}, which takes {price:,.0f} {unit} (batch {options.batch}): "
            "raise the budget or lower pretrain.batch"
        )
    return steps


def _flops_of_a_step(options: TrainingOptions, method: str, backbone: str, corpus: Corpus) -> float:
    from bench.pretraining import flops  # torch, which a plan without this unit does without

    return options.batch * flops.count(methods.get(method), options, backbone, corpus).step


def compute_of(job: PretrainJob) -> dict[str, float]:
    """What a pretraining computes in all, known before it runs; it needs torch, and some seconds the first time.

    Returns:
        `flops_forward` of student and teacher, and `flops` with the backward passes; nothing of a job without a corpus.
    """
    options = methods.get(job.method).options.model_validate(job.options)
    if job.corpus is None or not isinstance(options, TrainingOptions):
        return {}
    from bench.pretraining import flops

    corpus = Corpus.open(Path(job.corpus))
    found = flops.count(methods.get(job.method), options, job.backbone, corpus)
    tiles = options.length(len(corpus)).steps * options.batch
    return {"flops_forward": tiles * found.forward, "flops": tiles * found.step}
