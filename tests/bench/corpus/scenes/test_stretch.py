import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.core.errors import CorpusError
from bench.corpus.scenes.stretch import Levels, Stretch


@pytest.mark.parametrize("text", ["none", "percentile:2,98", "0:3000", "-10.5:20"])
def test_a_stretch_is_written_as_it_was_read(text):
    assert text == str(Stretch.parse(text))


@pytest.mark.parametrize("text", ["", "linear", "percentile:98,2", "percentile:0,101", "3000:0", "1:1", "a:b"])
def test_a_stretch_without_sense_is_refused_with_the_forms_that_exist(text):
    with pytest.raises(CorpusError, match="use none, percentile"):
        Stretch.parse(text)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32"])
def test_the_ends_become_0_and_255_and_values_beyond_are_clipped(dtype):
    values = np.array([[[0, 50, 100, 150, 127]]] * 3, dtype=dtype)
    levels = Levels((50.0,) * 3, (100.0,) * 3)
    assert [0, 0, 255, 255, 255] == levels.apply(values)[0, 0].tolist()


def test_a_value_that_is_not_a_number_becomes_black():
    values = np.full((3, 1, 1), np.nan, dtype=np.float32)
    assert 0 == Levels((0.0,) * 3, (1.0,) * 3).apply(values).max()


@given(st.integers(0, 2**32 - 1))
def test_tables_for_16_bits_give_what_the_formula_gives(seed):
    values = np.random.default_rng(seed).integers(-3000, 3000, size=(3, 4, 4)).astype(np.int16)
    levels = Levels((-100.0, 0.0, 10.0), (900.0, 2000.0, 11.0))
    assert np.array_equal(levels.apply(values), levels.apply(values.astype(np.float32)))


def test_percentiles_are_taken_by_band():
    sample = np.stack([np.arange(101), np.arange(101) * 10, np.zeros(101)])
    levels = Stretch.parse("percentile:2,98").levels(sample, 3)
    assert (2.0, 20.0, 0.0) == levels.low
    assert (98.0, 980.0, 0.0) == levels.high


def test_a_scene_without_a_real_pixel_still_has_levels():
    assert (1.0, 1.0, 1.0) == Stretch.parse("percentile").levels(np.empty((3, 0)), 3).high
