"""The documentation as a site: its reference lags behind nothing, and what is built is whole and needs no network."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from importlib.resources import files

import click
import pytest
from browsing import browser, requests_of, visit
from running import ROOT
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import methods
from bench import engines
from bench.cli import cli
from bench.studies.axes import Axes
from bench.studies.budget import Budget
from bench.studies.study import Study
from tasks import heads
from tasks.datasets import registry as data_sets
from tasks.protocols import Protocol, known_protocols, load_protocol
from website.build import gather
from website.checks import faults
from website.markdown import with_links, with_wide_lists
from website.pages import Pages, SiteError
from website.reference.commands import walk

__all__ = ["browser", "requests_of", "visit"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    if any((ROOT / "docs" / "notebooks").glob("*.ipynb")):
        pytest.importorskip("nbconvert", reason="notebooks need the extra docs")
    return gather(ROOT, tmp_path_factory.mktemp("drawn"))[0]


def codes(text):
    """Words in the letters of code."""
    plain = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text).replace("&lt;", "<").replace("&gt;", ">")
    return set(re.findall(r"<code>(.*?)</code>", plain))


def test_every_command_and_every_option_stands_in_the_reference(pages):
    root = click.Context(cli, info_name="bench")
    missing = []
    for name in cli.list_commands(root):
        text = pages.texts[f"reference/commands/{name}.md"]
        below = cli.get_command(root, name)
        for command, context in walk(below, click.Context(below, info_name=name, parent=root)):
            if not re.search(rf"^#+ {re.escape(context.command_path)}$", text, re.MULTILINE):
                missing.append(context.command_path)
            options = [option for each in command.params if isinstance(each, click.Option) for option in each.opts]
            shown = {word.strip(",") for code in codes(text) for word in re.split(r"[ /]", code)}
            missing += [f"{context.command_path} {option}" for option in options if option not in shown]
    assert [] == missing


@pytest.mark.parametrize("model", [Study, Budget, Axes, engines.get("local").options, engines.get("ray").options])
def test_every_key_of_a_study_stands_in_the_reference(pages, model):
    assert set() == set(model.model_fields) - codes(pages.texts["reference/study-keys.md"])


def test_every_key_of_a_study_is_said_to_mean_something(pages):
    rows = re.findall(r"^\| <code>(.*?)</code> \|.*\|(.*)\|$", pages.texts["reference/study-keys.md"], re.MULTILINE)
    assert len(rows) >= len(Study.model_fields)
    assert [] == [key for key, meaning in rows if not meaning.strip()]


@pytest.mark.parametrize(("page", "registry"), [("methods", methods.registry), ("heads", heads.registry)])
def test_every_option_of_what_is_registered_stands_in_the_reference(pages, page, registry):
    shown = codes(pages.texts[f"reference/options-of-{page}.md"])
    assert set() == {name for spec in registry.all().values() for name in spec.options.model_fields} - shown


def test_every_protocol_stands_in_the_reference_with_its_sources(pages):
    text = "\n".join(text for path, text in pages.texts.items() if path.startswith("reference/protocols/"))
    headings = set(re.findall(r"^## (\S+) \{", text, re.MULTILINE))
    assert set(known_protocols()) == headings
    silent = [name for name in known_protocols() if any(source[:5] not in text for source in sources(name))]
    assert [] == silent
    assert set() == set(Protocol.model_fields) - codes(pages.texts["reference/protocol-keys.md"])


def sources(name):
    return load_protocol(name).sources.values()


def test_every_data_set_stands_in_the_reference_with_its_licence(pages):
    text = pages.texts["reference/data-sets-and-licences.md"]
    for spec in data_sets.all().values():
        section = re.search(rf"^## {re.escape(spec.name)} .*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[0]
        assert spec.licence in section


def test_every_page_of_the_repositorys_documentation_is_a_page_of_the_site(pages):
    named = {*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"}
    assert named <= set(pages.origins.values())


def test_a_link_of_a_page_follows_the_page_to_its_place(tmp_path):
    (tmp_path / "docs" / "decisions").mkdir(parents=True)
    (tmp_path / "study.yaml").write_text("name: x\n")
    (tmp_path / "docs" / "a.md").write_text(
        "# A\n\n[b](decisions/b.md#why), [s](../study.yaml), `[c](no.md)`, [t](#t)\n"
    )
    (tmp_path / "docs" / "decisions" / "b.md").write_text("# B\n")
    pages = Pages(tmp_path)
    pages.take("reference/deep/a.md", tmp_path / "docs" / "a.md")
    pages.take("explanation/b.md", tmp_path / "docs" / "decisions" / "b.md")
    pages.write(tmp_path / "out")
    text = (tmp_path / "out" / "reference" / "deep" / "a.md").read_text()
    assert "[b](../../explanation/b.md#why), [s](../../files/study.yaml.md), `[c](no.md)`, [t](#t)" in text
    assert "name: x" in (tmp_path / "out" / "files" / "study.yaml.md").read_text()


def test_a_link_to_nothing_is_refused(tmp_path):
    (tmp_path / "a.md").write_text("[gone](gone.md)\n")
    pages = Pages(tmp_path)
    pages.take("a.md", tmp_path / "a.md")
    with pytest.raises(SiteError, match=r"gone\.md"):
        pages.write(tmp_path / "out")


def test_links_in_code_stay_and_nested_lists_are_widened():
    text = "- a\n  b\n  - c [x](y.md)\n    d\n\n```\n  [x](y.md)\n```\n\n1. e\n\n    ```sh\n    f\n      g\n    ```\n   h\n"
    changed = with_wide_lists(with_links(text, lambda target, anchor: f"new/{target}{anchor}"))
    assert changed == (
        "- a\n    b\n    - c [x](new/y.md)\n        d\n\n```\n  [x](y.md)\n```\n\n"
        "1. e\n\n    ```sh\n    f\n      g\n    ```\n    h\n"
    )


def test_a_broken_link_a_lost_anchor_and_an_address_elsewhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="b.html">x</a><a href="#gone">x</a><a href="#here">x</a><a href="https://x.org">x</a>'
        '<script src="https://x.org/a.js"></script><img src="no.png"><a href=".">x</a>'
    )
    (tmp_path / "a.css").write_text("@import url(https://x.org/font.css);")
    assert [
        "a.css: fetches https://x.org/font.css",
        "a.html: #gone leads to no such anchor",
        "a.html: . leads to a folder, which a browser lists and does not open",
        "a.html: b.html leads to no file",
        "a.html: fetches https://x.org/a.js",
        "a.html: no.png leads to no file",
    ] == faults(tmp_path)


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
# As pandas writes it, wider than a phone.
TABLE = (
    "<style scoped>td {}</style><table border='1' class='dataframe'><thead><tr><th>wide</th></tr></thead><tbody><tr>"
)
TABLE += "<td>geokr-representation</td>" * 8 + "</tr></tbody></table>"
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": "# Judge a pretraining\n\nFrom a store to a verdict.",
        },
        {
            "cell_type": "code",
            "id": "b",
            "execution_count": 1,
            "metadata": {},
            "source": "raise SystemExit('never run')",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": "kept as saved"},
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": TABLE}},
                {"output_type": "display_data", "metadata": {}, "data": {"image/png": PIXEL}},
            ],
        },
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site, built from a copy of the checkout that has one more notebook."""
    pytest.importorskip("zensical", reason="the site needs the extra docs") if not os.environ.get("CI") else None
    root = tmp_path_factory.mktemp("site")
    hidden = shutil.ignore_patterns(".*", "public", "__pycache__", "*.egg-info", "runs", "mutants")
    shutil.copytree(ROOT, root / "copy", ignore=hidden)
    (root / "copy" / "docs" / "notebooks").mkdir(exist_ok=True)
    (root / "copy" / "docs" / "notebooks" / "of-a-test.ipynb").write_text(json.dumps(NOTEBOOK))
    call = [sys.executable, "-m", "website", "--out", root / "out"]
    done = subprocess.run(call, cwd=root / "copy", capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return root / "out"


@pytest.mark.nightly
def test_the_site_builds_without_a_warning_and_no_link_of_it_is_broken(site):
    assert [] == faults(site)
    assert len(list(site.rglob("*.html"))) > 150


@pytest.mark.nightly
def test_a_notebook_is_a_page_as_it_was_saved(site):
    text = (site / "tutorials" / "of-a-test.html").read_text()
    assert "Judge a pretraining" in text
    assert "kept as saved" in text
    assert re.search(r'src="(of-a-test-pictures/[^"]+)"', text)
    assert "of-a-test.html" in (site / "tutorials" / "index.html").read_text()


@pytest.mark.nightly
def test_a_folder_of_other_things_is_not_replaced(tmp_path):
    pytest.importorskip("zensical", reason="the site needs the extra docs")
    (tmp_path / "mine.txt").write_text("mine")
    call = [sys.executable, "-m", "website", "--out", tmp_path]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 2 == done.returncode
    assert "holds other things than a site" in done.stderr
    assert "mine" == (tmp_path / "mine.txt").read_text()


MAIN = [
    "index.html",
    "quick-start.html",
    "how-to/own-data.html",
    "reference/studies.html",
    "reference/commands/run.html",
    "reference/protocols/geokr-2021.html",
    "reference/api/specs.html",
    "explanation/decisions/index.html",
    "findings/real-transfer.html",
    "tutorials/of-a-test.html",
    "boards/index.html",
]


@pytest.mark.nightly
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("page", MAIN)
def test_axe_finds_no_violation_and_nothing_scrolls_sideways_on_a_main_page(site, visit, page, width, scheme):
    opened = visit(site / page, width=width, scheme=scheme, folded=True)
    opened.execute_script("localStorage.clear()")  # the theme keeps the scheme of the page before
    opened.refresh()
    time.sleep(0.5)  # the theme wraps tables a moment after the page has loaded
    opened.set_script_timeout(300)
    opened.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text())
    found = opened.execute_async_script(
        "const done = arguments[0]; axe.run().then((all) => done(all.violations.map("
        "(each) => `${each.id}: ${each.nodes[0].html}`)))"
    )
    assert [] == found
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.nightly
def test_the_site_is_searched_from_a_disk_and_asks_nothing_of_a_network(site, visit, requests_of):
    opened = visit(site / "explanation" / "decisions" / "index.html", folded=True)
    opened.find_element(By.TAG_NAME, "body").send_keys(Keys.CONTROL, "k")
    time.sleep(1)
    opened.switch_to.active_element.send_keys("perceptual hash")
    # The results stand in a shadow of their own.
    results = (
        "const all = (root) => [...root.querySelectorAll('*')].flatMap((each) => "
        "[each, ...(each.shadowRoot ? all(each.shadowRoot) : [])]);"
        "return all(document).filter((each) => each.tagName === 'A' && each.href.includes('060-near-duplicates')"
        " && each.getRootNode() !== document).length"
    )
    WebDriverWait(opened, 60).until(lambda page: page.execute_script(results) > 0)
    assert [] == opened.get_log("browser")
    asked = {url for url in requests_of() if not url.startswith(("data:", "blob:"))}
    assert asked
    assert {True} == {url.startswith(site.as_uri()) for url in asked}
