import numpy as np
import pytest

from bench.corpus.build import build_corpus
from bench.corpus.discovery import find_scenes, source_of
from bench.corpus.scene import describe
from bench.corpus.scene_reader import SceneReader
from bench.corpus.stretch import Stretch
from bench.errors import CorpusError

SAFE = "S2A_MSIL2A_20200101T000000_N0213_R132_T50SMF_20200101T000000.SAFE"
GRANULE = f"{SAFE}/GRANULE/L2A_T50SMF_A000000_20200101T000000/IMG_DATA"


@pytest.fixture
def bands():
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 4000, size=(128, 128)).astype(np.uint16) for name in ("B02", "B03", "B04")}


def write_safe(folder, bands, write_tif):
    """The layout of a Sentinel-2 product: the bands at 10 m, and coarser copies that must not be taken."""
    for name, pixels in bands.items():
        stem = f"{GRANULE}/R10m/T50SMF_20200101T000000_{name}"
        _write_jp2(folder / f"{stem}_10m.jp2", pixels, 10.0, write_tif)
        _write_jp2(folder / f"{stem}_20m.jp2".replace("R10m", "R20m"), pixels[::2, ::2], 20.0, write_tif)


def _write_jp2(path, pixels, pixel, write_tif):
    import rasterio
    from rasterio.shutil import copy

    plain = write_tif(path.with_suffix(".tmp"), pixels, pixel=pixel)
    with rasterio.Env():
        copy(plain, path, driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES", YCBCR420="NO")
    plain.unlink()


def test_a_sentinel_2_safe_folder_is_one_scene_of_its_10_m_bands(tmp_path, bands, write_tif):
    write_safe(tmp_path / "scenes", bands, write_tif)
    found = find_scenes(tmp_path / "scenes", ("B04", "B03", "B02"))
    assert 1 == len(found)
    assert "Sentinel-2" == found[0].source
    corpus = build_corpus(
        tmp_path / "scenes", None, None, tmp_path / "corpus", size=128, bands=("B04", "B03", "B02"), stretch="0:4000"
    )
    expected = np.stack([bands[name] for name in ("B04", "B03", "B02")], axis=2) * (255 / 4000)
    assert np.abs(expected - corpus.tiles(np.array([0]))[0]).max() <= 0.51
    assert 10.0 == corpus.manifest.scenes[0].resolution


def test_landsat_band_files_beside_each_other_are_one_scene_each(tmp_path, bands, write_tif):
    for product in ("LC08_L1TP_123032_20200101", "LE07_L1TP_123032_20000101"):
        for number, pixels in enumerate(bands.values(), start=2):
            write_tif(tmp_path / f"{product}_B{number}.TIF", pixels)
    found = find_scenes(tmp_path, ("B4", "B3", "B2"))
    assert ["Landsat 8", "Landsat 7"] == [scene.source for scene in found]
    with SceneReader(
        describe(found[0], ("B4", "B3", "B2"), Stretch.parse("0:4000")), Stretch.parse("0:4000")
    ) as reader:
        pixels, valid = reader.read(0, 128)
    assert np.all(valid)
    assert np.array_equal(np.rint(bands["B02"].astype(np.float32) * np.float32(255 / 4000)), pixels[..., 2])


def test_a_scene_that_lacks_a_band_file_is_named(tmp_path, bands, write_tif):
    write_tif(tmp_path / "a_B04.tif", bands["B04"])
    with pytest.raises(CorpusError, match=r"scene a in .* has no file of band B03"):
        find_scenes(tmp_path, ("B04", "B03", "B02"))
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


def test_a_gaofen_like_scene_of_four_16_bit_bands_takes_the_front_three_as_bgr(tmp_path, write_tif):
    pixels = np.random.default_rng(0).integers(0, 1023, size=(64, 64, 4)).astype(np.uint16)
    write_tif(tmp_path / "GF2_PMS1.tif", pixels, pixel=0.8)
    corpus = build_corpus(tmp_path, None, None, tmp_path / "c", size=64, bands=(3, 2, 1), stretch="percentile:1,99")
    assert {"Gaofen-2": 1} == corpus.manifest.counts["source"]
    assert 0.8 == pytest.approx(corpus.manifest.scenes[0].resolution)


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
