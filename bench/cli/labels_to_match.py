"""`bench labels-to-match`: how many labels a method needs to do as well as a reference with all of them."""

import math
from pathlib import Path

import click
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.cli import as_json as document
from bench.cli import completing, options
from bench.cli.reading import load_store
from bench.core.errors import StudyError
from bench.core.suggest import among
from results import published, warned
from results.matching import Choice, Match, keyed, labels_to_match
from results.tables.text import visible


@click.command()
@options.store("Folder of the results  [default: runs]", default=None)
@click.option(
    "--published",
    "source",
    help="A paper's printed numbers instead of a store, such as geokr-2021.",
    shell_complete=completing.papers,
)
@click.option(
    "--method", required=True, help="Method or row label whose curve is followed.", shell_complete=completing.methods
)
@click.option("--init", help="The method's `init` option, where it has several rows.")
@click.option("--backbone", help="Only this backbone.")
@click.option(
    "--reference",
    required=True,
    help="Method or row label whose score at 100% is to be reached.",
    shell_complete=completing.methods,
)
@click.option("--reference-init", help="The reference's `init` option, where it has several rows.")
@options.as_json
def command(
    *,
    store: Path | None,
    source: str | None,
    method: str,
    init: str | None,
    backbone: str | None,
    reference: str,
    reference_init: str | None,
    as_json: bool,
) -> None:
    """Find the share of the labels with which a method reaches a reference's score at 100% of them.

    First crossing of the rising curve that fits the mean scores best, linear in log fraction, with its 95% interval over
    seeds. A number stands only where the interval supports one: `not reached` where all labels are too few, `not separable`
    where the scores do not say.
    """
    if store is not None and source is not None:
        raise click.UsageError("name --store or --published, not both")
    frame = published.load(source) if source else load_store(store or Path("runs"))
    chosen = _only(frame, backbone)
    matches = keyed(labels_to_match(chosen, Choice(method, init), Choice(reference, reference_init)))
    if as_json:
        document.echo({name: match.to_json() for name, match in matches.items()})
        return
    Console().print(_table(matches))
    for line in dict.fromkeys(
        warned.rests_on(variant, names) for match in matches.values() for variant, names in match.warnings.items()
    ):
        click.echo(visible(f"{warned.MARK} {line}"))


def _only(frame: pd.DataFrame, backbone: str | None) -> pd.DataFrame:
    if backbone is None:
        return frame
    if backbone not in set(frame["backbone"]):
        raise StudyError(f"no result with backbone {backbone!r}{among(backbone, sorted(set(frame['backbone'])))}")
    return frame[frame["backbone"] == backbone]


def _table(matches: dict[str, Match]) -> Table:
    first = next(iter(matches.values()))
    title = Text(visible(f"Labels with which {first.method} reaches {first.reference} at 100%"))
    table = Table(title=title)
    for column in ("data set", "backbone", "to reach", "labels", "95% interval", "n"):
        table.add_column(column, justify="left" if column in {"data set", "backbone"} else "right")
    for name, match in matches.items():
        target = f"{100 * match.target:.2f}{warned.mark(match.warnings.get(match.reference, ''))}"
        labels = f"{_labels(match)}{warned.mark(match.warnings.get(match.method, ''))}"
        cells = [name, match.backbone, target, labels, _range(match), str(match.n)]
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table


def _labels(match: Match) -> str:
    if match.crossing.kind not in {"at", "at most"}:
        return match.crossing.kind
    sign = "≤ " if match.crossing.kind == "at most" else ""
    return f"{sign}{_percent(match.crossing.fraction)}"


def _range(match: Match) -> str:
    if math.isnan(match.interval.low):
        return "unknown"
    return f"{_percent(match.interval.low)} to {_percent(match.interval.high)}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}%" if math.isfinite(fraction) else "beyond"
