import sys

import pytest

from bench.metrics.means import mean

VALUES = [0.1] * 10


def test_values_are_added_from_the_left_and_each_sum_is_rounded():
    total = 0.0
    for value in VALUES:
        total += value
    assert 0.9999999999999999 == total
    assert total / 10 == mean(VALUES)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sum corrects its rounding from Python 3.12 on")
def test_that_is_not_what_sum_gives():
    assert 1.0 == sum(VALUES)
