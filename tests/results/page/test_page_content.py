import base64
import io
import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from synthetic_sheets import sheet, write_sheet

from bench.core.errors import StoreError
from results.frame import load
from results.page import write_page
from results.page.content import gather
from results.page.predictions import embedded
from results.publishing import publish, stale


def failure(method="byol", protocol="demo/city", fraction=0.01, key="dead", **more):
    job = {**more, "key": key, "protocol": {"id": protocol}, "fraction": fraction, "seed": 0}
    pretrain = {
        "method": method,
        "identity": {"init": "random", "steps": 100},
        "backbone": "resnet18",
        "corpus_hash": "cccc3333",
    }
    return {
        "job": job | {"pretrain": pretrain},
        "error": "Traceback ...\nValueError: loss is not finite",
        "traceback": "",
    }


def add_failure(store, value):
    folder = store / "jobs" / value["job"]["key"]
    folder.mkdir(parents=True)
    (folder / "failure.json").write_text(json.dumps(value))


def test_synthetic_data_is_named_in_the_title(tmp_path, make_study, write_store):
    write_store(tmp_path, make_study(synthetic=True))
    assert "Leaderboard on synthetic data" == gather(tmp_path).title
    path, _ = write_page(tmp_path, tmp_path / "out")
    assert "<title>Leaderboard on synthetic data" in path.read_text()


def test_real_and_synthetic_data_together_are_told_apart(tmp_path, make_study, write_store):
    write_store(tmp_path, make_study(synthetic=True))
    write_store(tmp_path, make_study(boards=[("geokr-2021/potsdam", "potsdam", "resnet18")]))
    content = gather(tmp_path)
    assert "some" == content.synthetic
    assert [True, False] == [board.synthetic for board in content.boards]


def test_a_page_of_some_protocols_has_their_records_and_failures_alone(tmp_path, make_study, write_store):
    write_store(tmp_path, make_study(synthetic=True))
    other = "geokr-2021/potsdam"
    write_store(tmp_path, make_study(boards=[(other, "potsdam", "resnet18")]))
    add_failure(tmp_path, failure())
    content = gather(tmp_path, protocols=[other])
    assert [other] == [board.protocol for board in content.boards]
    assert {other} == {record["protocol"] for record in content.data["records"].values()}
    assert [] == content.failures
    with pytest.raises(StoreError, match="no record of protocol 'potsdam': choose from demo/city, geokr-2021/potsdam"):
        gather(tmp_path, protocols=["potsdam"])


def test_more_records_than_a_page_can_show_are_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("results.page.MOST_RECORDS", 3)
    (tmp_path / "records").mkdir()
    for number in range(4):
        (tmp_path / "records" / f"{number}.json").write_text("not a record")
    with pytest.raises(StoreError, match="4 records are more than a page can show, 3: name some of its protocols"):
        write_page(tmp_path, tmp_path / "out")


def test_protocols_that_are_still_too_many_are_refused_too(store, monkeypatch):
    monkeypatch.setattr("results.page.MOST_RECORDS", 3)
    with pytest.raises(StoreError, match="more than a page can show"):
        write_page(store, store / "out", ["demo/city"])


def test_a_method_that_failed_everywhere_still_has_a_row_that_says_so(store):
    add_failure(store, failure())
    content = gather(store)
    row = next(row for row in content.boards[0].rows if row.variant == "byol")
    assert ["failed (1)", "no result", "no result"] == [score.text for score in row.scores.values()]
    assert ["ValueError: loss is not finite"] == [failed.error for failed in content.failures]
    assert 3 == content.boards[0].holes


def test_a_failure_that_was_made_good_is_forgotten(store):
    key = next((store / "records").glob("*.json")).stem
    add_failure(store, failure(key=key))
    assert [] == gather(store).failures


def test_a_missing_cell_is_a_hole_and_is_counted(tmp_path, make_study, write_store):
    write_store(tmp_path, [r for r in make_study() if not (r.method == "moco" and r.fraction == 0.1)])
    content = gather(tmp_path)
    assert "1 missing" in content.facts
    row = next(row for row in content.boards[0].rows if row.variant == "moco")
    assert (None, None) == (row.scores[0.1].value, row.area)


def test_a_score_with_fewer_seeds_says_its_n(tmp_path, make_study, write_store):
    write_store(tmp_path, [r for r in make_study() if not (r.method == "moco" and r.fraction == 0.1 and r.seed == 2)])
    row = next(row for row in gather(tmp_path).boards[0].rows if row.variant == "moco")
    assert (2, 2) == (row.scores[0.1].n, len(row.scores[0.1].keys))


def test_the_page_says_what_it_left_out(store):
    (store / "records" / "torn.json").write_text("{")
    path, left_out = write_page(store, store / "out")
    assert "torn.json" in left_out[0]
    assert "torn.json" in path.read_text()


def test_the_page_is_the_same_twice(store):
    first, second = (write_page(store, store / name)[0].read_text() for name in ("a", "b"))
    assert first == second


def test_samples_of_nested_subsets_are_embedded_once(store):
    (store / "subsets").mkdir()
    names = [f"tile-{i}" for i in range(50)]
    for count in (5, 50):
        manifest = {
            "protocol": "demo/city",
            "subset_seed": 100,
            "fraction": count / 50,
            "count": count,
            "samples": names[:count],
            "hash": "h",
        }
        (store / "subsets" / f"s{count}.json").write_text(json.dumps(manifest))
    data = gather(store).data
    assert [names] == data["chains"]
    assert {"s5": 5, "s50": 50} == {name: value["count"] for name, value in data["subsets"].items()}


def test_an_empty_store_has_no_page(tmp_path):
    (tmp_path / "records").mkdir()
    with pytest.raises(StoreError, match="no usable record"):
        write_page(tmp_path, tmp_path / "out")


def test_the_command_writes_the_page(store, run_bench, tmp_path):
    done = run_bench("leaderboard", "page", "--store", str(store), "--out", str(tmp_path / "out"))
    assert 0 == done.returncode
    assert (tmp_path / "out" / "index.html").is_file()


def picture_of(size=24):
    """A photograph: more colours than a mask has."""
    return np.random.default_rng(0).integers(0, 255, (size, size, 3), dtype=np.uint8)


MASK = np.tile(np.array([0, 1], dtype=np.uint8), (24, 12))


def test_saved_predictions_stand_in_the_page_itself(store, save_prediction):
    for row in load(store).itertuples():
        if row.seed == 0 and row.fraction == 0.01 and row.method != "moco":
            save_prediction(store, row.key, "tile<7>", picture_of(), {"truth": MASK, "prediction": MASK})
    shown = gather(store, store).boards[0].pictures
    assert "1% of the labels, seed 0" == shown.where
    ((sample, tiles),) = shown.samples
    assert ("tile<7>", ["image", "truth", "random", "geokr"]) == (sample, [tile.title for tile in tiles])
    assert "geokr, prediction on tile<7>" == tiles[-1].alt
    assert [False, False, True, True] == [tile.method for tile in tiles]
    text = write_page(store, store / "out")[0].read_text()
    assert all(tile.source in text for tile in tiles)
    assert "tile<7>" not in text


def test_a_mask_is_embedded_pixel_for_pixel_and_a_photograph_small():
    mask = Image.fromarray(np.array([(0, 0, 0), (255, 254, 253), (9, 8, 7)], dtype=np.uint8)[MASK + MASK.T])
    for picture, form in ((mask, "png"), (Image.fromarray(picture_of(96)), "webp")):
        head, _, body = embedded(picture).partition(",")
        assert f"data:image/{form};base64" == head
        with Image.open(io.BytesIO(base64.b64decode(body))) as back:
            if form == "png":
                assert np.array_equal(np.asarray(picture), np.asarray(back.convert("RGB")))
            assert (picture.size, len(body) < 3 * picture.width * picture.height) == (back.size, True)


def test_a_class_predicted_for_the_whole_sample_is_said_in_words_and_judged(store, save_prediction):
    for row in load(store).itertuples():
        words = {"truth": "pond", "prediction": "pond" if row.method == "geokr" else "road"}
        save_prediction(store, row.key, "tile", picture_of(), {"truth": MASK, "prediction": MASK}, words)
    ((_, tiles),) = gather(store, store).boards[0].pictures.samples
    answers = {tile.title: (tile.word, tile.right) for tile in tiles[1:]}
    assert {
        "truth": ("pond", None),
        "random": ("road", False),
        "geokr": ("pond", True),
        "moco": ("road", False),
    } == answers


def test_a_hole_among_the_pictures_says_so(store, save_prediction):
    for row in load(store).itertuples():
        for sample in ("a", "b") if row.method == "geokr" else ("a",):
            save_prediction(store, row.key, sample, picture_of(), {"truth": MASK, "prediction": MASK})
    (_, second) = gather(store, store).boards[0].pictures.samples
    assert {"random": "no picture", "geokr": None, "moco": "no picture"} == {t.title: t.word for t in second[1][2:]}


def rows_of(content):
    return {row.variant: row for row in content.boards[0].rows}


def test_a_failed_row_bears_its_name_and_the_methods_other_rows_are_left_alone(store):
    add_failure(store, failure(method="moco", row="aa-2"))
    content = gather(store)
    rows = rows_of(content)
    assert ["failed (1)", "no result", "no result"] == [score.text for score in rows["aa-2"].scores.values()]
    assert all(score.n == 3 for score in rows["moco"].scores.values())
    assert ["aa-2 (moco)"] == [failed.name for failed in content.failures]


def test_controls_are_rows_of_their_own_even_of_the_reference(tmp_path, make_study, write_store):
    records = make_study()
    for seed, (method, row) in enumerate([("moco", "aa-1"), ("moco", "aa-2"), ("random", "random again")]):
        records += make_study(methods=[method], row=row, pretrain=seed)
    write_store(tmp_path, records)
    content = gather(tmp_path)
    rows = rows_of(content)
    assert "6 rows of 3 methods" in content.facts
    assert ["random", "aa-1", "aa-2", "geokr", "moco", "random again"] == list(rows)
    assert {3} == {score.n for row in rows.values() for score in row.scores.values()}
    assert ("moco", "random", "") == (rows["aa-1"].meaning, rows["random again"].meaning, rows["geokr"].meaning)
    assert ("", True) == (rows["random"].needs, rows["random again"].needs != "")


SEEN = "the features of 512 tiles have a spread of 0.002 <i>"


def warned_store(tmp_path, make_study, write_store):
    records = make_study(methods=["random", "moco"])
    records += make_study(methods=["geokr"], fractions=[0.1], warnings={"features-collapsed": SEEN})
    return write_store(tmp_path, [*records, *make_study(methods=["geokr"], fractions=[0.01, 1.0])])


def test_a_score_that_rests_on_a_warning_is_marked_and_the_page_says_all_of_it(tmp_path, make_study, write_store):
    store = warned_store(tmp_path, make_study, write_store)
    content = gather(store)
    scores = rows_of(content)["geokr"].scores
    assert ["", "features-collapsed", ""] == [score.warnings for score in scores.values()]
    assert "it rests on training with a warning: features-collapsed" in scores[0.1].label
    ((backbone, warned),) = content.warnings
    assert ("resnet18", "geokr", [SEEN], 3, 9) == (
        backbone,
        warned.variant,
        warned.texts,
        warned.count,
        warned.records,
    )
    page = write_page(store, tmp_path / "out")[0].read_text()
    assert SEEN.replace("<i>", "&lt;i&gt;") in page.partition('<section id="warnings"')[2].partition("</section>")[0]
    assert "‡: rests on training with a" in page
    assert "‡</span></button>" not in page


def test_a_page_without_warnings_speaks_of_none(store):
    page = write_page(store, store / "out")[0].read_text()
    text = page.partition('<script type="application/json"')[0].partition("</style>")[2]
    assert not any(word in text.lower() for word in ("‡", "warning", "synthetic corpus"))


def test_a_synthetic_corpus_under_real_data_is_named_in_the_title_and_at_its_rows(tmp_path, make_study, write_store):
    records = make_study(methods=["random"])
    records += make_study(methods=["geokr"], synthetic_corpus=True) + make_study(
        methods=["moco"], synthetic_corpus=False
    )
    write_store(tmp_path, records)
    content = gather(tmp_path)
    assert "Leaderboard, partly pretrained on a synthetic corpus" == content.title
    rows = rows_of(content)
    assert (False, True, False) == tuple(rows[name].synthetic_corpus for name in ("random", "geokr", "moco"))
    page = write_page(tmp_path, tmp_path / "out")[0].read_text()
    assert "were pretrained on a synthetic corpus" in page


def test_where_all_trained_rows_had_a_synthetic_corpus_the_title_says_so(tmp_path, make_study, write_store):
    write_store(tmp_path, [*make_study(methods=["random"]), *make_study(methods=["moco"], synthetic_corpus=True)])
    assert "Leaderboard, pretrained on a synthetic corpus" == gather(tmp_path).title


def test_facts_of_the_pretraining_stand_behind_each_number(tmp_path, make_record, write_store):
    facts = {"steps": 100, "teacher_updates": 4, "start_left": 0.125}
    write_store(tmp_path, [make_record(key="k1", method="geokr", pretraining=facts)])
    assert facts == gather(tmp_path).data["records"]["k1"]["pretraining"]


def test_the_design_sheets_of_a_store_are_shown_and_a_damaged_one_is_named(store):
    for name in ("demo", "aa"):
        write_sheet(store, sheet(name))
    (store / "designs" / "bad.json").write_text('{"study": 7}')
    short = sheet("short").model_dump() | {"rows": [[]]}
    (store / "designs" / "short.json").write_text(json.dumps(short))
    content = gather(store)
    assert ["aa", "demo"] == [shown.study for shown in content.designs]
    assert ["bad.json", "short.json"] == [line.split(" ")[0].rpartition("/")[2] for line in content.left_out]


def test_a_sheet_is_published_with_its_board(store, tmp_path):
    write_sheet(store, sheet())
    publish(store, tmp_path / "board")
    assert ["demo"] == [shown.study for shown in gather(tmp_path / "board").designs]
    assert not any(name.endswith("index.html") for name in map(str, stale(tmp_path / "board")))


def test_amounts_that_the_study_named_head_the_pages_columns(tmp_path, make_fair_study, write_store):
    """Five shots are another share of each protocol's labels, and one column of the page."""
    for number, total in enumerate([400, 800]):
        at = 40 / total
        place = [(f"demo/{number}", f"demo-{number}", "resnet18")]
        write_store(
            tmp_path, make_fair_study(boards=place, fractions=[at, 1.0], total=total, labels={at: "5shot", 1.0: None})
        )
    content = gather(tmp_path)
    assert ["5shot", "100%"] == content.amounts
    assert [{"5shot": 0.1, "100%": 1.0}, {"5shot": 0.05, "100%": 1.0}] == [board.amounts for board in content.boards]
    page = write_page(tmp_path, tmp_path / "out")[0].read_text()
    assert 'class="sort">5shot</button>' in page
    assert "not asked" not in page


def test_a_sentence_of_the_base_says_what_becomes_of_it(tmp_path, make_fair_study, write_store):
    for protocol, of, seed in (("demo/city", {}, 1), ("demo/city-tuned", {"of": "demo/city"}, 2)):
        place = [(protocol, "demo-city", "resnet18")]
        write_store(tmp_path, make_fair_study(boards=place, design=of, seed=seed, noise=0.001))
    base, variant = gather(tmp_path).boards
    texts = [verdict.text for verdict in base.differences]
    assert all(text.endswith("; holds when tuned.") for text in texts)
    assert not any("holds" in verdict.text for verdict in variant.differences)


def test_a_leaky_protocol_is_marked_at_its_rows(tmp_path, make_fair_study, write_store):
    place = [("geokr-2021/potsdam", "potsdam", "resnet18")]
    leaky = {"leaky": "images of the test part lie in the training part too"}
    write_store(tmp_path, [*make_fair_study(boards=place, design=leaky), *make_fair_study()])
    assert [False, True] == [board.leaky for board in gather(tmp_path).boards]
    page = write_page(tmp_path, tmp_path / "out")[0].read_text().partition('<table id="score-table">')[2]
    marked = page.partition('data-protocol="geokr-2021/potsdam"')[2].partition("</tr>")[0]
    assert ">leaky (the paper" in marked
    assert ">leaky (the paper" not in page.partition('data-protocol="demo/city"')[2].partition("</tr>")[0]


def test_the_page_opens_with_its_answers_and_ends_with_its_long_tables(store):
    page = write_page(store, store / "out")[0].read_text()
    order = ["answers", "matrix", "effects", "curves", "images", "spread", "checks", "reading", "scores", "verdicts"]
    places = [page.index(f'<section id="{name}"') for name in order]
    assert sorted(places) == places
    assert page.index("<main>") < places[0] < page.index("<nav")


def test_every_question_has_a_sentence_and_the_tally_counts_them(store):
    content = gather(store)
    assert ["1%", "10%", "100%"] == [
        headline.text.partition(" at ")[2].partition(",")[0] for headline in content.boards[0].headlines
    ]
    assert content.tally.text.startswith("6 primary questions (every row against each reference: none were stated): ")
    assert 3 == content.sure + content.open
    assert any(line.startswith("Told apart: the 95% interval excludes 0") for line in content.asked)


def test_the_matrix_has_methods_as_rows_and_protocols_with_their_amounts_as_columns(tmp_path, make_study, write_store):
    boards = [("demo/city", "demo-city", "resnet18"), ("demo/town", "demo-town", "resnet18")]
    records = [*make_study(boards=boards, noise=0.001), *make_study(methods=["byol"], fractions=[1.0], noise=0.001)]
    write_store(tmp_path, [*records, *make_study(boards=[("x/y", "y", "resnet50")], methods=["oracle", "moco"])])
    first, second = gather(tmp_path).matrices
    assert ("resnet18", "resnet50") == (first.backbone, second.backbone)
    assert [("demo/city", "1%"), ("demo/city", "10%"), ("demo/city", "100%")] == [
        (head.board.protocol, head.amount) for head in first.heads[:3]
    ]
    assert [True, False, False] * 2 == [head.first for head in first.heads]
    assert ["random", "byol", "geokr", "moco"] == [line.variant for line in first.ranked]
    byol = first.ranked[1].scores
    assert (["no result", "no result"], [None] * 3) == ([score.text for score in byol[:2]], byol[3:])
    assert (["moco"], ["oracle"]) == (
        [line.variant for line in second.ranked],
        [line.variant for line in second.asides],
    )


def test_scores_carry_the_letters_of_their_tie_groups_and_the_column_how_many_are_told_apart(
    tmp_path, make_study, write_store
):
    write_store(tmp_path, make_study(methods=["random", "geokr"], noise=0.0005))
    content = gather(tmp_path)
    rows = rows_of(content)
    assert ("a", True, "b", False) == (
        rows["geokr"].scores[0.1].ties, rows["geokr"].scores[0.1].leads,
        rows["random"].scores[0.1].ties, rows["random"].scores[0.1].leads,
    )  # fmt: skip
    assert {"1 of 1"} == set(content.boards[0].told.values())
    assert "tie group a" in rows["geokr"].scores[0.1].label


def test_a_store_without_outcomes_says_what_cannot_be_known(store):
    content = gather(store)
    (line,) = content.outcomes
    assert "This store keeps no outcomes of single test samples, of none of its 27 records." in line
    assert "how far the test images decide a difference" in line
    assert ("", {}) == (content.images.text, content.images.boards)


def test_the_checks_say_what_few_repeats_cannot(store):
    assert "The exact sign-flip test needs 5 repeats: here it can contradict nothing." in gather(store).checks


def test_every_interval_of_the_figures_lies_inside_its_frame(tmp_path, make_fair_study, write_store):
    spent = {"steps": 100.0, "flops": 1e12, "flops_forward": 3e11}
    records = make_fair_study(noise=0.2, trivial=0.1, pretraining=spent)
    write_store(tmp_path, records)
    board = gather(tmp_path).boards[0]
    for chart in (board.chart, *board.compute):
        assert chart.right < 400
        for line in chart.lines:
            for mark in line.marks:
                assert chart.left <= mark.x <= chart.right
                assert chart.top <= mark.high <= mark.y <= mark.low <= chart.bottom
    for listing in (board.effects, board.singles):
        for block in listing.blocks:
            ends = [end for row in block.rows for end in (*row.marks, *(row.bar or ()))]
            assert listing.left <= min(ends) <= max(ends) <= listing.right


@pytest.mark.parametrize(("spans", "drawn"), [(0.2, True), (1.5, False)])
def test_a_trivial_score_far_below_all_others_is_said_and_not_drawn(
    tmp_path, make_fair_study, write_store, spans, drawn
):
    scores = [record.score for record in make_fair_study(fractions=(0.1, 1.0))]
    trivial = min(scores) - spans * (max(scores) - min(scores))
    write_store(tmp_path, make_fair_study(fractions=(0.1, 1.0), trivial=trivial))
    chart = gather(tmp_path).boards[0].chart
    assert drawn == ("trivial" in {line.variant for line in chart.lines})
    assert drawn == (f"Trivial, below the frame: {100 * trivial:.1f}." not in chart.notes)


def test_names_beside_the_curves_do_not_touch(tmp_path, make_study, write_store):
    rows = [f"method-{number}" for number in range(16)]
    write_store(tmp_path, make_study(methods=["random", *rows], noise=0.002))
    chart = gather(tmp_path).boards[0].chart
    places = sorted(line.tag.y for line in chart.lines)
    assert 17 == len(places)
    assert all(below - above >= 13.9 for above, below in pairwise(places))
    assert chart.top <= places[0] <= places[-1] <= chart.bottom + 1
