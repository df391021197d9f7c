import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.core.keys import content_hash

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_a_key_never_changes():
    """Stores and published records are found by it."""
    identity = {"method": "geokr", "options": {"alpha": 0.95, "size": 224}, "seeds": [0, 1], "init": None}
    assert "a65f6d0978a36138" == content_hash(identity)


@given(st.dictionaries(st.text(max_size=4), VALUES, min_size=2, max_size=5))
def test_the_order_of_a_mapping_does_not_matter(value):
    assert content_hash(value) == content_hash(dict(reversed(value.items())))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, 2], [2, 1]),
        (1, 1.5),
        (0, False),
        ("1", 1),
        (None, ""),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ([], {}),
    ],
)
def test_what_differs_has_another_key(one, other):
    assert content_hash(one) != content_hash(other)


def test_a_key_is_as_long_as_asked_and_begins_alike():
    whole = content_hash("value", 64)
    assert (64, 16, 8) == (len(whole), len(content_hash("value")), len(content_hash("value", 8)))
    assert whole.startswith(content_hash("value"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_is_no_plain_value_has_no_key(value):
    with pytest.raises((ValueError, TypeError)):
        content_hash(value)
