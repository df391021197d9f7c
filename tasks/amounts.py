"""Amounts of labels as a study writes them: `5shot` a class, `50` samples, `1%`, or a fraction such as 0.01."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from bench.core.errors import StudyError
from bench.core.suggest import closest
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
    raise StudyError(
        f"{value!r} is no amount of labels{_amount_meant(text)}: write 5shot (of each class), 50 (samples), 1% or 0.01"
    )


def read_fraction(value: object) -> float:
    """Read a share of the labels, a number in (0, 1].

    Raises:
        ValueError: it is none; of a percentage, a number above 1 and several in one text it says what may have been meant.
    """
    text = str(value).strip().strip("[]").strip()
    try:
        number = float(text)
    except ValueError:
        near = _fraction_meant(text)
        raise ValueError(f"{value!r} is no number in (0, 1], such as 0.01{near}") from None
    if number > 1:
        whole = f", or {number:g} samples by --labels {number:g}" if number.is_integer() else ""
        share = f"; did you mean {number / 100:g} ({number:g}%){whole}?" if number <= 100 else ""
        raise ValueError(f"{value!r} is more than all labels, a fraction lies in (0, 1]{share}")
    return number


def _fraction_meant(text: str) -> str:
    parts = [part for part in re.split(r"[\s;,]+", text) if part]
    if len(parts) > 1:
        return f"; did you mean {','.join(parts)}?" if all(map(_is_number, parts)) else ""
    for sign, over in (("%", 1), ("/", None)):
        front, found, back = text.partition(sign)
        if found and _is_number(front) and (over is not None or (_is_number(back) and float(back))):
            number = float(front) / (100 if over else float(back))
            return f"; did you mean {number:g}?"
    return ""


def _amount_meant(text: str) -> str:
    """What was meant by several amounts without commas between them, and by a word that is nearly `shot`."""
    parts = [part for part in re.split(r"[\s;]+", text) if part]
    if len(parts) > 1 and all(re.fullmatch(r"[1-9]\d*shot|\d+(\.\d+)?%?", part) for part in parts):
        return f" (did you mean {','.join(parts)}?)"
    found = re.fullmatch(r"([1-9]\d*)[ -]?([a-z-]+)", text.lower())
    return f" (did you mean {found[1]}shot?)" if found and closest(found[2], ["shot"]) else ""


def _is_number(text: str) -> bool:
    try:
        return bool(Decimal(text).is_finite())
    except InvalidOperation:
        return False


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
