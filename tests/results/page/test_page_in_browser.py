import json
import re
from importlib.resources import files

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from synthetic_sheets import sheet, write_sheet

from bench.core.keys import content_hash
from results.page import write_page

NASTY = [
    "<script>window.hacked = 1</script>",
    "=cmd()",
    "_%&#$\\{}~^",
    "ab\u202ecd",
    '" onclick="window.hacked=2',
    "</script><b>",
]


@pytest.fixture(scope="module")
def make_page(tmp_path_factory):
    def make(write_store, records, subsets=(), save=lambda _store: None, sheets=()):
        root = tmp_path_factory.mktemp("page")
        write_store(root / "store", records)
        for made in sheets:
            write_sheet(root / "store", made)
        (root / "store" / "subsets").mkdir()
        for name, manifest in subsets:
            (root / "store" / "subsets" / f"{name}.json").write_text(json.dumps(manifest))
        save(root / "store")
        return write_page(root / "store", root / "out")[0]

    return make


@pytest.fixture(scope="module")
def page(make_page, write_store, make_study, save_prediction):
    boards = [("demo/city", "demo-city", "resnet18"), ("demo/town", "demo-town", "resnet18")]
    manifest = {
        "protocol": "demo/city",
        "subset_seed": 101,
        "fraction": 0.1,
        "count": 100,
        "samples": [f"tile-{i}" for i in range(100)],
        "hash": content_hash("x"),
    }
    provenance = {"revision": "0123abcd4567", "device": "cpu", "device_name": "some processor"}
    records = make_study(boards=boards, provenance=provenance, synthetic=True)
    records = [r for r in records if not (r.method == "moco" and r.dataset == "demo-town" and r.fraction == 0.01)]
    image, mask = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8), np.eye(32, dtype=np.uint8)

    def save(store):
        for record in records:
            if (record.fraction, record.seed) == (0.1, 0):
                words = {"truth": "beach", "prediction": "street"} if record.dataset == "demo-town" else None
                save_prediction(store, record.key, "tile", image, {"truth": mask, "prediction": mask.T}, words)

    return make_page(write_store, records, [("manifest1", manifest)], save)


@pytest.fixture(scope="module")
def doubtful(make_page, write_store, make_study):
    """A page of controls under names of their own, warnings, and a synthetic corpus under a real data set."""
    seen = {"features-collapsed": "the features of 512 tiles have a spread of 0.002, random ones of 0.71 " * 3}
    facts = {"steps": 100, "teacher_updates": 4, "start_left": 0.125}
    place = {"boards": [("geokr-2021/potsdam", "potsdam", "resnet18"), ("geokr-2021/levir", "levir", "resnet18")]}
    records = make_study(**place, methods=["random"])
    records += make_study(**place, methods=["geokr"], synthetic_corpus=True, warnings=seen, pretraining=facts)
    for pretrain, row in enumerate(["MoCo, pretrained once more from another seed", "aa-2"]):
        records += make_study(**place, methods=["moco"], pretrain=pretrain, row=row, synthetic_corpus=True)
    return make_page(write_store, records)


@pytest.fixture(scope="module")
def fair(make_page, write_store, make_fair_study):
    """A page of all that a fair experiment says: budgets, floors, variants, an uninformative share, design sheets."""
    records = []
    for protocol, of in (("demo/city", {}), ("demo/city-tuned", {"of": "demo/city"})):
        place = {"boards": [(protocol, "demo-city", "resnet18")], "design": {"length": "epochs"} | of, "beyond": 40}
        for number, method in enumerate(["random", "image-stats", "geokr", "moco", "oracle"]):
            spent = {"steps": 100.0, "tiles": 6400.0, "flops": 1e12 * 10**number, "flops_forward": 3e11 * 10**number}
            for fraction, blind in ((0.01, 0.9), (1.0, 0.125)):
                records += make_fair_study(
                    **place,
                    methods=[method],
                    fractions=[fraction],
                    trivial=blind,
                    noise=0.002,
                    pretraining=spent if method in {"geokr", "moco"} else {},
                    tuned={"lr": 0.3, "trials": 3.0} if of else {},
                )
    return make_page(write_store, records, sheets=[sheet(), *(sheet(name, name) for name in NASTY)])


def column(browser, number):
    cells = browser.find_elements(By.CSS_SELECTOR, f"#score-table tbody tr:not([hidden]) > :nth-child({number})")
    return [cell.text.split("\n")[0] for cell in cells]


def test_sorting_by_a_score_orders_rows_both_ways_and_tells_a_screen_reader(page, visit):
    browser = visit(page)
    button = browser.find_elements(By.CSS_SELECTOR, "#score-table .sort")[2]
    button.click()
    scores = column(browser, 3)
    assert "no result" == scores[-1]
    numbers = [float(score.split(" ")[0]) for score in scores[:-1]]
    assert sorted(numbers, reverse=True) == numbers
    head = button.find_element(By.XPATH, "..")
    assert "descending" == head.get_attribute("aria-sort")
    button.send_keys(Keys.ENTER)
    assert "ascending" == head.get_attribute("aria-sort")
    scores = column(browser, 3)
    assert "no result" == scores[-1]
    assert numbers[::-1] == [float(score.split(" ")[0]) for score in scores[:-1]]


def test_filters_narrow_table_verdicts_and_curves_alike_and_can_be_undone(page, visit):
    browser = visit(page)
    Select(browser.find_element(By.ID, "filter-protocol")).select_by_visible_text("demo/town")
    browser.find_element(By.ID, "filter-method").send_keys("GEO")
    assert (["geokr"], ["demo/town"]) == (column(browser, 1), column(browser, 2))
    assert "1 of 6 rows" == browser.find_element(By.ID, "shown").text
    shown = [
        board.get_attribute("data-protocol")
        for board in browser.find_elements(By.CSS_SELECTOR, ".board")
        if board.is_displayed()
    ]
    assert {"demo/town"} == set(shown)
    assert 8 == len(shown)  # three answers; effects, curves, single scores, predictions, comparisons
    answers = [tile for tile in browser.find_elements(By.CSS_SELECTOR, ".answer") if tile.is_displayed()]
    assert ["street\nwrong\ngeokr"] == [tile.text for tile in answers]
    browser.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    WebDriverWait(browser, 5).until(lambda b: b.find_element(By.ID, "shown").text == "6 of 6 rows")


def test_filters_narrow_the_matrix_by_row_and_by_protocol(page, visit):
    browser = visit(page)
    Select(browser.find_element(By.ID, "filter-protocol")).select_by_visible_text("demo/town")
    browser.find_element(By.ID, "filter-method").send_keys("moco")
    heads, *rows = [
        [cell.text.split("\n")[0] for cell in row.find_elements(By.CSS_SELECTOR, "th, td") if cell.is_displayed()]
        for row in browser.find_elements(By.CSS_SELECTOR, ".matrix tr:not(:first-child), .matrix tfoot tr")
        if row.is_displayed()
    ]
    assert ["method", "1%", "10%", "100%"] == heads
    assert ["moco", "pairs told apart"] == [row[0] for row in rows]
    assert "no result" == rows[0][1]
    assert [4, 4] == [len(row) for row in rows]


def test_the_long_tables_are_folded_until_asked_for_and_the_answers_are_not(page, visit):
    browser = visit(page, folded=True)
    assert not browser.find_element(By.ID, "score-table").is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, "#answers .tally").is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, ".answers li").is_displayed()
    browser.find_element(By.CSS_SELECTOR, "#all-scores summary").click()
    assert browser.find_element(By.ID, "score-table").is_displayed()


def test_a_score_of_the_matrix_opens_its_records_too(page, visit):
    browser = visit(page)
    row = browser.find_element(By.CSS_SELECTOR, '.matrix tr[data-method="geokr"]')
    row.find_elements(By.CSS_SELECTOR, ".score")[1].click()
    text = browser.find_element(By.ID, "provenance-title").text
    assert text.startswith("geokr, demo/city, resnet18, 10% of the labels: ")


def test_on_a_narrow_screen_the_first_column_stays_while_the_matrix_scrolls_inside_its_box(page, visit):
    browser = visit(page, width=400)
    box = browser.find_element(By.CSS_SELECTOR, "#matrix .scroll")
    name, score = (
        browser.find_element(By.CSS_SELECTOR, f".matrix tr[data-method=geokr] > {cell}") for cell in ("th", "td")
    )
    before = (name.rect["x"], score.rect["x"])
    assert browser.execute_script("arguments[0].scrollLeft = 100; return arguments[0].scrollLeft", box) == 100
    assert (before[0], before[1] - 100) == pytest.approx((name.rect["x"], score.rect["x"]), abs=1)


SMALL = """
return [...document.querySelectorAll("figure svg text")].map((text) => {
  const svg = text.ownerSVGElement;
  return parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
}).reduce((a, b) => Math.min(a, b));
"""


@pytest.mark.parametrize("name", ["page", "fair"])
def test_text_of_figures_is_at_least_11_pixels_high_on_a_screen_of_400(request, visit, name):
    assert visit(request.getfixturevalue(name), width=400).execute_script(SMALL) >= 11


CROSSED = """
const crossed = [];
for (const svg of document.querySelectorAll("figure svg[role=img]")) {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  texts.forEach(([a, one], at) => {
    if (one.right > frame.right + 0.5 || one.left < frame.left - 0.5) crossed.push(`${a} leaves the figure`);
    for (const [b, other] of texts.slice(at + 1)) {
      const [wide, high] = [Math.min(one.right, other.right) - Math.max(one.left, other.left),
        Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top)];
      if (wide > 1 && high > 4) crossed.push(`${a} lies on ${b}`);  // a line of text is higher than its letters
    }
  });
}
return crossed;
"""


@pytest.mark.parametrize("name", ["page", "doubtful", "fair"])
def test_no_text_of_a_figure_lies_on_another_or_leaves_it(request, visit, name):
    assert [] == visit(request.getfixturevalue(name), width=400).execute_script(CROSSED)


@pytest.mark.parametrize("name", ["page", "doubtful", "fair"])
def test_axe_finds_no_violation(request, visit, name):
    """Rules of WCAG 2 and best practice, by axe-core, on the page as it opens and with a record open."""
    browser = visit(request.getfixturevalue(name))
    browser.set_script_timeout(120)  # a busy machine takes longer than the 30 s that Selenium waits
    browser.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text())
    for step in ("", "document.querySelector('.score').click();"):
        found = browser.execute_async_script(
            f"{step} const done = arguments[0]; axe.run().then((all) => done(all.violations.map("
            "(each) => `${each.id}: ${each.nodes[0].html}`)))"
        )
        assert [] == found


def test_one_click_on_a_score_shows_record_subset_revision_environment_and_cost(page, visit):
    browser = visit(page)
    row = browser.find_element(By.CSS_SELECTOR, '#score-table tr[data-method="geokr"][data-protocol="demo/city"]')
    score = row.find_elements(By.CSS_SELECTOR, ".score")[1]
    score.click()
    dialog = browser.find_element(By.ID, "provenance")
    text = dialog.text
    assert "geokr, demo/city, resnet18, 10% of the labels: " in text
    assert 3 == len(dialog.find_elements(By.CSS_SELECTOR, "section"))
    for part in (
        "records/",
        "0123abcd4567",
        "some processor",
        "train_seconds 12.5",
        "subsets/manifest1.json, 100 samples",
    ):
        assert part in text
    summaries = [summary for summary in dialog.find_elements(By.TAG_NAME, "summary") if "manifest1" in summary.text]
    summaries[0].click()
    assert "tile-99" in dialog.text
    whole = next(s for s in dialog.find_elements(By.TAG_NAME, "summary") if s.text == "Whole record")
    whole.click()
    record = json.loads(whole.find_element(By.XPATH, "../pre").text)
    assert ("geokr", 0.1, "demo/city") == (record["method"], record["fraction"], record["protocol"])


def test_pictures_of_predictions_are_drawn_and_described(page, visit):
    browser = visit(page)
    pictures = browser.find_elements(By.CSS_SELECTOR, "#predictions img")
    assert all(browser.execute_script("return arguments[0].naturalWidth === 32", picture) for picture in pictures)
    assert "geokr, prediction on tile" in [picture.get_attribute("alt") for picture in pictures]
    assert 1 + 1 + 3 + 1 == len(pictures)
    assert "trained on 10% of the labels, seed 0" in browser.find_element(By.ID, "predictions").text


def test_the_records_open_and_close_by_keyboard_alone_and_focus_returns(page, visit):
    browser = visit(page)
    score = browser.find_element(By.CSS_SELECTOR, ".score")
    score.send_keys(Keys.ENTER)
    dialog = browser.find_element(By.ID, "provenance")
    assert dialog.is_displayed()
    assert "provenance-title" == browser.switch_to.active_element.get_attribute("id")
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not dialog.is_displayed()
    assert score == browser.switch_to.active_element


def test_nothing_is_written_to_the_console_and_no_request_leaves_the_page(page, visit, requests_of):
    browser = visit(page)
    for button in browser.find_elements(By.CSS_SELECTOR, ".sort, .score"):
        browser.execute_script("arguments[0].click()", button)
    assert [] == browser.get_log("browser")
    assert {page.as_uri()} == {url for url in requests_of() if not url.startswith("data:")}


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", ["page", "doubtful", "fair"])
def test_the_page_never_scrolls_sideways_as_a_whole(request, visit, name, width):
    browser = visit(request.getfixturevalue(name), width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_a_warning_is_marked_at_the_score_told_in_full_and_stands_with_the_record(doubtful, visit):
    browser = visit(doubtful)
    scores = {
        row.get_attribute("data-method"): [score.text for score in row.find_elements(By.CSS_SELECTOR, ".score")]
        for row in browser.find_elements(By.CSS_SELECTOR, '#score-table tr[data-protocol="geokr-2021/levir"]')
    }
    assert {"random": 0, "geokr": 3, "aa-2": 0, "MoCo, pretrained once more from another seed": 0} == {
        method: sum("‡" in text for text in texts) for method, texts in scores.items()
    }
    section = browser.find_element(By.ID, "warnings")
    assert section.is_displayed()
    assert "geokr: features-collapsed in 18 of 18 records" in section.text
    assert 3 == section.text.count("the features of 512 tiles have a spread of 0.002, random ones of 0.71")
    browser.find_element(By.CSS_SELECTOR, '#score-table tr[data-method="geokr"] .score').click()
    shown = browser.find_element(By.ID, "provenance").text
    assert "start_left 0.125, steps 100, teacher_updates 4" in shown
    assert "features-collapsed: the features of 512 tiles" in shown
    assert [] == browser.get_log("browser")


def test_a_row_with_a_name_says_of_which_method_it_is_and_which_study_named_it(doubtful, visit):
    browser = visit(doubtful)
    row = browser.find_element(By.CSS_SELECTOR, '#score-table tr[data-method="aa-2"]')
    assert ["aa-2", "moco", "synthetic corpus"] == row.find_element(By.TAG_NAME, "th").text.split("\n")
    row.find_element(By.CSS_SELECTOR, ".score").click()
    assert "aa-2, named by study synthetic" in browser.find_element(By.ID, "provenance").text


def test_names_with_markup_in_them_stay_text_everywhere(make_page, write_store, make_record, visit):
    records = [
        make_record(
            key=f"k{i}{s}",
            method=name,
            dataset=name,
            protocol=name,
            metric=name,
            metrics={name: 0.5},
            seed=s,
            fraction=f,
            options={name: name},
            row=f"{name}!",
            warnings={name: name},
            provenance={"revision": name, "device": name},
        )
        for i, name in enumerate(NASTY)
        for s, f in enumerate([0.1, 1.0])
    ]
    browser = visit(make_page(write_store, records))
    for button in browser.find_elements(By.CSS_SELECTOR, ".score"):
        browser.execute_script("arguments[0].click(); document.getElementById('provenance').close()", button)
    assert browser.execute_script("return window.hacked === undefined")
    assert [] == browser.get_log("browser")
    assert 2 == browser.execute_script("return document.scripts.length")
    everything = browser.execute_script("return document.body.innerText")
    assert "\u202e" not in everything
    assert "ab[U+202E]cd" in everything


LUMINANCE = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
const poor = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || element.closest("script, style, desc, title, noscript") || !element.getClientRects().length) continue;
  const style = getComputedStyle(element);
  const ink = light(parse(element.closest("svg") ? style.fill : style.color));
  const contrast = ratio(ink, light(ground(element)));
  if (contrast < 4.5) poor.push(`${element.tagName} ${element.className} ${contrast.toFixed(2)}`);
}
for (const path of document.querySelectorAll(".line .curve, .line .bar, .line .lead, .mark")) {
  const contrast = ratio(light(parse(getComputedStyle(path).stroke)), light(ground(path)));
  if (contrast < 3) poor.push(`curve ${contrast.toFixed(2)}`);
}
return poor;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["page", "doubtful", "fair"])
def test_text_has_a_contrast_of_4_5_and_curves_of_3_in_both_schemes(request, visit, name, scheme):
    # WCAG 2.2, success criteria 1.4.3 and 1.4.11.
    browser = visit(request.getfixturevalue(name), scheme=scheme)
    browser.find_element(By.CSS_SELECTOR, ".score").click()
    assert [] == browser.execute_script(LUMINANCE)
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (scheme == "dark") == (int(re.findall(r"\d+", ground)[0]) < 128)


@pytest.mark.parametrize("name", ["page", "fair"])
def test_every_control_and_picture_has_a_name_for_a_screen_reader(request, visit, name):
    browser = visit(request.getfixturevalue(name))
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = {
        "button",
        "combobox",
        "searchbox",
        "textbox",
        "img",
        "image",
        "table",
        "link",
        "region",
        "heading",
        "columnheader",
        "rowheader",
    }
    nodes = [node for node in tree if not node.get("ignored") and node.get("role", {}).get("value") in named]
    roles = {node["role"]["value"] for node in nodes}
    assert {"button", "combobox", "table", "columnheader", "rowheader", "heading"} <= roles
    nameless = [node["role"]["value"] for node in nodes if not node.get("name", {}).get("value", "").strip()]
    assert [] == nameless


def test_design_sheets_mark_what_differs_for_the_eye_and_for_a_screen_reader(fair, visit):
    browser = visit(fair)
    section = browser.find_element(By.ID, "designs")
    table = section.find_element(By.CSS_SELECTOR, "table")
    assert "Rows of " in table.find_element(By.TAG_NAME, "caption").text
    (row,) = [
        row
        for caption in section.find_elements(By.TAG_NAME, "caption")
        if caption.text == "Rows of demo"
        for row in caption.find_elements(By.XPATH, "../tbody/tr[1]")
    ]
    cells = row.find_elements(By.CSS_SELECTOR, "th, td")
    assert ["geokr", "≠ differs: 6,400 views", "random"] == [cell.get_attribute("textContent") for cell in cells]
    assert "row" == cells[0].get_attribute("scope")
    plain, marked = (cell.value_of_css_property("background-color") for cell in (cells[2], cells[1]))
    assert plain != marked
    assert "ImageNet row missing: no weights on this machine" in section.text
    assert "geokr against moco: about recipes (budget)" in section.text
    assert browser.execute_script("return window.hacked === undefined")
    assert [] == browser.get_log("browser")


def test_floors_marks_and_trivial_scores_stand_in_the_table(fair, visit):
    browser = visit(fair)
    rows = browser.find_elements(By.CSS_SELECTOR, '#score-table tr[data-protocol="demo/city"]')
    assert ["random", "image-stats floor", "geokr", "moco", "oracle ceiling"] == [
        row.find_element(By.TAG_NAME, "th").text for row in rows
    ]
    assert "trivial 90.00 at 1%, 12.50 at 100%" in rows[0].text
    first, last = rows[2].find_elements(By.CSS_SELECTOR, ".score")
    assert ("§" in first.text, "§" in last.text) == (True, False)
    assert "labels: 9, 1.5 a class" in first.text
    assert "uninformative" in first.get_attribute("aria-label")


def test_what_holds_and_what_it_cost_are_shown(fair, visit):
    browser = visit(fair)
    holds = browser.find_element(By.ID, "holds").text
    assert "Does it hold? demo/city: tuned" in holds
    assert "What tuning chose, demo/city-tuned, resnet18" in holds
    charts = browser.find_elements(By.CSS_SELECTOR, "#compute figure")
    assert 4 == len(charts)
    marked = [line.text for line in charts[0].find_elements(By.CSS_SELECTOR, ".line:not(.level)")]
    assert ["geokr", "moco"] == sorted(marked)
    assert {"random", "trivial", "geokr", "moco"} == {
        line.text for line in charts[0].find_elements(By.CSS_SELECTOR, ".line")
    }
    assert "Epochs, not steps: fewer labels, fewer steps." in browser.find_element(By.ID, "curves").text
