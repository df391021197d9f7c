"""Amounts of labels are read in every spelling, and written so that they can be read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.core.errors import StudyError
from tasks.amounts import amount_texts, read_amount, share


@pytest.mark.parametrize(
    ("written", "text", "kind", "value"),
    [
        ("5shot", "5shot", "shot", 5),
        ("5-shots", "5shot", "shot", 5),
        ("1 shot", "1shot", "shot", 1),
        (50, "50", "count", 50),
        ("50", "50", "count", 50),
        ("1%", "1%", "share", 0.01),
        (0.0033, "0.33%", "share", 0.0033),
        ("0.33%", "0.33%", "share", 0.0033),
        (1.0, "100%", "share", 1.0),
        ("100%", "100%", "share", 1.0),
    ],
)
def test_an_amount_is_a_number_a_class_a_number_or_a_share(written, text, kind, value):
    amount = read_amount(written)
    assert (text, kind, value) == (amount.text, amount.kind, amount.value)


@pytest.mark.parametrize("written", ["0shot", "0", "-5", "1.5", "101%", "five", "", "nan", "inf", "shot", True, None])
def test_what_is_no_amount_is_refused_with_what_to_write(written):
    with pytest.raises(StudyError, match=r"is no amount of labels: write 5shot \(of each class\), 50 \(samples\), 1%"):
        read_amount(written)


@given(st.floats(1e-6, 1, exclude_min=True))
def test_a_share_is_the_same_number_after_it_was_written(fraction):
    assert fraction == read_amount(share(fraction).text).value


def test_a_file_s_amounts_become_texts_and_a_wrong_one_is_named():
    assert ["1shot", "50", "1%"] == amount_texts(["1-shot", 50, 0.01])
    with pytest.raises(ValueError, match="'5shit' is no amount"):
        amount_texts(["1shot", "5shit"])
