"""What the robustness measurements rest on: sound files are read as they should be, and checks find what they look for."""

import pytest

from benchmarks.robustness import injections
from benchmarks.robustness.files import try_one
from benchmarks.robustness.targets import targets


def test_every_kind_of_file_is_read_as_it_should_be_before_it_is_damaged(tmp_path):
    for each in targets(tmp_path / "files"):
        expected = ("accepted" if each.accepted else "refused", "")
        assert expected == try_one(each, each.path.read_bytes(), watched=False), each.name


@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        (injections.check_csv, "a;=1+1", "a;-0.5"),
        (injections.check_csv, '"\t=1+1"', "a,'=1+1"),
        (injections.check_markdown, "<b>x</b>", r"\<b\>"),
        (injections.check_markdown, "![x](http://127.0.0.1/z)", "![script](report/script.svg)"),
        (injections.check_page, "<script></script><img src=x>", "<script></script><script></script>"),
        (injections.check_latex, r"\input{x}", r"\textbackslash{}input"),
        (injections.check_terminal, "\x1b[31m", "red\n"),
    ],
)
def test_a_check_finds_what_is_injected_and_lets_names_be(check, bad, good):
    assert check(bad)
    assert [] == check(good)
