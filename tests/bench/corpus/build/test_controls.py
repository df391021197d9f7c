"""Land cover of the wrong place: what is counted from the map, and who exchanges with whom."""

import json
import pickle
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bench.cli.corpus import corpus as command
from bench.core.errors import CorpusError
from bench.corpus.build.checking import find_damage
from bench.corpus.build.controls import CONTROLS, exchange, supervise
from bench.corpus.build.derive import merge, sample, split, take
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.landcover.product import CLASSES
from bench.corpus.storage.reader import Corpus

FOREST, WATER, CROP, TOWN = (
    CLASSES.index(name) for name in ("forest", "water bodies", "cultivated land", "artificial surfaces")
)


def build(world, out="corpus", **options):
    options = {"size": 64, "controls": True, **options}
    return build_corpus(world / "scenes", world / "landcover", "globeland30", world / out, **options)


def one_scene(world, write_tif, codes, shape=(320, 320)):
    """A scene of noise with pixels as large as the map's, 320 x 320 unless told, over a map of its own from its first corner."""
    shutil.rmtree(world / "scenes")
    pixels = np.random.default_rng(3).integers(20, 200, size=(*shape, 3), dtype=np.uint8)
    write_tif(world / "scenes" / "GF1_a.tif", pixels)
    write_tif(world / "landcover" / "n50_35_2020lc030.tif", np.asarray(codes, dtype=np.uint8))


def vector(**shares):
    """Proportions of forest, water, crop and town; the others are 0."""
    named = {"forest": FOREST, "water": WATER, "crop": CROP, "town": TOWN}
    made = np.zeros(len(CLASSES), dtype=np.float32)
    for name, share in shares.items():
        made[named[name]] = share
    return made


def test_a_turned_map_of_forest_left_and_water_right_gives_each_side_the_other(world, write_tif):
    codes = np.full((320, 320), 20)
    codes[:, 160:] = 60
    one_scene(world, write_tif, codes)
    corpus = build(world, overlap=0.0)
    left = np.asarray(corpus.index["column"]) == 0
    right = np.asarray(corpus.index["column"]) == 256
    middle = np.asarray(corpus.index["column"]) == 128  # 32 columns of each, before the turn and after
    assert (5, 5, 5) == (left.sum(), right.sum(), middle.sum())
    assert np.array_equal(np.tile(vector(forest=1), (5, 1)), corpus.landcover[left])
    assert np.array_equal(np.tile(vector(water=1), (5, 1)), corpus.control("rotated")[left])
    assert np.array_equal(np.tile(vector(forest=1), (5, 1)), corpus.control("rotated")[right])
    assert np.array_equal(np.tile(vector(forest=0.5, water=0.5), (5, 1)), corpus.control("rotated")[middle])


def test_a_turn_is_about_the_centre_of_the_scene_and_not_of_its_windows(world, write_tif):
    """Of 340 columns a window starts at 0, 64 .. 256; the one opposite the first starts at 340 - 64 = 276."""
    codes = np.full((340, 340), 20)
    codes[:276, :], codes[276:, :] = 10, 60
    codes[276:, 276:] = 80
    one_scene(world, write_tif, codes, (340, 340))
    corpus = build(world, overlap=0.0)
    rotated = corpus.control("rotated")
    assert np.array_equal(vector(town=1), rotated[0])
    # Opposite of columns 64 to 128 lie columns 212 to 276.
    assert np.array_equal(vector(water=1), rotated[1])
    # Opposite of rows 64 to 128 lie rows 212 to 276.
    assert np.array_equal(vector(crop=1), rotated[5])


def test_a_coarse_window_is_eight_tiles_wide_around_the_tile(world, write_tif):
    """On a map of 1024 x 1024 with forest left of column 512; windows of 512 around tiles of 64."""
    codes = np.full((1024, 1024), 20)
    codes[:, 512:] = 60
    one_scene(world, write_tif, codes, (1024, 1024))
    corpus = build(world, overlap=0.0)
    coarse = corpus.control("coarse")
    place = {(int(row), int(column)): number for number, (row, column) in enumerate(corpus.index[["row", "column"]])}
    # Centred on column 288, from 32 to 544: 480 columns of forest and 32 of water.
    assert vector(forest=480 / 512, water=32 / 512) == pytest.approx(coarse[place[448, 256]])
    # Centred on column 480, from 224 to 736: 288 columns of forest and 224 of water.
    assert vector(forest=288 / 512, water=224 / 512) == pytest.approx(coarse[place[448, 448]])
    # Centred on column 32, from -224 to 288, of which the map has forest alone.
    assert vector(forest=1) == pytest.approx(coarse[place[0, 0]])


def test_a_coarse_window_reads_the_map_beyond_the_scene(world, write_tif):
    """One tile of 64 in a map of 100: its window ends at column 288, the map after 100, of which 64 are forest."""
    codes = np.full((100, 100), 60)
    codes[:, :64] = 20
    one_scene(world, write_tif, codes, (64, 64))
    corpus = build(world)
    assert vector(forest=1) == pytest.approx(corpus.landcover[0])
    assert vector(forest=0.64, water=0.36) == pytest.approx(corpus.control("coarse")[0])


def test_tiles_without_land_cover_in_a_control_are_counted_and_learn_the_mean_of_the_others(world, write_tif):
    codes = np.full((320, 320), 60)
    codes[:, 64:128] = 20
    codes[:, 256:] = 40  # shrubland, which is none of the eight classes
    one_scene(world, write_tif, codes)
    corpus = build(world, overlap=0.0)
    first = np.asarray(corpus.index["column"]) == 0
    assert {"rotated": 5, "coarse": 0} == {name: entry.missing for name, entry in corpus.controls.items()}
    assert np.array_equal(np.zeros((5, 8)), corpus.control("rotated")[first])
    # Columns 0, 64, 128, 192 are kept; the last three are turned onto water, water and forest.
    seen = supervise(corpus, "rotated", None, seed=0)
    assert np.tile(vector(water=2 / 3, forest=1 / 3), (5, 1)) == pytest.approx(seen.landcover[first])
    assert np.ones(len(corpus)) == pytest.approx(seen.landcover.sum(axis=1))
    assert not np.asarray(corpus.control("rotated")).any(axis=1)[first].any()


def test_controls_change_neither_the_tiles_nor_the_hash(world):
    plain, more = build(world, "plain", controls=False), build(world)
    assert plain.hash == more.hash
    assert np.array_equal(np.asarray(plain.index), np.asarray(more.index))
    assert np.array_equal(plain.landcover, more.landcover)
    assert {} == plain.controls
    assert set(CONTROLS) == set(more.controls)
    for name in CONTROLS:
        assert np.ones(len(more)) == pytest.approx(more.control(name).sum(axis=1))


def test_strips_and_processes_count_the_same_controls(world, monkeypatch):
    expected = build(world)
    assert expected.controls == build(world, "processes", workers=2).controls
    monkeypatch.setattr("bench.corpus.build.cutting.STRIP_WINDOWS", 7)
    assert expected.controls == build(world, "strips").controls


def test_the_hash_of_a_control_follows_the_map_where_the_corpus_hash_does_not(world, write_tif):
    """The map differs beyond the scene alone, where only coarse windows reach."""
    codes = np.full((500, 500), 20)
    one_scene(world, write_tif, codes)
    before = build(world, "before")
    codes[400:] = 60
    write_tif(world / "landcover" / "n50_35_2020lc030.tif", codes.astype(np.uint8))
    after = build(world, "after")
    assert before.hash == after.hash
    assert before.controls["rotated"] == after.controls["rotated"]
    assert before.controls["coarse"].hash != after.controls["coarse"].hash


def test_a_corpus_built_before_controls_is_read_and_known_by_its_request(world):
    built = build(world, controls=False)
    file = built.path / "corpus.json"
    value = json.loads(file.read_text())
    del value["controls"]
    file.write_text(json.dumps(value))
    assert {} == Corpus.open(built.path).controls
    assert built.hash == build(world, controls=False).hash
    with pytest.raises(CorpusError, match="holds something else"):
        build(world)


def test_controls_without_land_cover_are_refused(world):
    with pytest.raises(CorpusError, match="--controls are counted from the land cover"):
        build_corpus(world / "scenes", None, None, world / "corpus", size=64, controls=True)


def test_a_control_that_a_corpus_lacks_is_refused(world):
    with pytest.raises(CorpusError, match="has no control 'rotated': build it with bench corpus build --controls"):
        build(world, controls=False).control("rotated")


def test_a_sample_and_the_parts_of_a_split_carry_their_rows_of_the_controls(world):
    corpus = build(world)
    numbers = sample(corpus, 20, seed=1)
    taken = take(corpus, numbers, world / "taken", "sample")
    parts = [take(corpus, part, world / f"part-{i}", "part") for i, part in enumerate(split(corpus, [0.5, 0.5]))]
    whole = merge(parts, world / "whole")
    for name in CONTROLS:
        assert np.array_equal(corpus.control(name)[numbers], taken.control(name))
        assert corpus.controls[name].hash != taken.controls[name].hash
        assert np.array_equal(np.concatenate([part.control(name) for part in parts]), whole.control(name))
    assert [] == find_damage(whole)


def test_a_merge_drops_the_controls_that_not_all_parts_have(world):
    merged = merge([build(world), build(world, "plain", controls=False)], world / "merged")
    assert {} == merged.controls
    assert not list(merged.path.glob("landcover-*.npy"))


def test_a_changed_column_is_found_by_the_check(world):
    corpus = build(world)
    assert [] == find_damage(corpus)
    changed = np.array(corpus.control("coarse"))
    np.save(corpus.path / "landcover-coarse.npy", changed[::-1])
    with pytest.raises(CorpusError, match="control coarse differs from its hash"):
        find_damage(corpus)


def test_a_corpus_seen_with_other_land_cover_stays_so_in_another_process(world):
    corpus = build(world)
    seen = supervise(corpus, "rotated", None, seed=0)
    other = pickle.loads(pickle.dumps(seen))
    assert "rotated" == other.supervision
    assert np.array_equal(corpus.control("rotated"), other.landcover)
    assert np.array_equal(corpus.control("rotated").argmax(axis=1), other.dominant)
    assert not np.array_equal(corpus.dominant, other.dominant)


@given(st.integers(2, 400), st.integers(0, 2**31))
def test_shuffled_tiles_all_get_the_vector_of_another_and_every_vector_is_used_once(size, seed):
    whose = exchange(size, 1.0, seed)
    assert np.array_equal(np.arange(size), np.sort(whose))
    assert not (whose == np.arange(size)).any()


@given(st.integers(2, 400), st.floats(0, 1), st.integers(0, 2**31))
def test_a_share_of_the_tiles_exchanges_and_the_others_keep_their_own(size, share, seed):
    whose = exchange(size, share, seed)
    moved = whose != np.arange(size)
    assert (0 if share == 0 else max(2, round(share * size))) == moved.sum()
    assert np.array_equal(np.arange(size), np.sort(whose))


@given(st.integers(2, 400), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**31))
def test_a_larger_share_moves_the_tiles_of_a_smaller_too(size, one, other, seed):
    few, many = (exchange(size, share, seed) != np.arange(size) for share in sorted((one, other)))
    assert not (few & ~many).any()


def test_seeds_shuffle_differently_and_one_seed_alike():
    assert not np.array_equal(exchange(100, 1.0, 1), exchange(100, 1.0, 2))
    assert np.array_equal(exchange(100, 1.0, 1), exchange(100, 1.0, 1))


def test_noise_of_all_tiles_is_a_shuffle_and_of_none_the_truth(world):
    corpus = build(world)
    shuffled = supervise(corpus, "shuffled", None, seed=5)
    assert np.array_equal(shuffled.landcover, supervise(corpus, "noisy", 1.0, seed=5).landcover)
    assert np.array_equal(corpus.landcover, supervise(corpus, "noisy", 0.0, seed=5).landcover)
    assert not np.array_equal(corpus.landcover, shuffled.landcover)
    assert corpus is supervise(corpus, "true", None, seed=5)


def test_a_single_tile_has_none_to_exchange_with():
    with pytest.raises(CorpusError, match="1 tiles cannot exchange"):
        exchange(1, 1.0, 0)


def test_info_and_report_say_which_controls_a_corpus_has(world):
    corpora = {"coarse (0 tiles without), rotated (0 tiles without)": build(world)}
    corpora["none"] = build(world, "plain", controls=False)
    for expected, corpus in corpora.items():
        info = CliRunner().invoke(command, ["info", str(corpus.path)])
        assert f"controls: {expected}\n" in info.output
        assert 0 == CliRunner().invoke(command, ["report", str(corpus.path), "--out", str(world / "report")]).exit_code
        assert f"Controls: {expected}." in " ".join((world / "report" / "index.html").read_text().split())


def test_the_command_builds_controls(world):
    folders = {"--scenes": "scenes", "--landcover": "landcover", "--out": "corpus"}
    named = [part for option, name in folders.items() for part in (option, str(world / name))]
    arguments = ["build", *named, "--product", "globeland30", "--size", "64", "--workers", "1", "--controls"]
    assert 0 == CliRunner().invoke(command, arguments).exit_code
    built = Corpus.open(world / "corpus")
    assert set(CONTROLS) == set(built.controls)
