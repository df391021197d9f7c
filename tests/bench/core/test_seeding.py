from hypothesis import given
from hypothesis import strategies as st

from bench.core.seeding import derive, shuffled


def test_a_derived_seed_never_changes():
    assert derive(0, "pretrain", 0) == 1659477863


@given(st.integers(0, 2**31 - 1), st.lists(st.text(max_size=5), min_size=1, max_size=3))
def test_derived_seeds_fit_every_library(seed, names):
    assert 0 <= derive(seed, *names) < 2**31


def test_names_and_parents_give_seeds_of_their_own():
    seeds = {derive(parent, name, i) for parent in range(5) for name in ("subset", "train") for i in range(5)}
    assert len(seeds) == 50


@given(st.lists(st.text(), unique=True, max_size=30), st.integers(0, 100), st.randoms())
def test_a_shuffle_depends_on_names_and_not_on_positions(names, seed, random):
    other = names.copy()
    random.shuffle(other)
    assert [names[i] for i in shuffled(names, seed)] == [other[i] for i in shuffled(other, seed)]
