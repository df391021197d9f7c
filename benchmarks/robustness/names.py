"""Hostile names, archives, pickles, tags and rasters: nothing leaves its folder, nothing runs, nothing is injected.

    python -m benchmarks.robustness.names [--json FILE]

A store is filled whose every text is hostile, and each command that writes from it is run; what it wrote is read as a
browser, a spreadsheet, LaTeX and a terminal read it. Then archives, checkpoints, YAML files and rasters that mean harm
are given to the commands that take them. The folder around is compared before and after, and a file called `ran` is what
every payload would leave.
"""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.robustness.hostile_files import archives, checkpoints, rasters, tags
from benchmarks.robustness.hostile_store import NAMES, hostile_store
from benchmarks.robustness.injections import (
    check_csv,
    check_latex,
    check_markdown,
    check_page,
    check_svg,
    check_terminal,
)
from benchmarks.robustness.typed import bench, ended, refused


def outputs(folder: Path) -> dict[str, list[str]]:
    """What each command that writes from the hostile store did wrong."""
    hostile_store(folder / "store")
    where = ("--store", "store")
    plain: list[tuple[str, tuple[str, ...], Callable[[str], list[str]]]] = [
        ("table", ("table", *where), check_terminal),
        ("stats", ("stats", *where), check_terminal),
        ("verdict", ("verdict", *where), check_terminal),
        ("verify", ("verify", *where), check_terminal),
        ("weights list", ("weights", "list", *where), check_terminal),
        ("store info", ("store", "info", *where), check_terminal),
        ("store gc", ("store", "gc", *where, "--dry-run", "--days", "0"), check_terminal),
        ("labels-to-match", ("labels-to-match", "random", *where), check_terminal),
        ("axes", ("axes", *where), check_terminal),
        ("verdict markdown", ("verdict", *where, "--format", "markdown"), check_markdown),
        ("verdict latex", ("verdict", *where, "--format", "latex"), check_latex),
    ]
    for shape in ("wide", "long"):
        plain += [
            (f"table csv {shape}", ("table", *where, "--format", "csv", "--layout", shape), check_csv),
            (f"table markdown {shape}", ("table", *where, "--format", "markdown", "--layout", shape), check_markdown),
            (f"table latex {shape}", ("table", *where, "--format", "latex", "--layout", shape), check_latex),
            (f"table html {shape}", ("table", *where, "--format", "html", "--layout", shape),
             lambda text: [each for each in check_page(text) if each != "0 scripts"]),
        ]  # fmt: skip
    found: dict[str, list[str]] = {}
    for name, words, check in plain:
        done = bench(*words, folder=folder)
        said = done.stdout
        found[name] = [*ended(done), *check(said), *check_terminal(done.stderr)]
    (folder / "study.yaml").write_text("extends: demo\nname: mine\nlimits: none\n")
    done = bench("report", *where, "--study", "study.yaml", "--out", "report.md", folder=folder)
    found["report"] = [
        *ended(done),
        *(check_markdown((folder / "report.md").read_text()) if done.returncode == 0 else []),
    ]
    done = bench("leaderboard", "page", *where, "--out", "page", folder=folder)
    page = folder / "page" / "index.html"
    found["leaderboard page"] = [*ended(done), *(check_page(page.read_text()) if page.is_file() else ["no page"])]
    done = bench("figures", *where, "--out", "figures", folder=folder)
    drawn = list((folder / "figures").glob("*.svg"))
    found["figures"] = (
        ended(done) + [line for file in drawn for line in check_svg(file)] + ([] if drawn else ["no figure"])
    )
    return found


def inputs(folder: Path) -> dict[str, list[str]]:
    """What each command that is given something made to do harm did wrong; all of it must be refused."""
    tried = (archives, checkpoints, tags, rasters, named)
    return {name: lines for each in tried for name, lines in each(folder).items()}


def named(folder: Path) -> dict[str, list[str]]:
    """Studies, tasks, data sets and weights under hostile names."""
    found = {}
    for name, text in NAMES.items():
        if "\x00" in text:  # no argument of a process holds it
            continue
        study = folder / "named.yaml"
        study.write_text(json.dumps({"extends": "demo", "name": text, "methods": [{"random": {"as": text}}]}))
        done = bench("plan", "--study", study, "--tasks", text, "--store", "none", folder=folder)
        found[f"study and task named {name}"] = refused(done)
        done = bench("data", "prepare", text, "--source", ".", folder=folder)
        found[f"data set named {name}"] = refused(done)
        done = bench("weights", "publish", "w0", "--store", "store", "--name", text, "--to", "folder:x", folder=folder)
        found[f"weights named {name}"] = refused(done)
    return found


@click.command()
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the figures here.")
def main(out: Path | None) -> None:
    """Try hostile names and files."""
    with tempfile.TemporaryDirectory() as work:
        figures = measure(Path(work))
    if out:
        out.write_text(json.dumps(figures, indent=1) + "\n")
    if any(figures.values()):
        raise SystemExit(1)


def measure(work: Path) -> dict[str, list[str]]:
    """Try everything in a folder within a folder; returns what went wrong by what was tried."""
    sandbox = work / "outer" / "middle" / "sandbox"
    sandbox.mkdir(parents=True)
    os.environ |= {"BENCH_DATA": str(sandbox / "data"), "COLUMNS": "200"}
    found = outputs(sandbox)
    found |= inputs(sandbox)
    strays = [path for path in work.rglob("*") if path.is_file() and not path.is_relative_to(sandbox)]
    found["nothing outside its folder"] = [f"{path} was written" for path in strays]
    ran = list(work.rglob("ran")) + [Path(name) for name in ("/outside", "/etc/outside") if Path(name).exists()]
    found["nothing ran"] = [f"{path} is there" for path in ran]
    bad = {name: lines for name, lines in found.items() if lines}
    for name, lines in bad.items():
        print(f"{name}: {len(lines)} x {lines[0]}")
    print(f"{len(NAMES)} names, {len(found)} things tried, {len(bad)} with faults")
    return found


if __name__ == "__main__":
    main()
