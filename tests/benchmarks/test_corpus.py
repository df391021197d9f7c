"""The measuring commands run and print what they promise; how fast is not tested."""

import json

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import benchmarks


def figures_of(*arguments):
    done = CliRunner().invoke(benchmarks, [*arguments, "--json"])
    assert 0 == done.exit_code, done.output
    return json.loads(done.stdout)


@pytest.mark.filterwarnings("ignore::UserWarning")  # rasterstats on a raster without a declared no-data value
def test_counting_land_cover_equals_its_peers_and_prints_the_ratios():
    pytest.importorskip("exactextract", reason="a development dependency")
    pytest.importorskip("rasterstats", reason="a development dependency")
    figures = figures_of(
        "landcover", "--side", "512", "--tiles", "300", "--peer-tiles", "100", "--slow-peer-tiles", "20"
    )
    assert figures["equal_to_exactextract"]
    assert figures["equal_to_rasterstats"]
    assert {"tiles_per_s", "ratio_rasterstats", "ratio_exactextract"} <= set(figures)


def test_cutting_and_reading_prints_rates_shares_and_memory():
    pytest.importorskip("torch")
    figures = figures_of("corpus", "--scene", "1100", "--tiles", "8")
    assert 25 == figures["tiles_cut"]
    assert 1 == pytest.approx(sum(figures[f"share_{name}"] for name in ("decode", "filter", "write")), abs=0.01)
    assert figures["peak_rss_mib"] > 0
    assert figures["read_tiles_per_s"] > 0
