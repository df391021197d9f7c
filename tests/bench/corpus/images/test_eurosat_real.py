"""EuroSAT as it is published, from its archive."""

import numpy as np
import pytest

from bench.corpus.build.checking import find_damage
from bench.corpus.images.pipeline import build_from_images


@pytest.mark.real
@pytest.mark.nightly
def test_eurosat_is_built_from_its_archive_onto_eight_classes_and_ten_labels(real_data, tmp_path):
    corpus = build_from_images(real_data / "EuroSAT_RGB.zip", tmp_path / "c", classes_as="eurosat", workers=2)
    assert (27_000, 64) == (len(corpus), corpus.size)
    assert [8000, 0, 5500, 3000, 5000, 0, 5500, 0] == np.bincount(corpus.dominant, minlength=8).tolist()
    assert {} == corpus.manifest.counts["equal"]
    assert [3000, 3000, 3000, 2500, 2500, 2000, 2500, 3000, 2500, 3000] == np.bincount(corpus.labels.of_tiles).tolist()
    assert [] == find_damage(corpus)
