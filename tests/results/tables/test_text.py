"""Names of methods and data sets come from others, and stay names in every format."""

import html
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.tables import text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("geokr", "geokr"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200bb", "a[U+200B]b"),
        ("a\nb", "a[U+000A]b"),
        ("a\x00", "a[U+0000]"),
        ("\u2028", "[U+2028]"),
        ("\ue000", "[U+E000]"),
        ("Müller ± 東", "Müller ± 東"),
    ],
)
def test_characters_that_do_not_show_are_spelled_out(given, shown):
    assert shown == text.visible(given)


@given(st.text())
def test_nothing_invisible_is_left_and_nothing_visible_changes(given):
    shown = text.visible(given)
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for char in shown)
    back = re.sub(r"\[U\+([0-9A-F]{4,6})\]", lambda match: chr(int(match[1], 16)), shown)
    assert "[U+" in given or given == back


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a_b", r"a\_b"),
        ("50% & more", r"50\% \& more"),
        ("\\input{x}", r"\textbackslash{}input\{x\}"),
        ("a--b", "a{-}{-}b"),
        ("[1]*", "{[}1{]}{*}"),
        ("$x^2~y#", r"\$x\textasciicircum{}2\textasciitilde{}y\#"),
        ("<a|b>", r"\textless{}a\textbar{}b\textgreater{}"),
        ("0.5 ± 0.1 † ‡ —", r"0.5 $\pm$ 0.1 \textdagger{} \textdaggerdbl{} ---"),
        ("é", "é"),
        ("東", "{[}U+6771{]}"),
        ("\u202e", "{[}U+202E{]}"),
        ("\"`'", r"\textquotedbl{}\textasciigrave{}\textquotesingle{}"),
    ],
)
def test_latex_prints_what_a_name_says(given, shown):
    assert shown == text.latex(given)


@given(st.text())
def test_latex_never_gets_a_bare_command_or_group(given):
    shown = text.latex(given)
    bare = re.sub(r"\\(text[a-z]+\{\}|[{}_%&#$])|\$\\pm\$|\{[-\[\]*]\}|---", "", shown)
    assert not set(bare) & set("\\{}_%&#$~^<>|\"`'[]*-")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a|b", r"a\|b"),
        ("*x*", r"\*x\*"),
        ("a_b", r"a\_b"),
        ("<b>", "&lt;b&gt;"),
        ("a&b", "a&amp;b"),
        ("`x`", r"\`x\`"),
        ("#1", r"\#1"),
        ("[a](b)", r"\[a\](b)"),
        ('"', '"'),
    ],
)
def test_markdown_prints_what_a_name_says(given, shown):
    assert shown == text.markdown(given)


@given(st.text())
def test_markdown_can_be_read_back(given):
    shown = text.markdown(given)
    assert text.visible(given) == html.unescape(re.sub(r"\\([\\`*_{}\[\]|~$#])", r"\1", shown))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_spreadsheet_runs_no_formula(start):
    for formula in (f"{start}1+1", f"  {start}1+1"):
        assert f"'{formula}" == text.spreadsheet(formula)


@pytest.mark.parametrize("given", ["geokr", "a=b", "0.5", "", "(x)"])
def test_other_names_stand_in_a_spreadsheet_as_they_are(given):
    assert given == text.spreadsheet(given)


def test_a_tab_before_a_formula_is_spelled_out_and_so_hides_none():
    assert "[U+0009]=1+1" == text.spreadsheet("\t=1+1")


@pytest.mark.parametrize(
    ("given", "shown"),
    [("a;=1+1", "a;'=1+1"), ('a; "=1+1', "a; \"'=1+1"), (";@x;-1", ";'@x;'-1"), ("a;b", "a;b"), ("a;1", "a;1")],
)
def test_a_formula_behind_a_semicolon_is_none_where_that_ends_a_cell(given, shown):
    assert shown == text.spreadsheet(given)


@given(st.text(alphabet="a1=+-@;\"' \t"))
def test_no_cell_begins_a_formula_whichever_sign_ends_it(given):
    cells = text.spreadsheet(given).split(";")
    assert not any(cell.strip(' "').startswith(("=", "+", "-", "@")) for cell in cells)


@pytest.mark.parametrize(("given", "shown"), [("-0.5", "-0.5"), ("1.2e-3", "1.2e-3"), ("-0.5 ± 0.1", "-0.5 ± 0.1")])
def test_a_negative_number_stays_one_and_no_formula_passes_for_one(given, shown):
    assert shown == text.value(given)
    assert f"'{given}+A1" == text.value(f"{given}+A1") or not given.startswith("-")
