"""The front page: what the harness answers, with a figure and answers from committed records."""

import re
from pathlib import Path

import jinja2

import methods
import tasks
from results import load
from results.figures.curves import label_efficiency
from results.figures.drawing import as_bytes
from results.looks import looks
from tasks.datasets import registry as data_sets
from tasks.protocols import known_protocols
from website.markdown import sections
from website.pages import Pages, SiteError

# Of the figure: a board of real images and the rows that most readers ask for first.
STORE, PROTOCOL, ROWS = "real-transfer", "transfer/rsscn7-probe", ("random", "moco", "geokr", "supervised")
FIGURE = "pictures/front.svg"

QUESTIONS = [
    ("Is method A better than B at 1% of the labels?", ("A sentence with an interval, the number of seeds, and the "
     "difference that could have been called."), ("Statistics", "//docs/results.md#verdicts")),
    ("How many labels does a pretraining save?", ("The labels at which the other method draws level, where the curve "
     "supports it."), ("Labels to match", "/reference/commands/labels-to-match.md")),
    ("Was the comparison fair?", "Every row gets the same views, budget and tuning; what is unequal is marked.",
     ("The design sheet", "//docs/studies.md#the-design-sheet")),
    ("Does it hold?", "Each verdict is held against variants: another length, rate, head, split, or world.",
     ("Does it hold?", "//docs/results.md#does-it-hold")),
    ("Can I trust the numbers?", ("Every score leads to its record, and every metric is computed again from what was "
     "predicted."), ("The store", "//docs/store.md#looking-for-damage")),
]  # fmt: skip


def add_front(pages: Pages, work: Path) -> str:
    """The front page; returns its path."""
    template = jinja2.Template(
        (Path(__file__).parent / "front.md").read_text(encoding="utf-8"), autoescape=False
    )  # Markdown
    text = template.render(
        figure=_figure(pages, work), questions=QUESTIONS, answers=_answers(pages.root), counts=_counts(pages.root)
    )
    pages.add("index.md", text)
    return "index.md"


def add_quick_start(pages: Pages) -> str:
    """The README's two commands, which CI runs as they stand, and its ways in; returns the page's path.

    Raises:
        SiteError: the README has lost their marks.
    """
    file = pages.root / "README.md"
    kept = [(title, text) for title, text in sections(file.read_text(encoding="utf-8")) if title]
    marks = ("<!-- command: run -->", "<!-- command: test -->", "<!-- way: ")
    if lost := [mark for mark in marks if not any(mark in text for _, text in kept)]:
        raise SiteError(f"{file}: no section has {lost[0]}, by which the quick start is found")
    shown = [(title, text) for title, text in kept if any(mark in text for mark in marks)]
    parts = [f"## {title}\n{re.sub(r'<!--.*?-->', '', text)}" for title, text in shown]
    pages.take("quick-start.md", file, "# Quick start\n\n" + "\n".join(parts))
    del pages.places[file]  # the whole README is a page of its own
    return "quick-start.md"


def _figure(pages: Pages, work: Path) -> str:
    """Score over the labels used, of a few rows of a committed store."""
    frame = load(pages.root / "results" / STORE)
    board = frame[(frame["protocol"] == PROTOCOL) & frame["variant"].isin(ROWS)]
    if set(board["variant"]) != set(ROWS):
        raise SiteError(
            f"results/{STORE} has no records of {', '.join(ROWS)} on {PROTOCOL}: choose others in website/front.py"
        )
    file = work / FIGURE
    file.parent.mkdir(parents=True, exist_ok=True)
    given = looks(set(frame["variant"]))
    file.write_bytes(as_bytes(label_efficiency(board, {row: given[row] for row in ROWS}), "svg"))
    pages.copy(FIGURE, file)
    metric = str(board["metric"].iloc[0]).replace("_", " ").removeprefix("mean ")
    return (
        f"![Mean {metric} of {', '.join(ROWS)} over the share of the labels](/{FIGURE}){{ .figure }}\n\n"
        f"*Frozen features on RSSCN7 after pretraining on EuroSAT: mean {metric} over {board['seed'].nunique()} seeds, with "
        f"95% intervals, from {len(board):,} committed records. [The board](/boards/{STORE}/index.html) has every row.*"
    )


def _answers(root: Path) -> list[str]:
    """The answers that the README quotes, which a test holds against the report."""
    text = (root / "README.md").read_text(encoding="utf-8")
    return [f"{found.strip().rstrip('.')}." for found in re.findall(r"^> (On transfer/.*)$", text, re.MULTILINE)]


def _counts(root: Path) -> str:
    records = sum(1 for _ in (root / "results").rglob("records/*.json"))
    real = [spec for spec in data_sets.all().values() if not spec.synthetic]
    return (
        f"{len(methods.registry.all())} [methods](//docs/methods.md), {len(tasks.registry.all())} "
        f"[tasks](//docs/tasks.md), {len(real)} [public data sets](/reference/data-sets-and-licences.md) and a synthetic "
        f"planet, {len(known_protocols())} [protocols](/reference/protocols/index.md) with the source of every value, and "
        f"{records:,} committed records."
    )
