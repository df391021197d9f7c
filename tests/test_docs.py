"""What the documentation names exists: files, functions, keys of a study, and studies that load."""

import ast
import re
from dataclasses import asdict

import pytest
from running import ROOT

import methods
import tasks
from bench import backbones, engines
from bench.corpus.build.rules import REASONS, Rules
from bench.studies.loading import load_study
from bench.studies.rows import Row
from bench.studies.study import Study
from tasks import heads

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
# A path below the root, as prose and commands write it; `*` and `<name>` stand for any name.
PATH = re.compile(r"(?<![\w/.<-])(?:bench|methods|tasks|results|configs|tests|benchmarks|docs)/[\w./*<>-]*[\w*/>]")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
LONGEST = 120


def page_id(page):
    return str(page.relative_to(ROOT))


@pytest.fixture(params=PAGES, ids=page_id)
def page(request):
    return request.param


def test_every_path_that_a_page_names_exists(page):
    named = set(PATH.findall(page.read_text()))
    assert [] == sorted(path for path in named if not any(ROOT.glob(re.sub(r"<[^>]+>", "*", path.rstrip("/")))))


def test_every_link_of_a_page_leads_to_a_file(page):
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    linked = set(LINK.findall(prose))
    assert [] == sorted(target for target in linked if not (page.parent / target).exists())


def test_a_line_of_a_page_is_short(page):
    # The README's two commands are pasted as one line each.
    lines = re.sub(r"<!-- command: .*?```.*?```", "", page.read_text(), flags=re.DOTALL).splitlines()
    # A report's tables are as wide as their columns.
    wide = "|" if page.parent.name == "reports" else "\0"
    long = [(number, line) for number, line in enumerate(lines, 1) if len(line) > LONGEST]
    assert [] == [f"{number}: {line}" for number, line in long if not line.startswith(wide)]


def steps():
    """File and function of each step of the walks."""
    return re.findall(
        r"^\| `([\w/]+\.py)` \| `([\w.]+)` \|", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE
    )


def test_the_walks_have_their_steps():
    files = [file for file, _ in steps()]
    assert {"bench/studies/plan.py", "tasks/subsets.py", "results/frame.py"} <= set(files)
    assert {"bench/corpus/scenes/scene.py", "bench/corpus/storage/batches.py", "methods/geokr.py"} <= set(files)


@pytest.mark.parametrize(("file", "name"), steps())
def test_a_step_of_a_walk_is_defined_where_it_is_said_to_be(file, name):
    body = ast.parse((ROOT / file).read_text()).body
    for part in name.split("."):
        found = [node for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == part]
        assert found, f"{file} defines no {name}"
        body = found[0].body


@pytest.fixture(scope="module")
def studies_page():
    return (ROOT / "docs" / "studies.md").read_text()


@pytest.mark.parametrize(("title", "model"), [("Keys", Study), ("Rows", Row), ("Engine", engines.get("local").options)])
def test_every_field_of_a_study_is_documented(studies_page, title, model):
    section = re.search(rf"^## {title}\n(.*?)(?=^## )", studies_page, re.MULTILINE | re.DOTALL)[1]
    documented = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert [] == sorted(model.model_fields.keys() - set(documented))


def examples():
    """The studies of the page, by the file name in their first line."""
    text = (ROOT / "docs" / "studies.md").read_text()
    return dict(re.findall(r"^```yaml\n# (\S+\.yaml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("name", examples())
def test_an_example_study_loads(tmp_path, name):
    for file, text in examples().items():
        (tmp_path / file).write_text(text)
    study = load_study(tmp_path / name, {})
    assert f"{study.name}.yaml" == name
    assert study.all_protocols()


def test_the_rows_of_the_example_bear_their_names(tmp_path):
    (tmp_path / "rows.yaml").write_text(examples()["rows.yaml"])
    study = load_study(tmp_path / "rows.yaml", {})
    assert ["random", "geokr", "geokr-shuffled", "moco-a", "moco-b", "oracle"] == [row.name for row in study.rows()]


def test_the_table_of_the_quick_start_is_that_of_the_committed_leaderboard():
    board = (ROOT / "results" / "leaderboard" / "table.md").read_text()
    city = re.search(r"^### demo/city, .*?(?=^###)", board, re.MULTILINE | re.DOTALL)[0]
    scores = re.compile(r"^\| (random|geokr|moco) \|.*$", re.MULTILINE)
    shown = [row[0].replace("*", "").replace("<u>", "").replace("</u>", "") for row in scores.finditer(city)]
    page = (ROOT / "docs" / "quick-start.md").read_text()
    assert shown == [row[0].replace("*", "") for row in scores.finditer(page)]


def test_the_answers_that_the_readme_quotes_stand_in_the_report():
    report = " ".join((ROOT / "docs" / "reports" / "real-transfer.md").read_text().replace("\\", "").split())
    quoted = re.findall(r"^> (On transfer/.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(quoted) >= 2
    assert [] == [answer for answer in quoted if answer not in report]


def test_the_corpus_page_has_every_threshold_with_its_default_and_every_reason():
    text = (ROOT / "docs" / "corpus.md").read_text()
    section = re.search(r"^### Which tiles are left out\n(.*?)(?=^### )", text, re.MULTILINE | re.DOTALL)[1]
    documented = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", section, re.MULTILINE))
    assert {name: str(value) for name, value in asdict(Rules()).items()} == documented
    assert [] == [reason for reason in REASONS if f"`{reason}`" not in section]


@pytest.mark.parametrize(
    ("file", "registry"),
    [
        ("methods.md", methods.registry),
        ("methods.md", backbones.registry),
        ("tasks.md", tasks.registry),
        ("tasks.md", heads.registry),
    ],
    ids=["methods", "backbones", "tasks", "heads"],
)
def test_every_registered_name_has_a_row_in_its_page(file, registry):
    cells = re.findall(r"^\| (`[^|]+`) \|", (ROOT / "docs" / file).read_text(), re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    shipped = {spec.name for spec in registry._builtin}  # other packages document theirs
    assert set() == shipped - documented
