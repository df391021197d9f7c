"""The primary questions of a study: which comparisons are to be judged, said before anything runs."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tasks.amounts import amount_texts

# Points within which two rows count as equal, where a study says nothing: what papers print is seldom finer.
WITHIN = 1.0


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _amounts(values: Any) -> Any:
    return None if values is None else amount_texts(values if isinstance(values, list) else [values])


class Primary(BaseModel):
    """What a study is run to find out. Without any of it: every row against each reference, everywhere.

    Attributes:
        baseline: rows that every other row is compared with; the study's references where neither these nor pairs are
            given.
        pairs: comparisons in place of those with a baseline, or beside them: `geokr>moco`, or `all`.
        protocols: ids of protocols; all where not given.
        labels: amounts of labels, as the study writes them; all where not given.
        metric: headline metric of those protocols; a study that states it is refused where a protocol has another.
        within: points within which two rows count as equal.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    baseline: Annotated[list[str] | None, BeforeValidator(_as_list)] = None
    pairs: Literal["all"] | list[str] | None = None
    protocols: Annotated[list[str] | None, BeforeValidator(_as_list)] = None
    labels: Annotated[list[str] | None, BeforeValidator(_amounts)] = None
    metric: str | None = None
    within: float = Field(default=WITHIN, gt=0, lt=100)

    @model_validator(mode="after")
    def _pairs_are_pairs(self) -> Self:
        for text in self.pairs if isinstance(self.pairs, list) else ():
            first, _, second = text.partition(">")
            if not first.strip() or not second.strip() or first.strip() == second.strip():
                raise ValueError(f"pairs: {text!r} is no pair: write two different rows, such as geokr>moco")
        return self

    def named(self) -> set[str]:
        """The rows that are named."""
        pairs = self.pairs if isinstance(self.pairs, list) else []
        return {*(self.baseline or []), *(name for text in pairs for name in _two(text))}

    def comparisons(self, rows: list[str], references: list[str]) -> Iterator[tuple[str, str]]:
        """The pairs of rows that are asked about, each once.

        Args:
            rows: of the study that are ranked, by name.
            references: those of them that others are compared with by default.
        """
        every = [(a, b) for at, a in enumerate(rows) for b in rows[at + 1 :]]
        if self.pairs == "all" or (self.pairs is None and self.baseline is None and not references):
            yield from every
            return
        stated = [_two(text) for text in self.pairs or []]
        against = self.baseline if self.baseline is not None else ([] if stated else references)
        stated += [pair[::-1] if pair[0] in against else pair for pair in every if set(pair) & set(against)]
        seen: set[frozenset[str]] = set()
        for pair in stated:
            if frozenset(pair) not in seen:
                seen.add(frozenset(pair))
                yield pair


def _two(text: str) -> tuple[str, str]:
    first, _, second = text.partition(">")
    return first.strip(), second.strip()
