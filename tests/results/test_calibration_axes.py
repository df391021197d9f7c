"""What the shares of axes cover, by simulation: few studies here, many in the report."""

import numpy as np
import pytest

from results import calibration_axes
from results.calibration_axes import LARGE, SMALL, TOGETHER, WHAT, Covered, effects, section
from results.stats.decomposition import decompose


@pytest.mark.parametrize("levels", calibration_axes.DESIGNS)
def test_drawn_effects_have_the_components_that_are_said(levels):
    split = decompose(np.repeat(effects(levels)[..., None], 2, axis=-1))
    whole = LARGE + SMALL + TOGETHER
    found = {part.term: part.share.estimate for part in split.components}
    assert (found[0,], found[1,], found[0, 1]) == pytest.approx((LARGE / whole, SMALL / whole, TOGETHER / whole))
    assert split.seeds.estimate == pytest.approx(0.0)


def test_intervals_hold_the_truth_about_as_often_as_they_promise(monkeypatch):
    """Of 40 studies 95% are 38; fewer than 34 have a chance of 0.3% where an interval is exact."""
    monkeypatch.setattr(calibration_axes, "DESIGNS", ((2, 3, 3),))
    monkeypatch.setattr(calibration_axes, "KINDS", ("equal",))
    (found,) = calibration_axes.measure(40)
    assert {"large", "small", "interactions", "seeds"} == found.shares.keys()
    assert min(found.shares.values()) >= 34 / 40


def test_the_section_has_a_line_a_design_and_a_dash_where_there_is_no_third_axis():
    measured = [Covered((2, 3, 3), "equal", dict.fromkeys([what for what in WHAT if what != "none"], 0.95))]
    lines = section(measured, 400).splitlines()
    assert "| 2 x 3 | 3 | equal | 95.0 | 95.0 | — | 95.0 | 95.0 |" in lines
    more = Covered((2, 2, 3, 3), "skewed", {"large": 0.9, "none": 0.97})
    assert "An axis without effect is told apart from nothing in at most 3.0%." in section([*measured, more], 400)
    assert "Held least often: large under skewed errors, in 90.0%." in section([*measured, more], 400)
