"""How far the test images decide: what the primary questions come to where other images are tested."""

from dataclasses import dataclass

from results import verdicts
from results.answers import Answers
from results.labels import amounts
from results.summary import BOARD


@dataclass(frozen=True)
class Images:
    """What the test images say.

    Attributes:
        text: what it comes to over all questions; '' where no outcome is kept.
        boards: protocol (and backbone, where there are several) -> a sentence for each of its questions.
    """

    text: str
    boards: dict[str, list[str]]


def on_images(answered: Answers) -> Images:
    """Put what the test images say of the primary questions into words.

    Args:
        answered: the answers of a store, with its test images.
    """
    primary = answered.comparisons[answered.comparisons["primary"].astype(bool)]
    if answered.images is None or not answered.images.known or primary.empty:
        return Images("", {})
    found = answered.images.by_comparison(primary, answered.family)
    several = len(set(answered.frame["backbone"])) > 1
    boards: dict[str, list[str]] = {}
    for place, board in answered.frame.groupby(BOARD, sort=True):
        named = amounts(board)
        here = (primary[BOARD] == list(place)).all(axis=1)
        rows = zip(primary[here].itertuples(), found[here].itertuples(), strict=True)
        lines = [(named[float(str(row.fraction))], verdicts.on_images(row, each)) for row, each in rows]
        title = f"{place[0]}, {place[2]}" if several else str(place[0])
        boards[title] = [f"At {amount}. {line}" for amount, line in lines if line]
    known = found["seeds"] > 0
    clear = (found["images_low"] > 0) | (found["images_high"] < 0)
    both = (found["both_low"] > 0) | (found["both_high"] < 0)
    few = int((known & found["few"].astype(bool)).sum())
    tested = int(known.sum()) - few
    parts = []
    if tested:
        hold = f"{int(clear.sum())} of {tested} differences would hold for the networks as they are"
        parts.append(f"On other test images, {hold}, and {int(both.sum())} for methods, with other seeds too.")
    if few:
        parts.append(f"For {few}{' more' if tested else ''} there are too few places to generalise over.")
    return Images(" ".join(parts), {title: lines for title, lines in boards.items() if lines})
