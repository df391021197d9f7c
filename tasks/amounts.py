"""Amounts of labels as a study writes them: `5shot` a class, `50` samples, `1%`, or a fraction such as 0.01."""

import re
from dataclasses import dataclass
from typing import Literal

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
            classes: classes that occur in it.
        """
        if self.kind == "share":
            return size_at(self.value, total)
        return int(self.value) * (classes if self.kind == "shot" else 1)


def read_amount(value: object) -> Amount:
    """Read one amount; a number up to 1 is a share, a larger whole number counts samples.

    Raises:
        StudyError: it is none of these.
    """
    text = str(value).strip().removesuffix("s") if isinstance(value, str) else str(value)
    if found := re.fullmatch(r"([1-9]\d*)[ -]?shot", text):
        return Amount(f"{found[1]}shot", "shot", int(found[1]))
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        number = 0.0
    if 0 < number <= 1:
        return Amount(f"{100 * number:.6g}%", "share", number)
    if number > 1 and number == int(number) and not text.endswith("%"):
        return Amount(str(int(number)), "count", int(number))
    raise StudyError(f"labels: {value!r} is no amount: write 5shot (of each class), 50 (samples), 1% or 0.01")
