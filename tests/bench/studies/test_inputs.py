import json

import numpy as np
import pytest
import rasterio
from affine import Affine

from bench.core.errors import DataError
from bench.corpus.build.controls import CONTROLS
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.registry import registry as corpora
from bench.corpus.storage.reader import Corpus
from bench.demo.corpora import FOLDER
from bench.demo.world import WorldSpec, ensure_world, folder_name
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from tasks.prepared import SCHEMA
from tasks.protocols import load_protocol


def write(path, pixels, metres):
    path.parent.mkdir(parents=True)
    place = {"crs": "EPSG:32650", "transform": Affine(metres, 0, 500_000, 0, -metres, 4_000_000)}
    shape = {"count": len(pixels), "height": pixels.shape[1], "width": pixels.shape[2], "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", **place, **shape) as dataset:
        dataset.write(pixels)


@pytest.fixture
def home(tmp_path):
    """A data folder with a tiny world in the demo's place, and the corpora of a version that did not mark them."""
    root = tmp_path / folder_name(WorldSpec())
    rng = np.random.default_rng(0)
    for folder in ("scenes", "held_out"):
        write(root / folder / "GF1_a.tif", rng.integers(20, 200, size=(3, 64, 64), dtype=np.uint8), 10)
    write(root / "landcover" / "n50_35_2020lc030.tif", np.full((1, 30, 30), 20, dtype=np.uint8), 30)
    world = ensure_world(tmp_path)
    for scenes, name in ((world.scenes, "corpus"), (world.held_out, "held-out-64")):
        build_corpus(scenes, world.landcover, "globeland30", root / name, size=64)
    return tmp_path


def test_the_demos_corpora_are_synthetic_even_where_those_of_an_earlier_version_lie(home):
    assert Inputs(print, home).corpus(load_study("demo", {})).synthetic
    assert 1 == len(Corpus.open(corpora.get("demo-held-out").make(home, print)))
    root = home / folder_name(WorldSpec())
    expected = {"corpus": False, FOLDER: True, "held-out-64": False, "synthetic-held-out-64": True}
    assert expected == {name: Corpus.open(root / name).synthetic for name in expected}
    assert Corpus.open(root / "corpus").hash == Corpus.open(root / FOLDER).hash
    assert set(CONTROLS) == set(Corpus.open(root / FOLDER).controls)


@pytest.mark.parametrize("synthetic", [False, True])
def test_a_prepared_set_of_another_name_is_refused_unless_it_says_that_it_is_synthetic(tmp_path, synthetic):
    """Vaihingen in Potsdam's place would stand in tables as Potsdam."""
    index = {"schema": SCHEMA, "dataset": "vaihingen", "synthetic": synthetic, "kind": "masks", "hash": "0" * 32}
    index |= {"classes": ["road"], "palette": [[0, 0, 0]], "slices": []}
    (tmp_path / "index.json").write_text(json.dumps(index))
    study = load_study("geokr-2021", {"data": {"potsdam": str(tmp_path)}})
    inputs, protocol = Inputs(print, tmp_path), load_protocol("geokr-2021/potsdam")
    if synthetic:
        assert inputs.dataset(study, protocol).synthetic
        return
    with pytest.raises(
        DataError, match=r"holds vaihingen, protocol geokr-2021/potsdam is for potsdam: set data\.potsdam"
    ):
        inputs.dataset(study, protocol)
