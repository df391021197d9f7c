import json
import shutil

import numpy as np
import pytest

from bench.core.errors import CorpusError
from bench.corpus.build.derive import choose, merge, sample, split, take
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.landcover.product import CLASSES
from bench.corpus.storage.reader import Corpus


@pytest.fixture
def corpus(world):
    return build_corpus(world / "scenes", world / "landcover", "globeland30", world / "corpus", size=32, overlap=0.0)


@pytest.fixture
def other(world, write_tif):
    pixels = np.random.default_rng(9).integers(20, 200, size=(96, 96, 3), dtype=np.uint8)
    write_tif(world / "more" / "S2A_x.tif", pixels, pixel=10.0)
    return build_corpus(world / "more", world / "landcover", "globeland30", world / "second", size=32, overlap=0.0)


def everything(corpus):
    return corpus.tiles(np.arange(len(corpus)))


def test_a_merged_corpus_holds_both_and_stands_alone(corpus, other, tmp_path):
    expected = np.concatenate([everything(corpus), everything(other)])
    merged = merge([corpus, other], tmp_path / "merged")
    for part in (corpus, other):
        shutil.rmtree(part.path)
    assert np.array_equal(expected, everything(Corpus.open(merged.path)))
    assert {"Gaofen-1": 162, "Sentinel-2": 9} == merged.manifest.counts["source"]
    assert 171 == sum(merged.manifest.counts["class"].values())
    assert np.allclose(expected.reshape(-1, 3).std(axis=0) / 255, merged.std)
    assert "merge of" in merged.manifest.history[0]


def test_a_merged_corpus_states_all_products_and_stretches(world, corpus, tmp_path):
    again = build_corpus(
        world / "scenes", world / "landcover", "globeland30", tmp_path / "again", size=corpus.size, stretch="0:200"
    )
    manifest = again.manifest.model_copy(
        update={"product": {**again.manifest.product, "title": "Other"}, "epoch": 2010}
    )
    (again.path / "corpus.json").write_text(json.dumps(manifest.to_json()))
    merged = merge([corpus, Corpus.open(again.path)], tmp_path / "merged").manifest
    assert ("none; 0:200", "GlobeLand30; Other", None) == (merged.stretch, merged.product["title"], merged.epoch)
    same = take(corpus, np.arange(3), tmp_path / "some", "three").manifest
    assert ("none", "GlobeLand30", 2020) == (same.stretch, same.product["title"], same.epoch)


def test_what_is_made_from_a_synthetic_corpus_is_synthetic(world, write_tif, tmp_path):
    made = build_corpus(world / "scenes", None, None, tmp_path / "made", size=32, synthetic=True)
    assert take(made, np.arange(3), tmp_path / "some", "three").synthetic
    pixels = np.random.default_rng(3).integers(20, 200, size=(32, 32, 3), dtype=np.uint8)
    write_tif(tmp_path / "photographed" / "S2A_x.tif", pixels, pixel=10.0)
    real = build_corpus(tmp_path / "photographed", None, None, tmp_path / "real", size=32)
    assert merge([real, made], tmp_path / "both").synthetic
    assert not merge([real, real], tmp_path / "twice").synthetic


def test_scenes_of_a_merged_corpus_name_their_product_and_year(world, corpus, tmp_path):
    def again(year):
        manifest = corpus.manifest.model_copy(update={"epoch": year})
        folder = tmp_path / str(year)
        shutil.copytree(corpus.path, folder)
        (folder / "corpus.json").write_text(json.dumps(manifest.to_json()))
        return Corpus.open(folder)

    bare = build_corpus(world / "scenes", None, None, tmp_path / "bare", size=32, overlap=0.0)
    assert () == bare.manifest.land_covers
    assert [2020] == [cover.epoch for cover in corpus.manifest.land_covers]
    once = merge([corpus, again(2010)], tmp_path / "once")
    twice = merge([again(2000), once, corpus], tmp_path / "twice").manifest
    assert [2000, 2020, 2010] == [cover.epoch for cover in twice.land_covers]
    assert [0, 0, 1, 1, 2, 2, 1, 1] == [scene.product for scene in twice.scenes]
    assert "GlobeLand30" == twice.product["title"]
    assert () == merge([corpus, corpus], tmp_path / "same").manifest.products


def test_merging_distinct_tiles_keeps_the_first_of_equal_ones(corpus, other, tmp_path):
    twice = merge([corpus, other, corpus], tmp_path / "merged", distinct=True)
    assert merge([corpus, other], tmp_path / "once").hash == twice.hash


def test_corpora_of_different_tile_sizes_cannot_be_merged(world, corpus, tmp_path):
    larger = build_corpus(world / "scenes", world / "landcover", "globeland30", world / "large", size=64)
    with pytest.raises(CorpusError, match="differ in tile size"):
        merge([corpus, larger], tmp_path / "merged")


def test_a_filter_by_class_keeps_tiles_of_that_dominant_class(corpus, tmp_path):
    numbers = choose(corpus, classes=["forest", "water bodies"], min_share=0.9)
    kept = take(corpus, numbers, tmp_path / "kept", "filter")
    assert {CLASSES.index("forest"), CLASSES.index("water bodies")} == set(kept.dominant.tolist())
    assert kept.landcover.max(axis=1).min() >= np.float32(0.9)
    assert np.array_equal(corpus.tiles(numbers), everything(kept))
    assert len(kept) == kept.manifest.counts["source"]["Gaofen-1"]


def test_a_filter_by_source_and_by_place(corpus, other, tmp_path):
    merged = merge([corpus, other], tmp_path / "merged")
    assert np.array_equal(np.arange(162, 171), choose(merged, sources=["Sentinel-2"]))
    lon = float(np.median(merged.index["lon"]))
    west = choose(merged, within=(-180.0, -90.0, lon, 90.0))
    assert np.all(merged.index["lon"][west] <= lon)
    around = choose(merged, within=(lon, -90.0, lon - 1e-9, 90.0))
    assert len(merged) - np.count_nonzero(merged.index["lon"] == lon) <= len(around) + 1


def test_an_unknown_class_or_source_lists_those_there_are(corpus):
    with pytest.raises(CorpusError, match=r"no class 'woods': choose from .*forest"):
        choose(corpus, classes=["woods"])
    with pytest.raises(CorpusError, match="no source 'GF': choose from Gaofen-1"):
        choose(corpus, sources=["GF"])


def test_a_larger_sample_holds_the_smaller_one(corpus):
    small, large = sample(corpus, 20, seed=4), sample(corpus, 90, seed=4)
    assert set(small) <= set(large)
    assert 90 == len(np.unique(large))
    assert not np.array_equal(small, sample(corpus, 20, seed=5))
    with pytest.raises(CorpusError, match="has 162 tiles"):
        sample(corpus, 163)


def test_a_split_by_tile_has_the_shares_asked_for_and_no_tile_twice(corpus):
    parts = split(corpus, [0.5, 0.25, 0.25], by="tile")
    assert [81, 40, 41] == [len(part) for part in parts]
    assert np.array_equal(np.arange(162), np.sort(np.concatenate(parts)))


def test_a_split_by_scene_keeps_each_scene_together(corpus):
    parts = split(corpus, [0.5, 0.5])
    scenes = [set(corpus.index["scene"][part].tolist()) for part in parts]
    assert not scenes[0] & scenes[1]
    with pytest.raises(CorpusError, match="too few scenes"):
        split(corpus, [0.25] * 4)
    with pytest.raises(CorpusError, match="add up to 1"):
        split(corpus, [0.5, 0.6])


def test_taking_nothing_or_into_a_folder_that_exists_is_refused(corpus, tmp_path):
    with pytest.raises(CorpusError, match="no tile is left"):
        take(corpus, np.array([], dtype=np.int64), tmp_path / "none", "filter")
    with pytest.raises(CorpusError, match="exists"):
        take(corpus, np.arange(3), corpus.path, "filter")


def test_large_selections_are_spread_over_several_shards(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.corpus.build.derive.SHARD_BYTES", 50 * 32 * 32 * 3)
    numbers = np.arange(1, 162)
    kept = take(corpus, numbers, tmp_path / "kept", "sample")
    assert [50, 50, 50, 11] == [shard.tiles for shard in kept.manifest.shards]
    assert np.array_equal(corpus.tiles(numbers), everything(kept))
