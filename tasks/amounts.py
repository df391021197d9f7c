"""Amounts of labels as a study writes them: `5shot` a class, `50` samples, `1%`, or a fraction such as 0.01."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from bench.core.errors import StudyError
from tasks.subsets import size_at


@dataclass(frozen=True)
class Amount:
    """How many labels.

    Attributes:
        text: as it is written in keys, records and tables: `5shot`, `50`, `1%`.
        kind: samples of each class, samples in all, or a share of the training part.
        value: the number; a share is in (0, 1].
    """

    text: str
    kind: Literal["shot", "count", "share"]
    value: float

    def size(self, total: int, classes: int) -> int:
        """Number of samples.

        Args:
            total: samples of the training part.
            classes: classes that samples of it belong to; of shots alone.
        """
        if self.kind == "share":
            return size_at(self.value, total)
        return int(self.value) * (classes if self.kind == "shot" else 1)


def share(fraction: float) -> Amount:
    """A share of the training part, in (0, 1]."""
    return Amount(f"{(Decimal(repr(fraction)) * 100).normalize():f}%", "share", fraction)


def read_amount(value: object) -> Amount:
    """Read one amount; a number up to 1 is a share, a larger whole number counts samples.

    Raises:
        StudyError: it is none of these.
    """
    text = str(value).strip().removesuffix("s") if isinstance(value, str) else str(value)
    if found := re.fullmatch(r"([1-9]\d*)[ -]?shot", text):
        return Amount(f"{found[1]}shot", "shot", int(found[1]))
    try:
        # Decimal, so that 0.33% is the same number as 0.0033.
        number = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except InvalidOperation:
        number = Decimal(0)
    number = number if number.is_finite() else Decimal(0)
    if 0 < number <= 1:
        return share(float(number))
    if number > 1 and number == int(number) and not text.endswith("%"):
        return Amount(str(int(number)), "count", int(number))
    raise StudyError(f"{value!r} is no amount of labels: write 5shot (of each class), 50 (samples), 1% or 0.01")


def amount_texts(values: Any) -> Any:
    """Amounts of a file, each as the text that `read_amount` gives back.

    Raises:
        ValueError: one is no amount.
    """
    if not isinstance(values, list):
        return values
    try:
        return [read_amount(value).text for value in values]
    except StudyError as error:
        raise ValueError(str(error)) from None
