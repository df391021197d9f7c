import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import rasterio
from affine import Affine

from bench.core.errors import CorpusError
from bench.corpus.build.checking import find_damage
from bench.corpus.build.derive import merge, take
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.build.rules import Rules
from bench.corpus.landcover.product import CLASSES
from bench.corpus.storage.reader import Corpus


def build(world, out="corpus", **options):
    options = {"size": 64, **options}
    return build_corpus(world / "scenes", world / "landcover", "globeland30", world / out, **options)


def test_a_corpus_holds_the_tiles_of_the_scenes_with_their_proportions(world):
    corpus = build(world, overlap=0.25)
    assert 2 * 25 == len(corpus)
    assert CLASSES == corpus.classes
    with rasterio.open(world / "scenes" / "GF1_a.tif") as scene:
        pixels = np.moveaxis(scene.read(), 0, 2)
    assert np.array_equal(pixels[48:112, 96:160], corpus.tiles(np.array([7]))[0])
    middle = corpus.landcover[12]  # rows and columns 96 to 160 of a scene whose quarters meet at 150
    expected = {"forest": 54 * 54, "water bodies": 54 * 10, "cultivated land": 54 * 10, "artificial surfaces": 100}
    assert np.allclose([expected.get(name, 0) / 64**2 for name in CLASSES], middle, atol=1e-6)
    assert CLASSES.index("forest") == corpus.dominant[12]
    assert np.allclose(1, corpus.landcover.sum(axis=1))
    assert {"Gaofen-1": 50} == corpus.manifest.counts["source"]


def test_each_tile_knows_where_on_earth_it_lies(world):
    corpus = build(world)
    first = corpus.index[0]
    assert 117.0 == pytest.approx(first["lon"], abs=0.01)
    assert 36.1 == pytest.approx(first["lat"], abs=0.1)


def test_mean_and_deviation_are_those_of_all_pixels(world):
    corpus = build(world)
    values = corpus.tiles(np.arange(len(corpus))).reshape(-1, 3) / 255
    assert np.allclose(values.mean(axis=0), corpus.mean)
    assert np.allclose(values.std(axis=0), corpus.std)


def test_tiles_that_break_a_rule_are_left_out_and_counted_by_reason(world, write_tif):
    rng = np.random.default_rng(1)
    pixels = rng.integers(20, 200, size=(64, 320, 3), dtype=np.uint8)
    pixels[:, :64] = 250
    pixels[:, 64:128] = 100
    pixels[:, 128:192] = 3
    pixels[:, 192:256] = 0
    for old in (world / "scenes").iterdir():
        old.unlink()
    write_tif(world / "scenes" / "GF2_x.tif", pixels, pixel=1.0, nodata=0)
    corpus = build(world, overlap=0.0)
    assert 1 == len(corpus)
    assert {"cloud": 1, "dark": 1, "empty": 1, "low contrast": 1} == corpus.manifest.counts["rejected"]


def test_a_tile_over_classes_that_are_dropped_or_over_unmapped_land_is_left_out(world, write_tif):
    codes = np.full((100, 100), 40, dtype=np.uint8)
    codes[:, 60:], codes[:, 40:60] = 0, 20
    write_tif(world / "landcover" / "n50_35_2020lc030.tif", codes)
    corpus = build(world)
    rejected = corpus.manifest.counts["rejected"]
    assert {"no land cover", "no-data"} == set(rejected)
    assert len(corpus) + sum(rejected.values()) == sum(scene.windows for scene in corpus.manifest.scenes)
    assert np.all(corpus.dominant == CLASSES.index("forest"))


def test_the_hash_speaks_of_contents_and_not_of_folders_or_time(world, tmp_path):
    first = build(world)
    moved = tmp_path / "elsewhere"
    (world / "scenes").rename(moved)
    again = build_corpus(moved, world / "landcover", "globeland30", world / "second", size=64)
    assert first.hash == again.hash
    other = build_corpus(
        moved, world / "landcover", "globeland30", world / "third", size=64, rules=Rules(cloud_share=0.1)
    )
    assert first.hash == other.hash
    smaller = build_corpus(moved, world / "landcover", "globeland30", world / "fourth", size=32)
    assert first.hash != smaller.hash


def test_one_changed_pixel_changes_the_hash(world):
    first = build(world)
    with rasterio.open(world / "scenes" / "GF1_a.tif", "r+") as scene:
        scene.write(np.array([[201]], dtype=np.uint8), 1, window=((5, 6), (5, 6)))
    assert first.hash != build(world, out="second").hash


def test_building_in_processes_gives_the_same_corpus(world):
    steps = []
    several = build(world, workers=2, progress=lambda done, total: steps.append((done, total)))
    assert (50, 50) == steps[-1]
    assert build(world, out="second").hash == several.hash


def test_a_large_scene_is_cut_in_strips_with_the_same_result(world, monkeypatch):
    expected = build(world, out="whole")
    monkeypatch.setattr("bench.corpus.build.cutting.STRIP_WINDOWS", 7)
    totals = []
    strips = build(world, progress=lambda done, total: totals.append((done, total)))
    assert expected.hash == strips.hash
    assert expected.manifest.scenes == strips.manifest.scenes
    assert expected.manifest.counts == strips.manifest.counts
    assert np.array_equal(np.asarray(expected.index["row"]), np.asarray(strips.index["row"]))
    assert (50, 50) == totals[-1]


def test_a_strip_without_land_cover_is_no_error_where_the_rest_of_the_scene_has_some(world, write_tif, monkeypatch):
    monkeypatch.setattr("bench.corpus.build.cutting.STRIP_WINDOWS", 5)
    write_tif(world / "landcover" / "n50_35_2020lc030.tif", np.full((20, 100), 20, np.uint8))
    corpus = build(world)
    rejected = corpus.manifest.counts["rejected"]
    assert rejected["no land cover"] >= 10
    assert len(corpus) + sum(rejected.values()) == 50


def test_the_same_request_again_opens_what_is_there(world):
    first = build(world)
    before = (world / "corpus" / "corpus.json").stat().st_mtime_ns
    assert first.hash == build(world).hash
    assert before == (world / "corpus" / "corpus.json").stat().st_mtime_ns
    with pytest.raises(CorpusError, match="holds something else"):
        build(world, size=32)


def test_nothing_is_left_beside_a_finished_corpus(world):
    build(world)
    assert {"corpus", "landcover", "scenes"} == {path.name for path in world.iterdir()}


KILLED = """
import multiprocessing, os, signal, sys
from pathlib import Path
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.build.checking import find_damage
from bench.corpus.build.derive import merge, take

def stop(done, total):
    if done > total // 2:
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    world = Path(sys.argv[1])
    options = {"size": 64, "workers": int(sys.argv[2]), "progress": stop}
    build_corpus(world / "scenes", world / "landcover", "globeland30", world / "corpus", **options)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_build_that_is_killed_goes_on_and_ends_with_the_same_hash(world, write_tif, workers):
    rng = np.random.default_rng(2)
    for number in range(6):
        pixels = rng.integers(20, 200, size=(300, 300, 3), dtype=np.uint8)
        write_tif(world / "scenes" / f"GF1_{number}.tif", pixels, pixel=10.0)
    expected = build(world, out="whole")
    (world / "killed.py").write_text(KILLED)
    root = Path(__file__).resolve().parents[4]
    killed = subprocess.run(
        [sys.executable, str(world / "killed.py"), str(world), str(workers)],
        env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert -signal.SIGKILL == killed.returncode
    assert not (world / "corpus").exists()
    children = [int(pid) for pid in killed.stdout.split()]
    assert len(children) == (workers if workers > 1 else 0)
    psutil.wait_procs([psutil.Process(pid) for pid in children if psutil.pid_exists(pid)], timeout=20)
    assert not any(psutil.pid_exists(pid) for pid in children)
    kept = [part for part in (world / ".corpus.building").glob("[!.]*") if (part / "part.json").is_file()]
    assert 1 <= len(kept) < 8
    windows = sum(json.loads((part / "part.json").read_text())["scene"]["windows"] for part in kept)
    starts = []
    corpus = build(world, progress=lambda done, _total: starts.append(done))
    assert windows == starts[0]
    assert expected.hash == corpus.hash
    assert not (world / ".corpus.building").exists()


def test_one_broken_scene_does_not_stop_the_rest(world):
    whole = (world / "scenes" / "GF1_b.tif").read_bytes()
    (world / "scenes" / "GF1_c.tif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorpusError, match=r"GF1_c\.tif cannot be read"):
        build(world)
    assert not (world / "corpus").exists()
    starts = []
    corpus = build(world, skip_bad=True, progress=lambda done, _total: starts.append(done))
    assert 50 == len(corpus) == starts[0]
    assert ["GF1_c.tif"] == list(corpus.manifest.skipped)


def test_a_corpus_without_land_cover_has_tiles_only(world):
    corpus = build_corpus(world / "scenes", None, None, world / "corpus", size=64)
    assert not corpus.has_landcover
    assert () == corpus.classes
    assert (len(corpus), 0) == corpus.landcover.shape
    assert "class" not in corpus.manifest.counts


def test_other_bands_and_depths_need_bands_and_a_stretch_that_the_corpus_states(world, write_tif):
    deep = np.random.default_rng(0).integers(0, 3000, size=(128, 128, 5)).astype(np.uint16)
    for old in (world / "scenes").iterdir():
        old.unlink()
    write_tif(world / "scenes" / "a.tif", deep, pixel=10.0)
    with pytest.raises(CorpusError, match="has 5 bands: choose"):
        build(world)
    with pytest.raises(CorpusError, match=r"uint16 values.*--stretch"):
        build(world, bands=(3, 2, 1))
    with pytest.raises(CorpusError, match="asks for others"):
        build(world, bands=(6, 2, 1), stretch="percentile")
    corpus = build(world, bands=(4, 2, 1), stretch="0:3000", overlap=0.0)
    expected = np.rint(deep[:64, :64][..., [3, 1, 0]].astype(np.float32) * (255 / 3000))
    assert np.array_equal(expected.astype(np.uint8), corpus.tiles(np.array([0]))[0])
    assert ("0:3000", (4, 2, 1)) == (corpus.manifest.stretch, corpus.manifest.selection)
    stretched = build(world, out="second", bands=(4, 2, 1), stretch="percentile:2,98")
    levels = stretched.manifest.scenes[0].levels
    assert np.percentile(deep[..., 3], 2) == pytest.approx(levels["low"][0])


def test_a_scene_in_another_coordinate_system_than_the_land_cover_gets_its_proportions(world, write_tif):
    for old in (world / "scenes").iterdir():
        old.unlink()
    pixels = np.random.default_rng(0).integers(20, 200, size=(64, 64, 3), dtype=np.uint8)
    write_tif(world / "scenes" / "a.tif", pixels, origin=(117.001, 36.135), pixel=0.0001, crs="EPSG:4326")
    corpus = build(world)
    assert CLASSES.index("forest") == corpus.dominant[0]
    assert 1.0 == pytest.approx(corpus.landcover[0].sum())


def _no_georeference(world, write_tif):
    write_tif(world / "scenes" / "GF1_a.tif", np.zeros((300, 300, 3), np.uint8), crs=None)
    return "has no coordinate system"


def _no_geotransform(world, write_tif):
    write_tif(world / "scenes" / "GF1_a.tif", np.zeros((300, 300, 3), np.uint8), transform=Affine.identity())
    return "has no usable geotransform"


def _not_on_earth(world, write_tif):
    write_tif(world / "scenes" / "GF1_a.tif", np.zeros((300, 300, 3), np.uint8), crs='LOCAL_CS["site",UNIT["metre",1]]')
    return "without a place on the Earth"


def _land_cover_elsewhere(world, write_tif):
    write_tif(world / "landcover" / "n50_35_2020lc030.tif", np.full((9, 9), 20, np.uint8), crs="EPSG:32633")
    return "lies under this scene"


def _land_cover_beside(world, write_tif):
    write_tif(
        world / "landcover" / "n50_35_2020lc030.tif", np.full((9, 9), 20, np.uint8), origin=(510_000.0, 4_000_000.0)
    )
    return "lies under this scene"


def _torn_header(world, _write_tif):
    (world / "scenes" / "GF1_a.tif").write_bytes(b"II*\0torn")
    return "not a readable TIFF"


def _vrt_named_tif(world, _write_tif):
    (world / "scenes" / "GF1_a.tif").write_text('<VRTDataset rasterXSize="9" rasterYSize="9"></VRTDataset>')
    return "not a readable TIFF"


def _vrt_as_land_cover(world, _write_tif):
    (world / "landcover" / "n50_40_2020lc030.tif").write_text(
        '<VRTDataset rasterXSize="9" rasterYSize="9"></VRTDataset>'
    )
    return "not a readable TIFF"


def _unknown_code(world, write_tif):
    write_tif(world / "landcover" / "n50_35_2020lc030.tif", np.full((100, 100), 11, np.uint8))
    return "holds the value 11, which is not in the legend"


def _rgb_as_land_cover(world, write_tif):
    write_tif(world / "landcover" / "n50_35_2020lc030.tif", np.full((100, 100, 3), 20, np.uint8))
    return "has 3 bands: one band of class codes"


def _no_scenes(world, _write_tif):
    for old in (world / "scenes").iterdir():
        old.unlink()
    return "holds no .tif"


def _no_folder(world, _write_tif):
    (world / "landcover").rename(world / "away")
    return "does not exist"


def _small_scene(world, write_tif):
    write_tif(world / "scenes" / "GF1_a.tif", np.zeros((63, 300, 3), np.uint8))
    return "smaller than a tile"


def _all_rejected(world, write_tif):
    for name in ("GF1_a", "GF1_b"):
        write_tif(world / "scenes" / f"{name}.tif", np.full((300, 300, 3), 240, np.uint8), pixel=10.0)
    return "no tile of .* is usable \\(50 cloud\\)"


@pytest.mark.parametrize(
    "break_it",
    [
        _no_georeference,
        _no_geotransform,
        _not_on_earth,
        _land_cover_elsewhere,
        _land_cover_beside,
        _torn_header,
        _vrt_named_tif,
        _vrt_as_land_cover,
        _unknown_code,
        _rgb_as_land_cover,
        _no_scenes,
        _no_folder,
        _small_scene,
        _all_rejected,
    ],
)
def test_bad_input_is_refused_in_one_line_and_leaves_no_corpus(world, write_tif, break_it):
    problem = break_it(world, write_tif)
    with pytest.raises(CorpusError, match=problem) as caught:
        build(world)
    assert "\n" not in str(caught.value)
    assert not (world / "corpus").exists()


def test_land_cover_and_product_go_together(world):
    with pytest.raises(CorpusError, match="go together"):
        build_corpus(world / "scenes", world / "landcover", None, world / "corpus")


def test_two_builds_of_one_corpus_at_a_time_are_refused(world):
    from filelock import FileLock

    (world / ".corpus.building").mkdir()
    with FileLock(world / ".corpus.building" / "lock"), pytest.raises(CorpusError, match="another process"):
        build(world)


def test_a_corpus_can_be_opened_by_its_path(world):
    build(world)
    assert world / "corpus" == Corpus.open(world / "corpus").path


def test_a_build_that_skips_a_broken_scene_knows_its_own_result_again(world):
    whole = (world / "scenes" / "GF1_b.tif").read_bytes()
    (world / "scenes" / "GF1_c.tif").write_bytes(whole[: len(whole) // 2])
    assert build(world, skip_bad=True).hash == build(world, skip_bad=True).hash


def test_a_place_that_cannot_be_written_is_told_in_one_line(world):
    (world / "file").write_text("")
    with pytest.raises(CorpusError, match="cannot be written"):
        build(world, out="file/corpus")


def test_what_a_kill_while_putting_parts_together_left_is_cleared_away(world):
    (world / ".corpus.abc123.part" / "shards").mkdir(parents=True)
    build(world)
    assert {"corpus", "landcover", "scenes"} == {path.name for path in world.iterdir()}


def test_a_worker_that_dies_is_told_in_one_line_and_the_rest_is_kept(world, monkeypatch):
    monkeypatch.setattr("bench.corpus.build.workers._cutter", _dying)
    with pytest.raises(CorpusError, match="died, perhaps for lack of memory"):
        build(world, workers=2)
    monkeypatch.undo()
    assert 50 == len(build(world, workers=2))


def _dying(_plan, _work):
    return _die


def _die(_strip, _advance):
    os._exit(1)


def test_the_year_in_the_names_of_the_land_cover_is_stated(world):
    assert 2020 == build(world).manifest.epoch


def test_a_header_that_claims_an_absurd_size_is_refused_before_anything_is_read(world):
    profile = {"driver": "GTiff", "dtype": "uint8", "crs": "EPSG:32650", "transform": Affine(1, 0, 5e5, 0, -1, 4e6)}
    sparse = {"SPARSE_OK": "TRUE", "BIGTIFF": "YES", "tiled": True, "blockxsize": 16384, "blockysize": 16384}
    with rasterio.open(world / "scenes" / "huge.tif", "w", width=2**21, height=2**20, count=3, **profile, **sparse):
        pass
    with pytest.raises(CorpusError, match=r"huge\.tif claims 2097152 x 1048576 x 3 values: refused"):
        build(world)


def test_a_file_of_enormous_tiles_is_refused(world):
    profile = {"driver": "GTiff", "dtype": "uint8", "crs": "EPSG:32650", "transform": Affine(1, 0, 5e5, 0, -1, 4e6)}
    tiles = {"SPARSE_OK": "TRUE", "tiled": True, "blockxsize": 32768, "blockysize": 32768, "compress": "deflate"}
    with rasterio.open(world / "scenes" / "wide.tif", "w", width=40_000, height=40_000, count=3, **profile, **tiles):
        pass
    with pytest.raises(CorpusError, match="blocks of 32768 x 32768 pixels"):
        build(world)


@pytest.fixture
def smooth(world, write_tif):
    """Scenes of relief instead of noise, which JPEG keeps well."""
    row, column = np.mgrid[:300, :300]
    for number, name in enumerate(("GF1_a", "GF1_b")):
        wave = 110 + 60 * np.sin(row / (15 + number)) * np.cos(column / 22)
        pixels = np.stack([wave, wave * 0.9, wave * 0.7], axis=2).astype(np.uint8)
        write_tif(world / "scenes" / f"{name}.tif", pixels, pixel=10.0)
    return world


def test_tiles_kept_as_jpeg_are_near_their_pixels_and_much_smaller(smooth):
    exact, lossy = build(smooth), build(smooth, out="lossy", jpeg=90)
    assert len(exact) == len(lossy)
    one, two = (corpus.tiles(np.arange(len(corpus))).astype(int) for corpus in (exact, lossy))
    assert 0 < np.abs(one - two).max() < 30
    assert np.abs(one - two).mean() < 2
    assert sum(s.bytes for s in lossy.manifest.shards) < sum(s.bytes for s in exact.manifest.shards) / 5
    assert np.array_equal(exact.landcover, lossy.landcover)
    assert exact.hash != lossy.hash
    assert 90 == lossy.manifest.jpeg
    assert [] == find_damage(lossy)
    assert np.allclose(two.reshape(-1, 3).mean(axis=0) / 255, lossy.mean)


def test_exact_and_lossy_corpora_can_be_merged_and_sampled(smooth):
    parts = [build(smooth), build(smooth, out="lossy", jpeg=80)]
    both = merge(parts, smooth / "both")
    assert {"raw", "jpeg"} == {shard.encoding for shard in both.manifest.shards}
    expected = np.concatenate([part.tiles(np.arange(50)) for part in parts])
    assert np.array_equal(expected, both.tiles(np.arange(100)))
    numbers = np.arange(0, 100, 7)
    some = take(both, numbers, smooth / "some", "sample")
    assert np.array_equal(expected[numbers], some.tiles(np.arange(len(some))))
    assert [] == find_damage(some)


def test_a_torn_jpeg_is_told_in_one_line(smooth):
    corpus = build(smooth, jpeg=90)
    shard = corpus.path / corpus.manifest.shards[0].file
    shard.write_bytes(b"x" * shard.stat().st_size)
    with pytest.raises(CorpusError, match=r"00000\.jpeg holds no tile at byte 0"):
        Corpus.open(corpus.path).tiles(np.array([0]))


@pytest.mark.parametrize("quality", [0, 101])
def test_a_quality_without_sense_is_refused(world, quality):
    with pytest.raises(CorpusError, match="not a quality"):
        build(world, jpeg=quality)


def test_a_corpus_says_that_it_is_synthetic_where_that_was_declared(world):
    plain = build(world)
    made = build(world, out="made", synthetic=True)
    assert (False, True) == (plain.synthetic, made.synthetic)
    assert plain.hash == made.hash
    with pytest.raises(CorpusError, match="holds something else"):
        build(world, synthetic=True)


def test_a_corpus_of_an_earlier_version_reads_as_not_declared_synthetic(world):
    path = build(world, synthetic=True).path / "corpus.json"
    values = json.loads(path.read_text())
    del values["synthetic"]
    path.write_text(json.dumps(values))
    assert not Corpus.open(path.parent).synthetic
