"""The design sheet of a study as it is kept in a store: what each row was given, and what a sentence may claim."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

About = Literal["methods", "weights", "recipes"]


class Cell(BaseModel):
    """One entry of a sheet.

    Attributes:
        text: what the row has.
        differs: whether it sets the row apart from another row that it is compared with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    differs: bool = False


class Sentence(BaseModel):
    """A comparison that the study will make.

    Attributes:
        a, b: names of the rows.
        about: what it can be about: `methods`, where the rows differ in the method alone; `weights`, where a single
            pretraining stands for a method; `recipes`, where something else differs too.
        because: columns that differ beside the method, in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: str
    b: str
    about: About
    because: list[str] = Field(default_factory=list)


class Sheet(BaseModel):
    """One study.

    Attributes:
        study: its name.
        columns: what is stated of each row; the first is its name.
        rows: as long as `columns` each.
        protocols: what is stated of each protocol, as columns and rows of a second table.
        sentences: the planned comparisons.
        notes: one line each: near-duplicates, missing references, leaky splits, how options were tuned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    columns: list[str]
    rows: list[list[Cell]]
    protocol_columns: list[str] = Field(default_factory=list)
    protocols: list[list[Cell]] = Field(default_factory=list)
    sentences: list[Sentence] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
