"""Names of others become names of files and text of a terminal without doing harm."""

import pytest

from bench.core.texts import LONGEST, file_name, short, visible


@pytest.mark.parametrize(
    "text", ["..", ".", ".hidden", "../../x", "/etc/x", "a\x00b", "a\nb", "x" * 5000, "é" * 200, ""]
)
def test_a_file_name_is_one_visible_part_of_a_path(text):
    name = file_name(text)
    assert not set(name) & set("/\\\0\n")
    assert name
    assert not name.startswith(".")
    assert len(name.encode()) <= LONGEST + 1


def test_two_long_names_that_differ_at_the_end_stay_two():
    assert short("x" * 300 + "a") != short("x" * 300 + "b")


def test_what_a_terminal_would_act_on_is_spelled_out():
    assert "[U+001B]]0;x[U+0007][U+0000]" == visible("\x1b]0;x\x07\x00")
