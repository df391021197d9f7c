"""Pages that list others: decisions, reports, tutorials and boards."""

import json
import re
from pathlib import Path
from typing import Any

from website.markdown import plain, summary_of, table, title_of
from website.pages import Pages

# Boards that are committed as one self-contained file each.
BOARDS = {
    "leaderboard": "The demo: every method, task and amount of labels on a synthetic planet. It says that the machinery "
    "works, and ranks nothing outside it.",
    "real-transfer": "Real images: pretrained on EuroSAT, read on RSSCN7 by frozen features and by fine-tuning.",
    "real-transfer-resnet18": "The same with ResNet-18, by frozen features, from one pretraining of five rows.",
    "real-transfer-imagenet": "The same from ImageNet's weights on a larger network.",
}


def add_decisions(pages: Pages) -> list[str]:
    """All decisions with their titles, as pages and as a list; returns their paths, the list first."""
    folder = pages.root / "docs" / "decisions"
    paths, rows = ["explanation/decisions/index.md"], []
    for file in sorted(folder.glob("*.md")):
        path = f"explanation/decisions/{file.name}"
        pages.take(path, file)
        number, _, title = pages.title(path).partition(" ")
        rows.append((number, f"[{plain(title)}](/{path})", plain(summary_of(file.read_text(encoding="utf-8")))))
        paths.append(path)
    text = (
        "# Decisions\n\nChoices that are not obvious, half a page each: context, choice, what was measured, what would "
    )
    text += f"change our mind. {len(rows)} of them.\n\n"
    pages.add(paths[0], text + table(["", "decision", "context"], rows))
    pages.places[folder] = paths[0]
    return paths


def add_reports(pages: Pages) -> list[str]:
    """All reports, as pages and as a list; returns their paths, the list first."""
    folder = pages.root / "docs" / "reports"
    paths, rows = ["findings/index.md"], []
    for file in sorted(folder.glob("*.md")):
        path = f"findings/{file.name}"
        pages.take(path, file)
        rows.append((f"[{plain(pages.title(path))}](/{path})", plain(summary_of(file.read_text(encoding="utf-8")))))
        paths.append(path)
    for file in sorted(folder.rglob("*.svg")):
        pages.copy(f"findings/{file.relative_to(folder).as_posix()}", file)
    text = "# Findings\n\nWhat was measured at length, with date and command. Numbers of the demo are of a synthetic world.\n\n"
    pages.add(paths[0], text + table(["report", "what it is of"], rows))
    pages.places[folder] = paths[0]
    return paths


def add_boards(pages: Pages) -> str:
    """The committed boards, copied, and a page that links them; returns its path."""
    lines = [
        (
            "# Live boards\n\nEach board is one page that needs no network: sort it, filter it, and click a score for its "
            "records, their subset of labels, environment and cost. They are made by `bench leaderboard page`; "
            "[the page](//docs/results.md#the-page) says how to read one.\n"
        )
    ]
    for name, text in BOARDS.items():
        folder = pages.root / "results" / name
        if (folder / "index.html").is_file():
            pages.copy(f"boards/{name}/index.html", folder / "index.html")
            records = sum(1 for _ in (folder / "records").glob("*.json"))
            lines.append(f"## {name}\n\n{text} {records:,} records.\n\n[Open the board](/boards/{name}/index.html)\n")
    pages.add("boards/index.md", "\n".join(lines))
    return "boards/index.md"


def add_tutorials(pages: Pages, work: Path) -> list[str]:
    """The notebooks as pages, as they were saved, without running them; returns their paths, the list first.

    Args:
        pages: to which they are added.
        work: a folder for their pictures.
    """
    notebooks = sorted((pages.root / "docs" / "notebooks").glob("*.ipynb"))
    paths = ["tutorials/index.md"]
    lines = [
        (
            "# Tutorials\n\nBegin with the [quick start](/quick-start.md): one command, and a table to read. The tutorials "
            "then go through a question each, from data to answer.\n"
        )
    ]
    for file in notebooks:
        path = f"tutorials/{file.stem}.md"
        pages.take(path, file, _rendered(pages, file, work))
        summary = summary_of(pages.texts[path])
        lines.append(f"- [{pages.title(path)}](/{path}): {summary}")
        paths.append(path)
    pages.add(paths[0], "\n".join(lines) + "\n")
    return paths


def _rendered(pages: Pages, file: Path, work: Path) -> str:
    """A notebook as Markdown; its pictures become files beside the page."""
    import nbconvert

    exporter: Any = nbconvert.MarkdownExporter  # it has types for some of its calls alone
    values = json.loads(file.read_text(encoding="utf-8"))
    pictures = f"{file.stem}-pictures"
    text, resources = exporter().from_filename(str(file), {"output_files_dir": pictures})
    for name, content in resources["outputs"].items():
        picture = work / name
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(content)
        pages.copy(f"tutorials/{name}", picture)
        pages.places[file.parent / name] = f"tutorials/{name}"  # as the page names it
    # Tables of pandas bring a frame and a style of their own; the theme dresses and scrolls plain ones.
    text = re.sub(r"<style scoped>.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r"<table[^>]*>", "<table>", text)
    if not title_of(text):
        text = f"# {values.get('metadata', {}).get('title', file.stem.replace('-', ' '))}\n\n{text}"
    pages.copy(f"tutorials/{file.name}", file)
    return f"{text}\n\n[This page as a notebook](/tutorials/{file.name})\n"
