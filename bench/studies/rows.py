"""Rows of a study's tables, as a study file writes them."""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bench.studies.axes import Point, start_name

# Between the name of a row and the start that sets it apart: `moco from imagenet`.
FROM = " from "


class Row(BaseModel):
    """One row of a study's tables: a method with its options, under a name of its own.

    In a study file it is the method's name, or `{method: {option: value, ..., as: NAME, repeat_from: N}}`. Rows may share
    a method: with other options, or with other pretraining seeds, as an A/A comparison does.

    Attributes:
        method: name from the methods registry.
        name: what tables call the row; the method's own name where a study gives none. Not part of a key.
        repeat_from: its first pretraining, counted from 0: repeat i starts from pretraining
            `repeat_from + i modulo pretrain_seeds`.
        options: options of this row alone; they go before those of `options.<method>`.
        point: where it stands on the study's axes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str
    name: str = Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")
    repeat_from: int = Field(default=0, ge=0)
    options: dict[str, Any] = Field(default_factory=dict)
    point: Point = Point()

    @classmethod
    def read(cls, entry: Any) -> "Row":
        """A row as a study file writes it.

        Raises:
            ValueError: neither a name nor a method with its options.
        """
        if isinstance(entry, str):
            return cls(method=entry, name=entry)
        if not isinstance(entry, dict) or len(entry) != 1 or not isinstance(next(iter(entry.values())) or {}, dict):
            raise ValueError("a row is a method's name, or {method: {option: value, as: NAME, repeat_from: N}}")
        method, values = next(iter(entry.items()))
        options = dict(values or {})
        name, repeat_from = options.pop("as", str(method)), options.pop("repeat_from", 0)
        return cls(method=str(method), name=name, repeat_from=repeat_from, options=options)

    def starting_from(self, init: str, *, first: bool) -> "Row":
        """The same row from a start; the study's first start leaves its name as it is."""
        name = self.name if first else f"{self.name}{FROM}{start_name(init)}"
        return self.model_copy(update={"name": name, "options": {**self.options, "init": init}})

    def standing_at(self, point: Point) -> "Row":
        """The same row at a point of the study's axes."""
        options = {**self.options, **point.options}
        return self.model_copy(update={"name": f"{self.name}{point.suffix}", "options": options, "point": point})

    def on(self, backbone: str) -> bool:
        """Whether it stands on a backbone."""
        return self.point.backbones is None or backbone in self.point.backbones

    @property
    def label(self) -> str | None:
        """The name, where it is not the method's own."""
        return self.name if self.name != self.method else None


def read_rows(entries: Any) -> Any:
    """The rows of a list as a study file writes it; what is no list stays, to be refused with all else."""
    if not isinstance(entries, list):
        return entries
    return [entry if isinstance(entry, Row) else Row.read(entry) for entry in entries]


def on_both(one: Row, other: Row) -> Row:
    """One row that two blocks name, on the backbones of both."""
    if one.point.backbones is None or other.point.backbones is None:
        return one if one.point.backbones is None else other
    both = tuple(dict.fromkeys((*one.point.backbones, *other.point.backbones)))
    return one.model_copy(update={"point": replace(one.point, backbones=both)})


def as_list(value: Any) -> Any:
    """A name alone as a list of one."""
    return [value] if isinstance(value, str) else value
