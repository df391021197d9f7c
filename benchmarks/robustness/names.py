"""Hostile names, archives, pickles, tags and rasters: nothing leaves its folder, nothing runs, nothing is injected.

    python -m benchmarks.robustness.names [--json FILE]

A store is filled whose every text is hostile, and each command that writes from it is run; what it wrote is read as a
browser, a spreadsheet, LaTeX and a terminal read it. Then archives, checkpoints, YAML files and rasters that mean harm
are given to the commands that take them. The folder around is compared before and after, and a file called `ran` is what
every payload would leave.
"""

import csv
import io
import json
import os
import pickle
import re
import subprocess
import sys
import tarfile
import tempfile
import traceback
import unicodedata
import zipfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import click

NAMES = {
    "parent": "../../outside",
    "absolute": "/etc/outside",
    "windows": "..\\..\\outside",
    "command": "x; touch ran #",
    "substitution": "$(touch ran)`touch ran`",
    "newline": "first\nsecond\r\nthird",
    "nul": "a\x00b",
    "bidi": "abc\u202edef\u2066\u200f",
    "escape": "\x1b]0;title\x07\x1b[31mred",
    "long": "x" * 290,
    "dde": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-1+1|x",
    "at": "@SUM(1)",
    "full width": "\uff1d1+1",
    "behind a semicolon": 'a;=1+1;"=2',
    "behind a tab": "\t=1+1",
    "behind a quote": '"=1+1',
    "script": "<script>touch('ran')</script>",
    "image": '<img src=x onerror="alert(1)">',
    "attribute": '" onmouseover="alert(1)',
    "end of script": "</script><script>alert(1)</script>",
    "comment": "<!-- --><!--",
    "input": r"\input{/etc/passwd}",
    "write18": r"\immediate\write18{touch ran}",
    "catcode": r"^^5cinput{/etc/passwd}",
    "percent": "100% of %s {0} %n",
    "braces": "}{\\end{document}",
    "link": "[x](javascript:alert(1)) ![y](http://127.0.0.1/z)",
    "fence": "```\n# heading\n```",
    "table": "a | b |\n|---|",
    "jinja": "{{ 7*7 }}{% raw %}<< 7 >>",
    "mathematics": r"$\frac{1}{$",
    "markup": "[red]x[/red]",
    "hidden": ".hidden",
    "dots": "..",
}
# What a spreadsheet takes for a formula, and numbers, which may be negative.
FORMULA = re.compile(r"^[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"^[+-]?[\d.]+(e[+-]?\d+)?$")
# Tags that our Markdown makes: of tables, emphasis, lists, headings, code and our own plots.
TAGS = set("table thead tbody tr th td p em strong u sup ul li h1 h2 h3 code pre img".split())  # noqa: SIM905


class _Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def bench(*words: object, folder: Path) -> Done:
    """Run a command in a folder, in this process, from its arguments to its exit code."""
    from bench.cli import main as run

    said, complained = io.StringIO(), io.StringIO()
    before, arguments = Path.cwd(), sys.argv
    os.chdir(folder)
    sys.argv = ["bench", *map(str, words)]
    try:
        with redirect_stdout(said), redirect_stderr(complained):
            run()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except Exception:  # noqa: BLE001 - a traceback is what is looked for
        code = 1
        complained.write(traceback.format_exc())
    finally:
        os.chdir(before)
        sys.argv = arguments
    return Done(code, said.getvalue(), complained.getvalue())


def hostile_store(folder: Path) -> None:
    """Two rows, two seeds and two amounts under each name, in every text that a record, sheet or question has."""
    from datetime import date

    from bench.store.copied import Copied, CopiedScore, keep
    from bench.store.designs import Cell, Sentence, Sheet
    from bench.store.questions import Question, Questions
    from bench.store.records import Record
    from bench.store.store import Store

    store = Store(folder)
    store.open_for_writing()
    number = 0
    for at, text in enumerate(NAMES.values()):
        for row in ("random", text):
            for fraction in (0.1, 1.0):
                for seed in (0, 1):
                    number += 1
                    score = 0.4 + 0.1 * (row == text) + 0.013 * seed + 0.2 * fraction
                    store.write_record(
                        Record(
                            key=f"k{number}", study=text, row=None if row == "random" else text, axes={text: text},
                            method="random" if row == "random" else text, options={text: text, "init": text},
                            backbone="resnet18", task=text, dataset=text, protocol=f"{text}{at}"[:300], protocol_hash=text,
                            fraction=fraction, seed=seed, seeds={"pretrain": seed, "subset": seed, "train": seed},
                            weights=f"w{at}", corpus=text, metric=text,
                            metrics={text: score, f"{text}/{text}"[:300]: 0.5}, labels=text if fraction < 1 else None,
                            counts={"train": 10, "train_all": 20, "val": 0, "test": 20, "steps": 10, "classes": 2},
                            design={"selection": text, "draw": text, "label_source": text, "of": text},
                            tuned={text: text, "trials": 2.0}, settled={"settled": 0.0}, warnings={text: text},
                            pretraining={"steps": 3.0}, trivial=0.2, provenance={"device": text, "weights": {"device_name": text}},
                            cost={"train_seconds": 1.0},
                        )
                    )  # fmt: skip
        card = {"key": f"w{at}", "method": text, "backbone": text, "seed": 0, "steps": 3, "row": text}
        (store.weights(f"w{at}")).mkdir(parents=True)
        (store.weights(f"w{at}") / "card.json").write_text(
            json.dumps(card | {"warnings": {text: text}, "options": {text: text}})
        )
        cells = [[Cell(text=text, differs=True), Cell(text=text)]]
        store.write_design(
            Sheet(study=text, columns=[text, text], rows=cells, notes=[text],
                  sentences=[Sentence(a=text, b="random", about="methods", because=[text])])
        )  # fmt: skip
        asked = Question(
            a=text,
            b="random",
            protocol=f"{text}{at}"[:300],
            backbone="resnet18",
            fraction=1.0,
            amount=text,
            metric=text,
        )
        store.write_questions(
            Questions(study=text, date=date(2026, 1, 2), revision=text, within=0.01, questions=(asked,))
        )
        score = CopiedScore(
            dataset=text,
            evaluation=text,
            metric=text,
            value=0.5,
            model=text,
            n_train=1,
            n_test=2,
            seed=0,
            settings={text: text},
        )
        keep(folder, Copied(benchmark="torchgeo-bench", file=text, sha256=f"{at:064d}", scores=[score]))


def check_csv(text: str) -> list[str]:
    """Cells that a spreadsheet would run, whichever of three signs ends a cell."""
    found = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    found += [cell for line in text.splitlines() for end in (";", "\t") for cell in line.split(end)[1:]]
    return [f"a cell begins with {cell[:20]!r}" for cell in found if FORMULA.match(cell) and not NUMBER.match(cell)]


def check_markdown(text: str) -> list[str]:
    """Tags and addresses that a page made of the Markdown would have beside ours."""
    from markdown_it import MarkdownIt

    tags = _Tags()
    tags.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    return [
        f"a page has <{tag} {attributes}>"
        for tag, attributes in tags.found
        if tag not in TAGS
        or any(name.startswith("on") or "script" in str(value) for name, value in attributes.items())
        or (tag == "img" and "://" in str(attributes.get("src")))
    ]


def check_page(text: str) -> list[str]:
    """Scripts beside the page's own two, handlers, and images that are fetched."""
    tags = _Tags()
    tags.feed(text)
    scripts = sum(tag == "script" for tag, _ in tags.found)
    bad = [
        f"<{tag} {attributes}>"
        for tag, attributes in tags.found
        if any(name.startswith("on") for name in attributes)
        or "javascript:" in str(attributes.get("href"))
        or (tag == "img" and not str(attributes.get("src", "data:")).startswith("data:"))
    ]
    return [*bad, *([f"{scripts} scripts"] if scripts != 2 else [])]


def check_latex(text: str) -> list[str]:
    r"""Commands of names: ours are known, and a name's backslash is `\textbackslash`."""
    known = {
        "documentclass",
        "usepackage",
        "newcolumntype",
        "raggedright",
        "arraybackslash",
        "begin",
        "end",
        "caption",
        "toprule",
        "midrule",
        "bottomrule",
        "endhead",
        "resizebox",
        "ifdim",
        "width",
        "textwidth",
        "else",
        "fi",
        "textbf",
        "underline",
        "textsuperscript",
        "centering",
        "item",
        "noindent",
        "footnotesize",
        "pm",
        "small",
        "par",
        "medskip",
        "bigskip",
        "textbackslash",
        "textasciitilde",
        "textasciicircum",
        "textless",
        "textgreater",
        "textbar",
        "textquotedbl",
        "textasciigrave",
        "textquotesingle",
        "textdagger",
        "textdaggerdbl",
        "textsection",
        "linewidth",
        "clearpage",
    }
    return [f"LaTeX has \\{each}" for each in sorted(set(re.findall(r"\\([A-Za-z]+)", text)) - known)] + [
        "LaTeX has ^^" for _ in re.findall(r"\^\^", text)[:1]
    ]


def check_terminal(text: str) -> list[str]:
    """Characters that a terminal would act on, or that turn text round."""
    unseen = {c for c in text if unicodedata.category(c) in {"Cc", "Cf"} and c not in "\n\u200a"}
    return [f"a terminal is sent U+{ord(c):04X}" for c in sorted(unseen)]


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
        found[name] = [*_ended(done), *check(said), *check_terminal(done.stderr)]
    (folder / "study.yaml").write_text("extends: demo\nname: mine\nlimits: none\n")
    done = bench("report", *where, "--study", "study.yaml", "--out", "report.md", folder=folder)
    found["report"] = [
        *_ended(done),
        *(check_markdown((folder / "report.md").read_text()) if done.returncode == 0 else []),
    ]
    done = bench("leaderboard", "page", *where, "--out", "page", folder=folder)
    page = folder / "page" / "index.html"
    found["leaderboard page"] = [*_ended(done), *(check_page(page.read_text()) if page.is_file() else ["no page"])]
    done = bench("figures", *where, "--out", "figures", folder=folder)
    drawn = list((folder / "figures").glob("*.svg"))
    found["figures"] = (
        _ended(done) + [line for file in drawn for line in check_svg(file)] + ([] if drawn else ["no figure"])
    )
    return found


def check_svg(file: Path) -> list[str]:
    """Scripts, handlers and links of a figure."""
    tags = _Tags()
    tags.feed(file.read_text())
    return [
        f"{file.name} has <{tag}>"
        for tag, attributes in tags.found
        if tag in {"script", "foreignobject", "image", "a"} or any(name.startswith("on") for name in attributes)
    ]


def _ended(done: Done) -> list[str]:
    text = done.stderr + done.stdout
    if "Traceback" in text:
        return [f"a traceback: {text.strip().splitlines()[-1][:200]}"]
    return [] if done.returncode in {0, 1, 2} else [f"exit code {done.returncode}"]


class _Runs:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call, self.arguments


def inputs(folder: Path) -> dict[str, list[str]]:
    """What each command that is given something made to do harm did wrong; all of it must be refused."""
    tried = (archives, checkpoints, tags, rasters, named)
    return {name: lines for each in tried for name, lines in each(folder).items()}


def archives(folder: Path) -> dict[str, list[str]]:
    """Archives as a data set and as a submission."""
    found = {}
    for name, file in _archives(folder).items():
        words = ("data", "prepare", "ucmerced", "--source", file, "--out", folder / "out")
        found[f"archive: {name}"] = _refused(bench(*words, folder=folder))
        if file.suffix == ".zip":
            words = ("leaderboard", "accept", file, "--into", folder / "board", "--cells", 0)
            found[f"submission: {name}"] = _refused(bench(*words, folder=folder))
    return found


def checkpoints(folder: Path) -> dict[str, list[str]]:
    """Pickles that would run something."""
    import torch

    found = {}
    payloads = {
        "os.system": _Runs(os.system, "touch ran"),
        "eval": _Runs(eval, "open('ran', 'w')"),
        "subprocess": _Runs(subprocess.call, ["touch", "ran"]),
        "open": _Runs(open, "ran", "w"),
        "getattr": _Runs(getattr, os, "system"),
    }
    for name, payload in payloads.items():
        try:
            plain = pickle.dumps({"state_dict": {"conv1.weight": payload}})
            torch.save({"state_dict": {"conv1.weight": torch.zeros(1)}, "more": payload}, folder / "new.pth")
        except (TypeError, pickle.PicklingError):  # what Python itself does not pickle
            continue
        (folder / "plain.pkl").write_bytes(plain)
        for file in ("new.pth", "plain.pkl"):
            found[f"checkpoint: {name} in {file}"] = _refused(bench("weights", "inspect", file, folder=folder))
    return found


def tags(folder: Path) -> dict[str, list[str]]:
    """YAML that names Python."""
    found = {}
    named = ("!!python/object/apply:os.system ['touch ran']", "!!python/name:os.system", "!!python/module:os", "!x y")
    for tag in named:
        for file, words in {
            "tagged.yaml": ("plan", "--study", "tagged.yaml"),
            "protocol.yaml": ("data", "subsets", "protocol.yaml"),
            "set.yaml": ("data", "prepare", "set.yaml", "--source", ".", "--out", "out"),
        }.items():
            (folder / file).write_text(f"name: {tag}\nid: {tag}\n")
            found[f"{file}: {tag.split()[0]}"] = _refused(bench(*words, folder=folder))
        found[f"--set: {tag.split()[0]}"] = _refused(bench("plan", "--set", f"seeds={tag}", folder=folder))
    return found


def rasters(folder: Path) -> dict[str, list[str]]:
    """A VRT under other names, and GDAL's own paths."""
    found = {}
    vrt = (
        '<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:32632</SRS><GeoTransform>0,1,0,0,0,-1</GeoTransform>'
        '<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>/vsicurl/http://127.0.0.1:9/x.tif'
        "</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    for ending in ("tif", "png", "jpg", "jp2", "img"):
        scenes = folder / f"scenes-{ending}"
        scenes.mkdir()
        (scenes / f"a.{ending}").write_text(vrt)
        kind = "--images" if ending in {"png", "jpg"} else "--scenes"
        done = bench("corpus", "build", kind, scenes, "--out", folder / "corpus", "--size", 64, folder=folder)
        found[f"VRT named .{ending}"] = _refused(done)
    for place in ("/vsicurl/http://127.0.0.1:9/x.tif", "/vsizip/a.zip/x.tif", "/vsistdin/"):
        done = bench("corpus", "build", "--scenes", place, "--out", folder / "corpus", "--size", 64, folder=folder)
        found[f"scenes at {place}"] = _refused(done)
        found[f"checkpoint at {place}"] = _refused(bench("weights", "inspect", place, folder=folder))
    return found


def named(folder: Path) -> dict[str, list[str]]:
    """Studies, tasks, data sets and weights under hostile names."""
    found = {}
    for name, text in NAMES.items():
        if "\x00" in text:  # no argument of a process holds it
            continue
        study = folder / "named.yaml"
        study.write_text(json.dumps({"extends": "demo", "name": text, "methods": [{"random": {"as": text}}]}))
        done = bench("plan", "--study", study, "--tasks", text, "--store", "none", folder=folder)
        found[f"study and task named {name}"] = _refused(done)
        done = bench("data", "prepare", text, "--source", ".", folder=folder)
        found[f"data set named {name}"] = _refused(done)
        done = bench("weights", "publish", "w0", "--store", "store", "--name", text, "--to", "folder:x", folder=folder)
        found[f"weights named {name}"] = _refused(done)
    return found


def _archives(folder: Path) -> dict[str, Path]:
    """Archives that lie, each in a file of its own."""
    made = {}
    for name, entry in {
        "parent": "../outside",
        "absolute": "/outside",
        "windows": "..\\outside",
        "drive": "C:outside",
    }.items():
        for ending in ("zip", "tar"):
            file = folder / f"{name}.{ending}"
            made[f"{name}.{ending}"] = file
            if ending == "zip":
                with zipfile.ZipFile(file, "w") as archive:
                    archive.writestr(entry, b"x" * 100)
            else:
                with tarfile.open(file, "w") as archive:
                    info = tarfile.TarInfo(entry)
                    info.size = 1
                    archive.addfile(info, io.BytesIO(b"x"))
    for name, kind in {
        "symlink": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE,
        "device": tarfile.CHRTYPE,
        "fifo": tarfile.FIFOTYPE,
    }.items():
        made[f"{name}.tar"] = folder / f"{name}.tar"
        with tarfile.open(made[f"{name}.tar"], "w") as archive:
            info = tarfile.TarInfo("link")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    made["symlink.zip"] = folder / "symlink.zip"
    with zipfile.ZipFile(made["symlink.zip"], "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    made["bomb.zip"] = folder / "bomb.zip"
    with zipfile.ZipFile(made["bomb.zip"], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1 << 28))
    made["bomb.tar.gz"] = folder / "bomb.tar.gz"
    with tarfile.open(made["bomb.tar.gz"], "w:gz") as archive:
        info = tarfile.TarInfo("a")
        info.size = 1 << 28
        archive.addfile(info, io.BytesIO(bytes(1 << 28)))
    return made


def _refused(done: Done) -> list[str]:
    said = done.stderr
    problems = [*_ended(done), *check_terminal(said)]
    return problems if done.returncode == 2 else [*problems, f"exit code {done.returncode}, not a refusal"]


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
