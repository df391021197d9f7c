"""Names of others reach a terminal, a page and the name of a file as names, whatever they hold."""

import json
import re
import unicodedata

import pytest
from markdown_it import MarkdownIt
from synthetic_records import synthetic_record, synthetic_study

from bench.store.store import Store

ESCAPES = "red\x1b]0;title\x07\x00\u202e"
LONG = "x" * 290
MARKED = "<b>x</b> `y` [z](javascript:a) # h"


@pytest.fixture
def named(tmp_path, write_store):
    """A store of two rows under a name, whose protocol, data set and metric bear it too."""

    def make(name):
        shared = {"study": name, "dataset": name, "protocol": name[:300], "task": "seg"}
        records = [
            synthetic_record(key=f"{row}{seed}", method=method, row=name if row else None, seed=seed, **shared)
            for row, method in enumerate(("random", "moco"))
            for seed in range(2)
        ]
        Store(tmp_path / "store").open_for_writing()
        root = write_store(tmp_path / "store", records)
        folder = root / "weights" / "w"
        folder.mkdir(parents=True)
        card = {"key": "w", "method": "moco", "row": name, "backbone": name, "seed": 0, "steps": 3}
        (folder / "card.json").write_text(json.dumps(card))
        return root

    return make


@pytest.mark.parametrize("command", ["table", "stats", "verdict", "verify", "weights list"])
def test_a_terminal_is_sent_no_character_that_it_acts_on(named, run_bench, command):
    root = named(ESCAPES)
    (root / "records" / "torn.json").write_text("{" + ESCAPES)
    done = run_bench(*command.split(), "--store", str(root))
    said = done.stdout + done.stderr
    assert {char for char in said if unicodedata.category(char) in {"Cc", "Cf"}} <= {"\n", "\u200a"}
    assert "[U+001B]" in said or command == "verify"


def test_an_error_spells_out_the_name_that_it_is_about(tmp_path, run_bench):
    done = run_bench("table", "--store", str(tmp_path / "a\x1b[31mb"))
    assert (2, True, False) == (done.returncode, "[U+001B]" in done.stderr, "\x1b" in done.stderr)


@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
def test_a_page_and_its_plots_take_a_name_that_is_longer_than_files_have(named, run_bench, tmp_path):
    page = tmp_path / "page.md"
    done = run_bench("report", "--store", str(named(LONG)), "--study", "demo", "--out", str(page))
    assert 0 == done.returncode, done.stderr
    assert all((tmp_path / linked).is_file() for linked in re.findall(r"\]\((.*?)\)", page.read_text()))


def test_headings_and_checks_of_a_page_are_text_and_no_markdown(named, run_bench, tmp_path):
    page = tmp_path / "page.md"
    study = tmp_path / "study.yaml"
    study.write_text(json.dumps({"extends": "demo", "name": "mine", "title": MARKED}))
    done = run_bench("report", "--store", str(named(MARKED)), "--study", str(study), "--out", str(page))
    assert 0 == done.returncode, done.stderr
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(page.read_text())
    assert f"<h1>{MARKED.replace('<', '&lt;').replace('>', '&gt;')}</h1>" in shown
    assert not re.search(r"<b>|href|<h[12]> h", shown)


@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
def test_long_names_are_drawn_to_files_of_their_own(tmp_path, write_store, run_bench):
    boards = [(f"{LONG}{end}"[-300:], "demo-city", "resnet18") for end in "ab"]
    root = write_store(tmp_path / "store", synthetic_study(fractions=(1.0,), methods=("random", "moco"), boards=boards))
    done = run_bench("figures", "--store", str(root), "--out", str(tmp_path / "figures"))
    assert 0 == done.returncode, done.stderr
    assert 2 == len(list((tmp_path / "figures").glob("effects-*.svg")))
