"""Rows are told apart in every figure: by colour in any colour vision, by marker, and in grey."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.path import Path

from results.frame import from_records
from results.looks import DARK, DASHES, LIGHT, MARKERS, NUMBER, asides, looks, luminance

# Machado, Oliveira and Fernandes (2009), A physiologically-based model for simulation of color vision deficiency, severity 1.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# Ground of the page's figures in either scheme, and of the page itself: `page.css`.
GROUNDS = {"light": ("#ffffff", "#f4f5f7"), "dark": ("#14171b", "#1d2126")}


def linear(colours):
    values = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in colours])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB under D65 of linear RGB."""
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = rgb @ np.transpose(to_xyz) / [0.95047, 1, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_colours_differ_in_every_colour_vision(colours, vision):
    """A CIELAB distance of 2.3 is just noticed (Mahy et al. 1994); lines want several times that."""
    seen = lab(np.clip(linear(colours) @ np.transpose(VISIONS[vision]), 0, 1))
    nearest = min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2))
    assert nearest > (16 if vision == "normal" else 10)


@pytest.mark.parametrize(("scheme", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_every_colour_has_a_contrast_of_3_to_its_ground(scheme, colours):
    for ground in GROUNDS[scheme]:
        for colour in colours:
            low, high = sorted((luminance(ground), luminance(colour)))
            assert (high + 0.05) / (low + 0.05) >= 3


def test_in_grey_lines_of_like_lightness_have_different_dashes():
    """Lightness of CIELAB runs from 0 to 100, and a difference of 2.3 is just noticed."""
    grey = lab(linear(LIGHT))[:, 0]
    given = list(looks([f"row {number}" for number in range(NUMBER)]).values())
    for a, b in combinations(given, 2):
        assert a.dash != b.dash or abs(grey[a.slot] - grey[b.slot]) > 2.5


def covered(points):
    """Cells of a 41 x 41 grid inside an outline."""
    axis = np.linspace(-1.1, 1.1, 41)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    return Path(points).contains_points(grid)


def test_any_two_markers_differ_in_outline():
    """Share of the area of two outlines that lies in both: 1 for the same."""
    assert len(LIGHT) == len(DARK) == len(MARKERS) == NUMBER
    for a, b in combinations(map(covered, MARKERS), 2):
        assert (a & b).sum() / (a | b).sum() < 0.85


@pytest.mark.parametrize("number", [1, 16, NUMBER])
def test_no_two_rows_of_a_page_share_a_colour_or_a_marker(number):
    rows = ["random", "geokr", "oracle", *(f"row {at}" for at in range(number))][:number]
    given = looks(rows).values()
    assert number == len({look.slot for look in given}) == len({look.marker for look in given})


def test_beyond_the_palette_colour_and_marker_together_still_tell_rows_apart():
    given = looks(f"row {at}" for at in range(3 * NUMBER)).values()
    assert 3 * NUMBER == len({(look.slot, look.marker) for look in given})


def test_a_known_method_looks_the_same_on_every_page_and_any_row_does_in_all_figures_of_one():
    alone, together = looks(["geokr"]), looks(["moco", "geokr", "mine", "yours", "random"])
    assert alone["geokr"] == together["geokr"]
    assert looks(["yours", "mine", "random", "moco", "geokr"]) == together


def test_dashes_are_different():
    assert len(DASHES) == len(set(DASHES))


def test_floors_ceilings_and_rows_on_wrong_land_cover_stand_aside(make_record):
    wrong = make_record(method="geokr", row="geokr-shuffled", options={"land_cover": "shuffled"})
    records = [make_record(method=name) for name in ("random", "geokr", "oracle", "image-stats")]
    found = asides(from_records([*records, wrong]))
    assert {"geokr-shuffled": "control", "oracle": "ceiling", "image-stats": "floor"} == found
