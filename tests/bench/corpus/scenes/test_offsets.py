"""Sentinel-2's radiometric offset: declared by a file or its product, stated, contradicted, or gone already."""

import json
import shutil

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from bench.cli.corpus import corpus as command
from bench.core.errors import CorpusError
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.build.rules import Rules
from bench.corpus.scenes.discovery import sensor_of
from bench.corpus.storage.reader import Corpus

RGB = ("B04", "B03", "B02")
DECLARED = ((1e-4,) * 3, (-0.1,) * 3)


def checkered(dark, bright, side=64):
    """Three equal 16-bit bands, half of them dark and half bright, `side x side x 3`."""
    pixels = np.full((side, side, 3), dark, dtype=np.uint16)
    pixels[:, side // 2 :] = bright
    return pixels


@pytest.fixture
def write(tmp_path, write_tif):
    """Function that writes a scene with scale and offset declared, where given: `write(pixels, declared, name)`."""

    def write(pixels, declared=None, name="a.tif", **profile):
        path = write_tif(tmp_path / "scenes" / name, pixels, pixel=10.0, nodata=0, **profile)
        if declared:
            with rasterio.open(path, "r+") as dataset:
                dataset.scales, dataset.offsets = declared
        return path

    return write


@pytest.fixture
def build(tmp_path):
    def build(out="c", **options):
        options = {"size": 64, "overlap": 0.0, "stretch": "0:3000", **options}
        return build_corpus(tmp_path / "scenes", None, None, tmp_path / out, **options)

    return build


def ends(corpus, number=0):
    """First and last pixel of a tile's first row."""
    tile = corpus.tiles(np.array([number]))[0]
    return [tile[0, 0].tolist(), tile[0, -1].tolist()]


def test_a_declared_offset_is_taken_off_before_a_fixed_range(write, build):
    write(checkered(1600, 2800), DECLARED)
    corpus = build()
    # (1600 - 1000) * 255 / 3000 = 51 and (2800 - 1000) * 255 / 3000 = 153; without the offset 136 and 238
    assert [[51] * 3, [153] * 3] == ends(corpus)
    scene = corpus.manifest.scenes[0]
    assert ((-1000.0,) * 3, [1000.0] * 3, ()) == (scene.offsets, scene.levels["low"], scene.warnings)


def test_a_geotiff_that_declares_its_offset_gives_the_tiles_of_its_safe_twin(tmp_path, layouts, write, build):
    rng = np.random.default_rng(0)
    bands = {name: rng.integers(1, 4000, size=(64, 64)) for name in RGB}
    layouts.write_safe(tmp_path / "safe", bands, level="2A", baseline="0509", day="20220301")
    write(np.stack([bands[name] + 1000 for name in RGB], axis=2).astype(np.uint16), DECLARED)
    options = {"size": 64, "bands": RGB, "stretch": "0:3000"}
    safe = build_corpus(tmp_path / "safe", None, None, tmp_path / "s", **options)
    assert safe.hash == build().hash
    assert safe.manifest.scenes[0].offsets == build().manifest.scenes[0].offsets


def test_band_files_that_declare_an_offset_have_it_taken_off(write, build):
    pixels = checkered(1600, 2800)
    for name in RGB:
        write(pixels[..., 0], ((1e-4,), (-0.1,)), f"S2A_x_{name}.tif")
    assert [[51] * 3, [153] * 3] == ends(build(bands=RGB))


def test_each_band_has_its_own_offset(write, build):
    write(checkered(1600, 2800), ((1e-4,) * 3, (-0.1, -0.04, 0.02)))
    corpus = build()
    # values of 600, 1200 and 1800 in a range of 0 to 3000
    assert [51, 102, 153] == ends(corpus)[0]
    assert (-1000.0, -400.0, 200.0) == corpus.manifest.scenes[0].offsets


def test_a_stated_offset_is_added_to_the_stored_values(write, build):
    write(checkered(1600, 2800))
    corpus = build(offset=-1000)
    assert [[51] * 3, [153] * 3] == ends(corpus)
    assert ((-1000.0,) * 3, ()) == (corpus.manifest.scenes[0].offsets, corpus.manifest.scenes[0].warnings)
    assert corpus.hash == build(offset=-1000).hash
    with pytest.raises(CorpusError, match="holds something else"):
        build()


def test_the_command_takes_an_offset(tmp_path, write):
    write(checkered(1600, 2800))
    folders = ["--scenes", str(tmp_path / "scenes"), "--out", str(tmp_path / "c")]
    options = ["--size", "64", "--stretch", "0:3000", "--workers", "1", "--offset", "-1000"]
    done = CliRunner().invoke(command, ["build", *folders, *options])
    assert 0 == done.exit_code, done.output
    assert [[51] * 3, [153] * 3] == ends(Corpus.open(tmp_path / "c"))


def test_a_stated_offset_that_contradicts_the_file_is_refused_naming_both(write, build):
    path = write(checkered(1600, 2800), DECLARED)
    with pytest.raises(
        CorpusError, match=r"the file declares an offset of -1000 and --offset states -500: leave"
    ) as told:
        build(offset=-500)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


def test_a_stated_offset_that_contradicts_the_product_is_refused_naming_both(tmp_path, layouts, build):
    bands = {name: np.full((64, 64), 600) for name in RGB}
    layouts.write_safe(tmp_path / "scenes", bands, level="2A", baseline="0301", day="20211201")
    with pytest.raises(CorpusError, match=r"MTD_MSIL\*\.xml declares an offset of 0 and --offset states -1000"):
        build(bands=RGB, offset=-1000)


def test_a_band_that_contradicts_its_product_is_refused_naming_both(tmp_path, layouts, build):
    bands = {name: checkered(600, 1800)[..., 0] for name in RGB}
    safe = layouts.write_safe(tmp_path / "scenes", bands, level="1C", baseline="0400", day="20220301")
    for path in safe.rglob("*_B0[234].jp2"):
        with rasterio.open(path, "r+") as dataset:
            dataset.scales, dataset.offsets = (1e-4,), (-0.05,)
    with pytest.raises(CorpusError, match=r"the file declares an offset of -500 and its MTD_MSIL\*\.xml one of -1000"):
        build(bands=RGB)


def test_an_offset_that_was_taken_off_already_is_refused_and_offset_0_goes_on(write, build):
    path = write(checkered(300, 1800), DECLARED)
    told = r"the file gives an offset of -1000, but 50\.0% of a band's values lie under half .*: build with --offset 0"
    with pytest.raises(CorpusError, match=told) as refused:
        build()
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    corpus = build(offset=0)
    assert [[26] * 3, [153] * 3] == ends(corpus)  # 300 * 255 / 3000 = 25.5, to even
    assert (0.0,) * 3 == corpus.manifest.scenes[0].offsets


def test_an_offset_that_a_products_metadata_still_declare_is_refused_too(tmp_path, layouts, build):
    bands = {name: checkered(300, 1800)[..., 0] for name in RGB}
    before = layouts.write_safe(tmp_path / "scenes", bands, level="2A", baseline="0301", day="20211201")
    after = layouts.write_safe(tmp_path / "other", bands, level="2A", baseline="0400", day="20220301")
    shutil.copyfile(after / "MTD_MSIL2A.xml", before / "MTD_MSIL2A.xml")
    with pytest.raises(CorpusError, match=r"its MTD_MSIL\*\.xml gives an offset of -1000, but 50\.0%"):
        build(bands=RGB)
    assert [[26] * 3, [153] * 3] == ends(build(bands=RGB, offset=0))


def test_a_stated_offset_that_the_pixels_do_not_hold_is_refused(write, build):
    write(checkered(300, 1800))
    with pytest.raises(CorpusError, match=r"--offset gives an offset of -1000, but 50\.0%"):
        build(offset=-1000)


def test_offset_0_against_a_declaration_is_refused_where_no_dark_pixels_bear_it_out(write, build):
    write(checkered(1600, 2800), DECLARED)
    with pytest.raises(
        CorpusError, match="the file declares an offset of -1000 and --offset states 0, but no dark pixels"
    ):
        build(offset=0)


def test_a_few_shadows_and_pixels_without_data_are_no_proof_that_an_offset_is_gone(write, build):
    pixels = checkered(1600, 2800)
    pixels[:8] = 0  # no data
    pixels[8, :18] = 400  # 18 of 3,584 values, 0.5%
    write(pixels, DECLARED)
    assert (-1000.0,) * 3 == build(rules=Rules(empty_share=0.5)).manifest.scenes[0].offsets


def test_the_warning_that_an_offset_may_be_missing_is_printed_and_kept(tmp_path, write):
    write(checkered(1600, 2800), name="x/B.tif")
    run = CliRunner().invoke
    folders = ["--scenes", str(tmp_path / "scenes"), "--out", str(tmp_path / "c")]
    built = run(command, ["build", *folders, "--size", "64", "--stretch", "0:3000", "--workers", "1"])
    assert 0 == built.exit_code, built.output
    (warning,) = Corpus.open(tmp_path / "c").manifest.scenes[0].warnings
    assert warning.startswith("x/B.tif: no offset is declared, yet 99% of the values lie above 1000")
    shown = run(command, ["info", str(tmp_path / "c")])
    run(command, ["report", str(tmp_path / "c"), "--out", str(tmp_path / "page")])
    for text in (built.output, shown.output, (tmp_path / "page" / "index.html").read_text()):
        assert "build with --offset -1000" in text


def test_a_thousand_scenes_with_one_warning_are_summed_up(write, build):
    for number in range(12):
        write(checkered(1600, 2800), name=f"{number:02d}.tif")
    corpus = build()
    printed = CliRunner().invoke(command, ["info", str(corpus.path)]).output
    assert 11 == printed.count("warning: ")
    assert "warning: 2 more scenes like these" in printed


def test_no_warning_where_the_offset_is_known_or_does_not_matter(tmp_path, layouts, write, build):
    def warnings(out, **options):
        return [scene.warnings for scene in build(out, **options).manifest.scenes]

    write(checkered(1600, 2800), name="LC08_L1TP_123032_20200101.tif")
    assert [()] == warnings("landsat")
    write(checkered(900, 2800), name="dark.tif")
    assert [(), ()] == warnings("dark")
    write(checkered(1600, 2800), name="stated.tif")
    assert [(), (), ()] == warnings("stated", offset=0)
    assert [(), (), ()] == warnings("percentile", stretch="percentile:0,100")
    assert [0, 0, 1] == [len(kept) for kept in warnings("range")]
    shutil.rmtree(tmp_path / "scenes")
    bands = {name: checkered(1600, 2800)[..., 0] for name in RGB}
    layouts.write_safe(tmp_path / "scenes", bands, level="2A", baseline="0301", day="20211201")
    assert [()] == warnings("snow", bands=RGB)


def test_percentiles_do_not_depend_on_an_offset(write, build):
    write(checkered(300, 1800), DECLARED)
    corpus = build(stretch="percentile:0,100")
    assert [[0] * 3, [255] * 3] == ends(corpus)
    assert corpus.manifest.scenes[0].offsets is None


@pytest.mark.parametrize(("stretch", "offset"), [("percentile:2,98", -1000), ("0:3000", float("nan"))])
def test_an_offset_that_would_have_no_effect_or_no_sense_is_refused(write, build, stretch, offset):
    write(checkered(1600, 2800))
    with pytest.raises(CorpusError, match=r"--offset .* moves a fixed range"):
        build(stretch=stretch, offset=offset)


@pytest.mark.parametrize(
    ("declared", "told"),
    [(((0.0,) * 3, (-0.1,) * 3), "a scale of 0"), (((1e-4, 1e-4, 2e-4), (-0.1,) * 3), "a scale for each band")],
)
def test_scales_without_sense_or_of_each_band_are_refused_under_a_fixed_range(write, build, declared, told):
    write(checkered(1600, 2800), declared)
    with pytest.raises(CorpusError, match=told):
        build()


def test_a_corpus_of_a_version_that_kept_no_offsets_reads(write, build):
    write(checkered(1600, 2800), DECLARED)
    path = build().path / "corpus.json"
    values = json.loads(path.read_text())
    for name in ("offsets", "warnings"):
        del values["scenes"][0][name]
    path.write_text(json.dumps(values))
    scene = Corpus.open(path.parent).manifest.scenes[0]
    assert (None, ()) == (scene.offsets, scene.warnings)


@pytest.mark.parametrize(
    ("name", "sensor"),
    [
        ("mine/S2B_52SFA_20220126_0_L2A", "Sentinel-2"),
        ("LC08_L1TP_123032_20200101/B4.tif", "Landsat 8"),
        ("fusion/GF1_x.tif", "Gaofen-1"),
        ("orthos/x.tif", None),
    ],
)
def test_a_scenes_sensor_is_read_from_any_part_of_its_name(name, sensor):
    assert sensor == sensor_of(name)


def test_corpora_of_other_sensors_are_those_of_earlier_versions(world):
    corpus = build_corpus(world / "scenes", world / "landcover", "globeland30", world / "corpus", size=64)
    assert "b2f69326a8c545592dacb438265e5b9c" == corpus.hash
