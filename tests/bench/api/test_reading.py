"""Frames, tables, verdicts and statistics of a store's records: what the commands print, and of some records too."""

import json
import re

import pandas as pd
import pytest

import bench as gb
from bench.store.store import Store


@pytest.fixture
def frame(store):
    return gb.frame(store)


def test_a_frame_is_plain_and_names_its_store(frame, store):
    assert type(frame) is pd.DataFrame
    assert 27 == len(frame)
    assert {"store": str(store)} == frame.attrs
    assert frame.attrs == frame[frame["fraction"] == 1].attrs


@pytest.mark.parametrize("form", ["markdown", "latex", "html", "csv"])
def test_a_table_is_what_the_command_prints(frame, store, run_bench, form):
    assert run_bench("table", "--store", str(store), "--format", form).stdout == gb.table(frame, form)


def test_a_table_of_another_metric_or_layout_is_what_the_command_prints(frame, store, run_bench):
    said = ("--metric", "miou/road", "--names", "paper", "--layout", "long", "--format", "markdown")
    shown = gb.table(frame, "markdown", metric="miou/road", names="paper", layout="long")
    assert run_bench("table", "--store", str(store), *said).stdout == shown


def test_a_verdict_is_what_the_command_prints(frame, store, run_bench):
    assert run_bench("verdict", "--store", str(store)).stdout == f"{gb.verdict(frame)}\n"
    asked = ("--question", "geokr>moco@0.01", "--within", "3", "--format", "json")
    found = gb.verdict(frame, questions="geokr>moco@0.01", within=3)
    assert json.loads(run_bench("verdict", "--store", str(store), *asked).stdout) == json.loads(found.text("json"))


def test_statistics_are_what_the_command_prints(frame, store, run_bench):
    found = gb.stats(frame)
    assert json.loads(run_bench("stats", "--store", str(store), "--json").stdout) == found.to_json()
    best = found.ranks.sort_values("estimate").iloc[0]
    assert ("geokr", 1.0) == (best["variant"], best["estimate"])
    assert {"random", "geokr", "moco"} == set(found.error_gone["variant"])


def test_a_verdict_about_some_records_has_the_numbers_of_all(frame):
    whole, part = gb.verdict(frame), gb.verdict(frame[(frame["fraction"] == 0.01) & (frame["method"] != "moco")])
    assert 1 == len(part.sentences) < len(whole.sentences)
    assert part.sentences[0] in whole.sentences
    pairs = gb.stats(frame[frame["method"] != "moco"]).pairwise
    assert {frozenset({"geokr", "random"})} == set(map(frozenset, zip(pairs["a"], pairs["b"], strict=True)))


def test_a_table_of_some_records_has_their_rows_alone(frame):
    shown = gb.table(frame[frame["method"] != "moco"])
    assert "moco" not in str(shown)
    assert 6 == len(shown.numbers)


def test_a_frame_that_has_lost_its_store_says_so_and_takes_it_by_name(frame, store):
    lost = frame.copy()
    lost.attrs.clear()
    for look in (gb.verdict, gb.table, gb.stats, gb.plot):
        with pytest.raises(gb.BenchError, match=r"does not name its store .* say store=FOLDER"):
            look(lost)
    assert str(gb.verdict(frame)) == str(gb.verdict(lost, store=store))


def test_a_frame_of_another_store_or_without_its_columns_is_refused(frame, tmp_path, write_store, make_study):
    other = write_store(tmp_path / "other", make_study(seed=9))
    with pytest.raises(gb.BenchError, match="other holds none of these 27 records"):
        gb.verdict(frame, store=other)
    with pytest.raises(gb.BenchError, match="has no column 'key'"):
        gb.verdict(frame[["variant", "score"]])


def test_a_store_without_records_is_refused_in_a_line(tmp_path):
    with pytest.raises(gb.BenchError, match="holds no records folder"):
        gb.frame(tmp_path)


def test_a_damaged_record_is_warned_of_and_left_out(store):
    next((store / "records").iterdir()).write_text("{")
    with pytest.warns(UserWarning, match="cannot be read"):
        assert 26 == len(gb.frame(store))


def test_names_in_what_a_notebook_shows_are_escaped(tmp_path, write_store, make_study):
    records = [*make_study(methods=["random"]), *make_study(methods=["moco"], row="<script>x")]
    shown = gb.frame(write_store(tmp_path / "store", records))
    for made in (gb.table(shown), gb.verdict(shown), gb.stats(shown)):
        page = made._repr_html_()
        assert "&lt;script&gt;x" in page
        assert "<script" not in page


def test_a_notebook_shows_the_best_of_a_column_in_bold_with_its_letters(frame):
    page = gb.table(frame)._repr_html_()
    assert re.search(r"<td style=\"text-align: left\">geokr</td><td><b>[\d.]+ ± [\d.]+</b>(<sup>a</sup>)?</td>", page)


def test_labels_to_match_are_those_of_the_command(frame, store, run_bench):
    asked = ("labels-to-match", "--store", str(store), "--method", "geokr", "--reference", "random", "--json")
    (said,) = json.loads(run_bench(*asked).stdout).values()
    (found,) = gb.labels_to_match(frame, "geokr").to_dict(orient="records")
    assert said == found


def test_a_figure_is_drawn_for_a_notebook_and_saved(frame, tmp_path):
    drawn = gb.plot(frame, "curves")
    assert drawn._repr_png_().startswith(b"\x89PNG")
    assert drawn.save(tmp_path / "curves.svg").read_text().startswith("<?xml")
    with pytest.raises(gb.BenchError, match=r"written as \.png or \.svg"):
        drawn.save(tmp_path / "curves.gif")


def test_a_figure_that_the_records_do_not_allow_is_refused(frame):
    with pytest.raises(
        gb.BenchError, match="no figure of kind 'curves': choose one protocol and backbone of demo/city"
    ):
        gb.plot(frame[frame["fraction"] == 1], "curves")


def test_a_store_that_holds_no_weights_has_an_empty_frame_of_them(tmp_path):
    Store(tmp_path / "store").open_for_writing()
    assert ["key", "row", "method"] == list(gb.weights(tmp_path / "store").columns)[:3]
    with pytest.raises(gb.BenchError, match="has no weights that begin with 'abc'"):
        gb.load_weights("abc", tmp_path / "store")
