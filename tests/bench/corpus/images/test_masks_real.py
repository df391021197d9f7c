"""Real patches with a land cover on their grid: read as plain images and as georeferenced scenes."""

import numpy as np
import pytest

from bench.corpus.build.pipeline import build_corpus
from bench.corpus.build.rules import Rules
from bench.corpus.images.pipeline import build_from_images
from bench.corpus.report.page import write_report


@pytest.mark.real
def test_masks_of_patches_give_the_corpus_that_their_places_give(real_data, tmp_path):
    folder, product = real_data / "geo_landcover" / "terramind", "io-lulc-terramind"
    asked = {"size": 64, "overlap": 0.0, "keep_map": True}
    plain = build_from_images(
        folder / "S2RGB", tmp_path / "plain", landcover=folder / "LULC", product=product, larger="cut", **asked
    )
    rules = Rules(contrast=0.0, dark_level=0)
    placed = build_corpus(folder / "S2RGB", folder / "LULC", product, tmp_path / "placed", rules=rules, **asked)
    assert (45, placed.hash, placed.manifest.maps) == (len(plain), plain.hash, plain.manifest.maps)
    assert np.isfinite(placed.index["lon"]).all()
    page = write_report(plain, tmp_path / "report").read_text()
    assert "Every tile has a map" in page
    assert (tmp_path / "report" / "examples.png").is_file()
