from pathlib import Path

import numpy as np
import pytest

from bench.core.errors import CorpusError
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.scenes.discovery import find_scenes, source_of
from bench.corpus.scenes.reading import SceneReader
from bench.corpus.scenes.scene import describe
from bench.corpus.scenes.stretch import Stretch

RGB = ("B04", "B03", "B02")


@pytest.fixture
def bands():
    rng = np.random.default_rng(0)
    return {name: rng.integers(1, 4000, size=(128, 128)) for name in ("B02", "B03", "B04")}


def as_8_bit(bands, high):
    return np.clip(np.stack([bands[name] for name in RGB], axis=2) * (255 / high), 0, 255)


@pytest.mark.parametrize(("level", "baseline"), [("1C", "0208"), ("1C", "0400"), ("2A", "0213"), ("2A", "0509")])
def test_a_sentinel_2_product_is_one_scene_of_its_10_m_bands(tmp_path, layouts, bands, level, baseline):
    layouts.write_safe(tmp_path / "scenes", bands, level=level, baseline=baseline, day="20220301")
    found = find_scenes(tmp_path / "scenes", RGB)
    assert 1 == len(found)
    assert "Sentinel-2" == found[0].source
    assert all("IMG_DATA" in file.parts for file in found[0].files)
    corpus = build_corpus(tmp_path / "scenes", None, None, tmp_path / "c", size=128, bands=RGB, stretch="0:4000")
    assert np.abs(as_8_bit(bands, 4000) - corpus.tiles(np.array([0]))[0]).max() <= 0.51
    assert 10.0 == corpus.manifest.scenes[0].resolution
    assert "EPSG:32650" == describe(found[0], RGB, Stretch.parse("0:4000")).crs_name


def test_one_sentinel_2_product_can_be_the_scenes_folder(tmp_path, layouts, bands, monkeypatch):
    safe = layouts.write_safe(tmp_path, bands, level="2A", baseline="0509", day="20220301")
    expected = find_scenes(tmp_path, RGB)
    assert expected == find_scenes(safe, RGB)
    monkeypatch.chdir(safe)
    assert expected == find_scenes(Path(), RGB)


def test_the_same_ground_is_as_bright_before_and_after_processing_baseline_04(tmp_path, layouts, bands):
    for baseline, day in (("0301", "20211201"), ("0400", "20220301")):
        layouts.write_safe(tmp_path / "s", bands, level="2A", baseline=baseline, day=day)
    corpus = build_corpus(tmp_path / "s", None, None, tmp_path / "c", size=128, bands=RGB, stretch="0:3000")
    one, two = corpus.tiles(np.arange(2))
    assert np.array_equal(one, two)
    assert [[0.0] * 3, [1000.0] * 3] == [scene.levels["low"] for scene in corpus.manifest.scenes]


def test_no_data_of_a_sentinel_2_product_needs_no_option(tmp_path, layouts, bands):
    for pixels in bands.values():
        pixels[:, 64:] = -1
    layouts.write_safe(tmp_path / "s", bands, level="2A", baseline="0400", day="20220301")
    options = {"size": 64, "overlap": 0.0, "bands": RGB}
    corpus = build_corpus(tmp_path / "s", None, None, tmp_path / "c", stretch="percentile:0,100", **options)
    assert {"empty": 2} == corpus.manifest.counts["rejected"]
    assert corpus.manifest.scenes[0].levels["low"][0] > 1000


def test_a_sentinel_2_product_without_metadata_or_with_broken_ones_is_named(tmp_path, layouts, bands):
    safe = layouts.write_safe(tmp_path, bands, level="2A", baseline="0400", day="20220301")
    found = find_scenes(tmp_path, RGB)[0]
    (safe / "MTD_MSIL2A.xml").write_text("<n1:Level-2A")
    with pytest.raises(CorpusError, match=r"MTD_MSIL2A\.xml is cut short"):
        describe(found, RGB, Stretch.parse("0:3000"))
    (safe / "MTD_MSIL2A.xml").unlink()
    with pytest.raises(CorpusError, match=r"has no MTD_MSIL1C\.xml or MTD_MSIL2A\.xml"):
        describe(found, RGB, Stretch.parse("0:3000"))


def test_landsat_band_files_beside_each_other_are_one_scene_each(tmp_path, bands, write_tif):
    for product in ("LC08_L1TP_123032_20200101", "LE07_L1TP_123032_20000101"):
        for number, pixels in enumerate(bands.values(), start=2):
            write_tif(tmp_path / f"{product}_B{number}.TIF", pixels.astype(np.uint16))
    found = find_scenes(tmp_path, ("B4", "B3", "B2"))
    assert ["Landsat 8", "Landsat 7"] == [scene.source for scene in found]
    with SceneReader(
        describe(found[0], ("B4", "B3", "B2"), Stretch.parse("0:4000")), Stretch.parse("0:4000")
    ) as reader:
        pixels, valid = reader.read(0, 128)
    assert np.all(valid)
    assert np.array_equal(np.rint(bands["B02"].astype(np.float32) * np.float32(255 / 4000)), pixels[..., 2])


def test_a_scene_that_lacks_a_band_file_is_named_and_can_be_skipped(tmp_path, bands, write_tif):
    write_tif(tmp_path / "a_B04.tif", bands["B04"].astype(np.uint16))
    for name, pixels in bands.items():
        write_tif(tmp_path / f"b_{name}.tif", pixels.astype(np.uint16))
    options = {"size": 128, "bands": RGB, "stretch": "0:4000"}
    with pytest.raises(CorpusError, match=r"scene a in .* has no file of band B03"):
        build_corpus(tmp_path, None, None, tmp_path / "c", **options)
    corpus = build_corpus(tmp_path, None, None, tmp_path / "c", skip_bad=True, **options)
    assert ["b"] == [scene.name for scene in corpus.manifest.scenes]
    with pytest.raises(CorpusError, match="holds no files of the bands B8, B4, B3"):
        find_scenes(tmp_path, ("B8", "B4", "B3"))


def test_band_files_of_different_grids_are_refused(tmp_path, bands, write_tif):
    write_tif(tmp_path / "a_B04.tif", bands["B04"])
    write_tif(tmp_path / "a_B03.tif", bands["B03"][::2, ::2], pixel=60.0)
    write_tif(tmp_path / "a_B02.tif", bands["B02"])
    with pytest.raises(CorpusError, match=r"a_B03\.tif does not lie on the grid"):
        describe(find_scenes(tmp_path, ("B04", "B03", "B02"))[0], ("B04", "B03", "B02"), Stretch.parse("percentile"))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("GF1_PMS1_E113_N23.tif", "Gaofen-1"),
        ("GF6_WFV_E113.tif", "Gaofen-6"),
        ("S2B_MSIL1C.tif", "Sentinel-2"),
        ("LC08_L1TP.tif", "Landsat 8"),
        ("landsat7_gewata.tif", "Landsat 7"),
        ("fusion 2 m/GF1_x.tif", "fusion 2 m"),
        ("GF1_PMS1_E114.0_N30.5_20160328_L1A0001492006/GF1_PMS1_E114.0_N30.5_MSS1.tiff", "Gaofen-1"),
        ("LC08_L1TP_123032_20200101_20200823_02_T1/LC08_L1TP_123032_20200101_20200823_02_T1", "Landsat 8"),
        ("GF1 of 2016/x.tif", "GF1 of 2016"),
        ("ortho.tif", "pictures"),
    ],
)
def test_the_source_is_the_sub_folder_or_the_sensor_or_the_folder(tmp_path, name, source):
    assert source == source_of(name, tmp_path / "pictures")


def test_strips_that_overlap_are_those_of_the_whole_scene(tmp_path, write_tif):
    pixels = np.random.default_rng(0).integers(0, 255, size=(100, 40, 3), dtype=np.uint8)
    write_tif(tmp_path / "a.tif", pixels)
    scene = describe(find_scenes(tmp_path, None)[0], None, Stretch())
    with SceneReader(scene, Stretch()) as reader:
        for row, (strip, _) in zip((0, 10, 50, 68), reader.strips((0, 10, 50, 68), 32), strict=True):
            assert np.array_equal(pixels[row : row + 32], strip)


@pytest.mark.parametrize(
    ("sensor", "source", "metres"),
    [("GF1_WFV4", "Gaofen-1", 16.0), ("GF2_PMS1", "Gaofen-2", 3.24), ("GF6_PMS", "Gaofen-6", 8.0)],
)
def test_a_gaofen_product_of_four_16_bit_bands_is_read_as_delivered(tmp_path, layouts, sensor, source, metres):
    pixels = np.random.default_rng(0).integers(1, 1023, size=(4, 64, 128))
    pixels[:, :, 64:] = 0
    layouts.write_gaofen(tmp_path / "s", pixels, sensor=sensor, metres=metres)
    corpus = build_corpus(
        tmp_path / "s",
        None,
        None,
        tmp_path / "c",
        size=64,
        overlap=0.0,
        bands=(3, 2, 1),
        stretch="0:1023",
        scene_nodata=0,
    )
    assert {source: 1} == corpus.manifest.counts["source"]
    assert {"empty": 1} == corpus.manifest.counts["rejected"]
    assert metres == pytest.approx(corpus.manifest.scenes[0].resolution)
    expected = np.moveaxis(pixels[[2, 1, 0], :, :64], 0, 2) * (255 / 1023)
    assert np.abs(expected - corpus.tiles(np.array([0]))[0]).max() <= 0.51


def test_a_no_data_value_that_the_file_does_not_declare_can_be_given(tmp_path, write_tif):
    pixels = np.random.default_rng(0).integers(1000, 2000, size=(64, 128, 3)).astype(np.uint16)
    pixels[:, :64] = 0
    write_tif(tmp_path / "s" / "a.tif", pixels)
    options = {"size": 64, "overlap": 0.0, "stretch": "percentile:2,98"}
    corpus = build_corpus(tmp_path / "s", None, None, tmp_path / "c", scene_nodata=0, **options)
    assert {"empty": 1} == corpus.manifest.counts["rejected"]
    assert corpus.manifest.scenes[0].levels["low"][0] >= 1000
    assert 0.0 == corpus.manifest.scene_nodata
    plain = build_corpus(tmp_path / "s", None, None, tmp_path / "d", **options)
    assert 0 == plain.manifest.scenes[0].levels["low"][0]
