import csv
import io
import os
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench.core.errors import StoreError
from results import tables
from results.frame import from_records, load
from results.stats.block_model import compare
from results.tables import text

NASTY = [
    "<script>alert(1)</script>",
    "=cmd()",
    "_%&#$\\{}~^",
    "abc\u202edef\u200f",
    "a|b`c*d[e](f)",
    "\x1b[31mred\nline",
    "+1-1@x",
]


def three(make_record):
    """Three methods: random 50, 52, 54; geokr 70, 70, 70; moco 60 once: hand-made cells at 100%, geokr alone at 1%."""
    values = {"random": [0.50, 0.52, 0.54], "geokr": [0.70, 0.70, 0.70], "moco": [0.60]}
    records = [
        make_record(method=method, seed=seed, metrics={"miou": value})
        for method, scores in values.items()
        for seed, value in enumerate(scores)
    ]
    return [*records, make_record(method="geokr", fraction=0.0025, metrics={"miou": 0.4})]


def test_markdown_has_methods_as_rows_fractions_as_columns_and_marks_best_and_second(make_record):
    lines = tables.render(from_records(three(make_record)), "markdown").splitlines()
    assert lines[2] == "| method | 0.25% | 100% |"
    assert lines[4:7] == [
        "| random | — | 52.00 ± 2.00<sup>b</sup> |",
        "| geokr | **40.00 (n=1)** | **70.00 ± 0.00**<sup>a</sup> |",
        "| moco | — | <u>60.00 (n=1)</u><sup>ab</sup> |",
    ]


def test_holes_are_counted_in_the_notes(make_record):
    assert "no result (2 of 6 cells)" in tables.render(from_records(three(make_record)), "markdown")


def test_n_stands_in_the_notes_where_it_is_the_same_for_all(make_study):
    rendered = tables.render(from_records(make_study()), "markdown")
    assert "n = 3\\." not in rendered
    assert "n = 3." in rendered
    assert "n=" not in rendered


def test_a_table_that_shows_less_marks_as_the_whole_store_does(make_study):
    """A row is left out of the table, and not out of what its rows are judged by."""
    whole = from_records(make_study(noise=0.03))
    shown = whole[whole["method"] != "moco"]
    judged = tables.render(shown, "markdown", comparisons=compare(whole))
    assert "simultaneous over 6 primary questions" in judged
    assert "simultaneous over 3 primary questions" in tables.render(shown, "markdown")
    assert "moco" not in judged


def tied(make_record):
    """Eight seeds: geokr and moco swap places from seed to seed, and random is far below."""
    scores = {"random": 0.3, "geokr": 0.501, "moco": 0.499}
    return [
        make_record(method=method, seed=seed, metrics={"miou": score + 0.01 * (-1) ** (seed + (method == "moco"))})
        for method, score in scores.items()
        for seed in range(8)
    ]


@pytest.mark.parametrize("shape", ["wide", "long"])
@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("markdown", ["**50.10 ± 1.07**<sup>a</sup>", "<u>49.90 ± 1.07</u><sup>a</sup>", "30.00 ± 1.07<sup>b</sup>"]),
        ("html", ["50.10 ± 1.07<sup>a</sup>", "49.90 ± 1.07<sup>a</sup>", "30.00 ± 1.07<sup>b</sup>"]),
        (
            "latex",
            [
                r"\textbf{50.10 $\pm$ 1.07}\textsuperscript{a}",
                r"\underline{49.90 $\pm$ 1.07}\textsuperscript{a}",
                r"30.00 $\pm$ 1.07\textsuperscript{b}",
            ],
        ),
    ],
)
def test_every_format_raises_the_letters_of_tie_groups_and_explains_them(make_record, form, shape, shown):
    rendered = tables.render(from_records(tied(make_record)), form, shape)
    assert all(cell in rendered for cell in shown)
    assert "Rows that share a letter in a column are not told apart" in rendered


@pytest.mark.parametrize(("shape", "column"), [("long", "ties"), ("wide", "ties at 100%")])
def test_csv_has_the_letters_of_tie_groups_in_a_column(make_record, shape, column):
    rows = csv.DictReader(io.StringIO(tables.render(from_records(tied(make_record)), "csv", shape)))
    assert {"random": "b", "geokr": "a", "moco": "a"} == {row["variant"]: row[column] for row in rows}


def test_the_terminal_shows_the_letters_behind_the_numbers(make_record):
    console = Console(file=io.StringIO(), width=200)
    tables.print_tables(from_records(tied(make_record)), console)
    assert all(cell in console.file.getvalue() for cell in ("50.10 ± 1.07 a", "49.90 ± 1.07 a", "30.00 ± 1.07 b"))


def test_one_table_for_each_protocol_version_and_backbone(make_study):
    boards = [("demo/city", "demo-city", "resnet18"), ("demo/city", "demo-city", "resnet50"), ("x/y", "y", "resnet18")]
    records = [*make_study(boards=boards), *make_study(protocol_hash="ffff")]
    titles = [line for line in tables.render(from_records(records), "markdown").splitlines() if line.startswith("###")]
    assert 4 == len(titles)
    assert 4 == len(set(titles))


def test_csv_holds_unrounded_fractions_one_row_a_cell(make_study):
    frame = from_records(make_study())
    rows = list(csv.DictReader(io.StringIO(tables.render(frame, "csv"))))
    assert 9 == len(rows)
    cell = frame[(frame["method"] == "geokr") & (frame["fraction"] == 0.1)]["score"]
    row = next(row for row in rows if row["method"] == "geokr" and row["fraction"] == "0.1")
    assert (3, cell.mean(), cell.std()) == pytest.approx(
        (int(row["n"]), float(row["mean"]), float(row["sd"])), rel=1e-12
    )


def test_wide_csv_has_one_row_a_variant_and_empty_holes(make_record):
    rows = list(csv.DictReader(io.StringIO(tables.render(from_records(three(make_record)), "csv", "wide"))))
    assert ["random", "geokr", "moco"] == [row["variant"] for row in rows]
    assert ("", "0.4", "0.52") == (rows[0]["mean at 0.25%"], rows[1]["mean at 0.25%"], rows[0]["mean at 100%"])


def test_long_markdown_has_a_row_for_each_cell(make_record):
    lines = tables.render(from_records(three(make_record)), "markdown", "long").splitlines()
    assert "| geokr | 0.25% | 1 | **40.00** |" in lines


def test_an_empty_frame_is_refused_in_words():
    with pytest.raises(StoreError, match="bench run"):
        tables.render(from_records([]), "csv")


def test_write_tables_writes_three_files(tmp_path, make_study):
    paths = tables.write_tables(from_records(make_study()), tmp_path / "tables")
    assert ["table.csv", "table.tex", "table.md"] == [path.name for path in paths]
    assert all(path.stat().st_size > 100 for path in paths)


def test_the_terminal_shows_names_as_they_are_without_running_markup(make_record):
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    tables.print_tables(from_records([make_record(method="[red]x[/]\x1b[0m")]), console)
    assert "[red]x[/][U+001B][0m" in console.file.getvalue()


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []
        self.text = []

    def handle_starttag(self, tag, attrs):
        del attrs
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("shape", ["wide", "long"])
@pytest.mark.parametrize("name", NASTY)
def test_html_holds_a_name_as_text_only(make_record, name, shape):
    parser = _Tags()
    frame = from_records([make_record(method=name, dataset=name, protocol=name, metric=name, metrics={name: 0.5})])
    parser.feed(tables.render(frame, "html", shape))
    assert "script" not in parser.tags
    assert text.visible(name) in parser.text


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@x", "\t=1", " =1", "\r=1", "\uff1dcmd()"])
def test_csv_never_starts_a_cell_with_a_formula(make_record, name):
    rendered = tables.render(from_records([make_record(method=name)]), "csv")
    for cell in next(csv.DictReader(io.StringIO(rendered))).values():
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d"))


@given(st.text(max_size=30))
def test_no_format_lets_an_invisible_or_direction_changing_character_through(name):
    for escape in (text.visible, text.latex, text.markdown, text.spreadsheet):
        assert not set("\u202a\u202b\u202d\u202e\u2066\u2067\u200e\u200f\x00\x1b\n\r") & set(escape(name))


@given(st.text(max_size=30))
def test_a_markdown_cell_has_no_bare_bar_or_tag(name):
    escaped = text.markdown(name)
    assert "<" not in escaped
    assert "|" not in escaped.replace("\\|", "")


@pytest.mark.skipif(
    shutil.which("pdflatex") is None and "BENCH_NEED_LATEX" not in os.environ,
    reason="pdflatex is not installed (Debian: texlive-latex-recommended)",
)
@pytest.mark.parametrize("shape", ["wide", "long"])
def test_latex_compiles_as_it_is_whatever_the_names(tmp_path, make_record, make_study, shape):
    latin = "".join(map(chr, range(32, 256)))
    names = [*NASTY, latin, "遥感", "--- ``quoted''"]
    records = [
        make_record(
            method=name, row=f"{name}!", protocol=f"{name}/p", metric=name, metrics={name: 0.5}, warnings={name: name}
        )
        for name in names
    ]
    records += make_study(seed=1, fractions=[0.0025, 0.0033, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0] * 2)
    (tmp_path / "table.tex").write_text(tables.render(from_records(records), "latex", shape))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "table.tex"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    assert 0 == done.returncode, done.stdout[-2000:]


def test_the_command_prints_a_format_and_names_what_it_left_out(store, run_bench):
    (store / "records" / "torn.json").write_text("{")
    done = run_bench("table", "--store", str(store), "--format", "markdown")
    assert 0 == done.returncode
    assert done.stdout == tables.render(load(store, on_problem=lambda _: None), "markdown")
    assert "torn.json" in done.stderr


def test_the_command_exits_2_with_one_line_where_there_is_no_store(tmp_path, run_bench):
    done = run_bench("table", "--store", str(tmp_path / "none"))
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))


def doubtful(make_record):
    """One row with two warnings in one of its two records, one row without."""
    said = {"features-collapsed": "a spread of 0.001", "loss_<b>constant": "it *stood*"}
    return from_records(
        [
            make_record(method="geokr", seed=0, metrics={"miou": 0.6}, warnings=said),
            make_record(method="geokr", seed=1, metrics={"miou": 0.6}),
            *(make_record(method="moco", seed=seed, metrics={"miou": 0.5}) for seed in range(2)),
        ]
    )


SAID = "features-collapsed in records of geokr (1 of 2): a spread of 0.001."


@pytest.mark.parametrize("shape", ["wide", "long"])
@pytest.mark.parametrize("form", ["markdown", "latex", "html"])
def test_a_score_that_rests_on_a_warning_is_marked_and_the_warning_told_below(make_record, form, shape):
    rendered = tables.render(doubtful(make_record), form, shape)
    mark = r"\textdaggerdbl{}" if form == "latex" else "‡"
    (marked,) = [line for line in rendered.splitlines() if "60.00" in line]
    (plain,) = [line for line in rendered.splitlines() if "50.00" in line]
    assert (1, 0) == (marked.count(mark), plain.count(mark))
    escape = {"markdown": text.markdown, "latex": text.latex, "html": lambda name: name}[form]
    assert escape(SAID) in rendered
    assert "<b>constant" not in rendered
    assert "*stood*" not in rendered or form == "html"


def test_the_terminal_marks_and_tells_a_warning(make_record):
    console = Console(file=io.StringIO(), width=800)
    tables.print_tables(doubtful(make_record), console)
    assert "60.00 ± 0.00 ‡" in console.file.getvalue()
    assert SAID in console.file.getvalue()
    assert "50.00 ± 0.00 ‡" not in console.file.getvalue()


@pytest.mark.parametrize(("shape", "column"), [("long", "warnings"), ("wide", "warnings at 100%")])
def test_csv_has_warnings_by_name(make_record, shape, column):
    rows = list(csv.DictReader(io.StringIO(tables.render(doubtful(make_record), "csv", shape))))
    assert [("geokr", "features-collapsed, loss_<b>constant"), ("moco", "")] == [
        (row["variant"], row[column]) for row in rows
    ]


def test_many_or_long_texts_of_one_warning_stand_short(make_record):
    said = [f"{seed}{'x' * 500}" for seed in range(4)]
    records = [make_record(seed=seed, warnings={"w": line}) for seed, line in enumerate(said)]
    note = tables.render(from_records(records), "markdown").splitlines()[-1]
    assert 1 == note.count("xxx...")
    assert "w in records of random (4 of 4): such as 0xxx" in note
    assert len(note) < 400


def test_without_a_warning_or_a_named_row_no_note_speaks_of_one(make_study):
    for form in ("markdown", "latex", "html"):
        rendered = tables.render(from_records(make_study()), form)
        assert not any(word in rendered for word in ("‡", "daggerdbl", "warning", "Rows named", "synthetic"))


def test_named_rows_are_rows_of_their_own_and_the_note_says_of_which_method(make_record):
    records = [make_record(method="moco", row=row, metrics={"miou": s}) for row, s in (("aa-1", 0.4), ("aa-2", 0.6))]
    rendered = tables.render(from_records(records), "markdown")
    assert ["| aa-1 | <u>40.00</u> |", "| aa-2 | **60.00** |"] == rendered.splitlines()[4:6]
    assert "Rows named by their study: aa-1 (moco); aa-2 (moco)." in rendered


@pytest.mark.parametrize(
    ("synthetic", "corpus", "said"),
    [
        (False, True, "Pretrained on a synthetic corpus, though the data set is real: geokr."),
        (True, True, "The data set is synthetic: the numbers rank nothing outside it."),
        (False, False, None),
        (False, None, None),
    ],
)
def test_tables_say_when_the_data_set_or_only_the_corpus_is_synthetic(make_record, synthetic, corpus, said):
    trained = make_record(method="geokr", synthetic=synthetic, synthetic_corpus=corpus)
    frame = from_records([trained, make_record(synthetic=synthetic)])
    rendered = tables.render(frame, "markdown")
    assert said in rendered if said else "synthetic" not in rendered
    assert bool(said) == (rendered.count("synthetic") == 1)
    shown = "" if corpus is None else str(corpus)
    rows = list(csv.DictReader(io.StringIO(tables.render(frame, "csv"))))
    assert [("random", str(synthetic), ""), ("geokr", str(synthetic), shown)] == [
        (row["variant"], row["synthetic"], row["synthetic_corpus"]) for row in rows
    ]


@pytest.mark.parametrize("name", NASTY)
def test_a_rows_name_and_a_warnings_text_stay_text(make_record, name):
    frame = from_records([make_record(method="moco", row=name, warnings={name: name})])
    parser = _Tags()
    parser.feed(tables.render(frame, "html"))
    assert "script" not in parser.tags
    assert text.visible(name) in parser.text
    for cell in next(csv.DictReader(io.StringIO(tables.render(frame, "csv")))).values():
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))


def test_a_terminal_of_80_columns_keeps_the_rows_names_beside_long_heads(make_fair_study):
    stream = io.StringIO()
    tables.print_tables(from_records(make_fair_study(trivial=0.125)), Console(file=stream, width=80))
    lines = stream.getvalue().splitlines()
    assert {"random", "geokr", "moco", "trivial"} <= {line.strip("│ ").partition(" ")[0] for line in lines}
    assert any("(n = 900," in line for line in lines)
