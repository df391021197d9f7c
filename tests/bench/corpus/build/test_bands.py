"""Corpora of bands other than 8-bit red, green and blue, from the scene to the report."""

import json

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner

from bench.cli.corpus import corpus as command
from bench.core.bands import RGB, Bands
from bench.core.errors import CorpusError
from bench.corpus.build.checking import find_damage
from bench.corpus.build.derive import merge, sample, take
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.build.rules import Rules
from bench.corpus.storage.batches import Batches
from bench.corpus.storage.reader import Corpus

NAMES = ("red", "green", "blue", "nir")
# Reflectance times 10,000 fills a sixth of 16 bits, which the rules would take for dark and flat.
LENIENT = Rules(dark_level=0, contrast=0.001)
DEEP = {"names": NAMES, "values": "uint16", "rules": LENIENT, "size": 32, "overlap": 0.0}


def build(world, out, **options):
    return build_corpus(world / "scenes", world / "landcover", "globeland30", out, **DEEP | options)


def pixels_of(world):
    with rasterio.open(world / "scenes" / "scene.tif") as scene:
        return np.moveaxis(scene.read(), 0, 2)


def test_four_bands_of_16_bits_are_kept_as_they_are(four_bands, tmp_path):
    corpus = build(four_bands, tmp_path / "c")
    pixels = pixels_of(four_bands)
    tiles = corpus.tiles(np.arange(48))
    assert (48, 32, 32, 4) == tiles.shape
    assert np.uint16 == tiles.dtype
    assert np.array_equal(pixels[32:64, 64:96], tiles[10])
    assert Bands(NAMES, "uint16") == corpus.bands
    values = pixels.reshape(-1, 4) / 65535
    assert values.mean(axis=0) == pytest.approx(corpus.mean)
    assert values.std(axis=0) == pytest.approx(corpus.std)
    assert [] == find_damage(corpus)
    assert (4, 32, 32, 4) == Batches(corpus, 4, seed=0)[0].tiles.shape


def test_chosen_bands_come_in_the_order_asked_for(four_bands, tmp_path):
    corpus = build(four_bands, tmp_path / "c", bands=(4, 1), names=("nir", "red"))
    assert np.array_equal(pixels_of(four_bands)[:32, :32][..., [3, 0]], corpus.tiles(np.array([0]))[0])
    assert (("nir", "red"), (4, 1)) == (corpus.bands.names, corpus.manifest.selection)


def test_a_range_is_stretched_over_all_16_bits(four_bands, tmp_path):
    corpus = build(four_bands, tmp_path / "c", stretch="0:10000")
    expected = np.rint(pixels_of(four_bands)[:32, :32].astype(np.float32) * (65535 / 10_000))
    assert np.array_equal(expected.astype(np.uint16), corpus.tiles(np.array([0]))[0])


def test_percentiles_of_each_band_become_0_and_65535(four_bands, tmp_path):
    corpus = build(four_bands, tmp_path / "c", stretch="percentile:0,100")
    tiles = corpus.tiles(np.arange(len(corpus)))
    assert ([0] * 4, [65535] * 4) == (tiles.min(axis=(0, 1, 2)).tolist(), tiles.max(axis=(0, 1, 2)).tolist())


def test_8_bit_tiles_of_four_bands_can_be_had_from_16_bit_scenes(four_bands, tmp_path):
    corpus = build(four_bands, tmp_path / "c", values="uint8", stretch="0:5000")
    tiles = corpus.tiles(np.array([0]))
    assert (np.uint8, 4) == (tiles.dtype, tiles.shape[3])


def test_the_names_and_the_type_of_the_bands_are_part_of_the_hash(four_bands, tmp_path):
    one = build(four_bands, tmp_path / "one")
    other = build(four_bands, tmp_path / "other", names=("red", "green", "blue", "swir"))
    assert np.array_equal(one.index["digest"], other.index["digest"])
    assert one.hash != other.hash


def test_corpora_made_from_others_keep_bands_and_statistics(four_bands, tmp_path):
    corpus = build(four_bands, tmp_path / "c")
    part = take(corpus, sample(corpus, 9), tmp_path / "part", "sample")
    assert corpus.bands == part.bands
    assert (part.tiles(np.arange(9)).reshape(-1, 4) / 65535).std(axis=0) == pytest.approx(part.std)
    both = merge([corpus, part], tmp_path / "both")
    assert (57, corpus.bands, []) == (len(both), both.bands, find_damage(both))
    other = build(four_bands, tmp_path / "o", names=("red", "green", "blue", "swir"))
    with pytest.raises(CorpusError, match=r"holds red, green, blue, swir \(uint16\) and .* they cannot be merged"):
        merge([corpus, other], tmp_path / "none")


@pytest.mark.parametrize("schema", [1, 2])
def test_a_corpus_of_an_older_schema_has_8_bit_red_green_and_blue(world, tmp_path, schema):
    made = build_corpus(
        world / "scenes", world / "landcover", "globeland30", tmp_path / "c", size=64, bands=(3, 2, 1), names=None
    )
    path = made.path / "corpus.json"
    value = json.loads(path.read_text())
    assert 4 == value["schema"]
    del value["bands"]
    path.write_text(json.dumps(value | {"schema": schema, "bands": value.pop("selection")}))
    older = Corpus.open(made.path)
    assert (RGB, (3, 2, 1)) == (older.bands, older.manifest.selection)
    assert [] == find_damage(older)


def test_a_corpus_of_schema_3_is_read_as_it_is(world, tmp_path):
    made = build_corpus(world / "scenes", world / "landcover", "globeland30", tmp_path / "c", size=64)
    path = made.path / "corpus.json"
    value = json.loads(path.read_text())
    del value["images"], value["maps"]
    path.write_text(json.dumps(value | {"schema": 3}))
    older = Corpus.open(made.path)
    assert (None, None, 50) == (older.images, older.manifest.maps, len(older))
    assert 4 == sample_of(older, tmp_path / "part").manifest.schema_version


def sample_of(corpus, out):
    return take(corpus, sample(corpus, 5), out, "sample")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"names": None}, "has 4 bands: choose red, green and blue with --bands"),
        ({"names": None, "bands": (1, 2, 3, 4)}, "--bands takes red, green and blue, got 4: .* --names"),
        ({"names": ("nir", "red")}, "has 4 bands: choose nir, red, in this order, with --bands"),
        ({"bands": (1, 2, 3)}, "--names names 4 bands and --bands keeps 3"),
        ({"bands": (1, 2, 3, 5)}, "has 4 bands: --bands 1,2,3,5 asks for others"),
        ({"names": ("red", "red", "blue", "nir")}, "'red' is empty, twice or no name"),
        ({"names": ("red", "", "blue", "nir")}, "'' is empty, twice or no name"),
        ({"values": "uint8"}, "uint16 values, tiles are 8-bit: .* --values uint16"),
        ({"values": "float32"}, "--values float32 is unknown: use uint8 or uint16"),
        ({"jpeg": 90}, r"--jpeg 90 keeps 8-bit red, green and blue only, not red, green, blue, nir \(uint16\)"),
    ],
)
def test_bands_that_cannot_be_are_refused_in_one_line(four_bands, tmp_path, options, said):
    with pytest.raises(CorpusError, match=said) as caught:
        build(four_bands, tmp_path / "c", **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "c").exists()


def test_8_bit_scenes_are_no_16_bit_tiles_without_a_stretch(world, tmp_path):
    with pytest.raises(CorpusError, match="uint8 values, tiles are 16-bit: choose --stretch"):
        build_corpus(world / "scenes", None, None, tmp_path / "c", size=64, values="uint16")


def test_band_files_are_put_together_with_the_offset_of_each(layouts, tmp_path):
    rng = np.random.default_rng(0)
    bands = {name: rng.integers(200, 4000, (64, 64)) for name in ("B04", "B03", "B02", "B08")}
    layouts.write_safe(tmp_path / "scenes", bands, level="2A", baseline="0400", day="20230604")
    corpus = build_corpus(
        tmp_path / "scenes",
        None,
        None,
        tmp_path / "c",
        size=64,
        bands=tuple(bands),
        names=NAMES,
        values="uint16",
        stretch="0:10000",
    )
    # 1000 is added to the stored values from baseline 04.00 on, and taken off again.
    expected = np.stack([np.rint(band * (65535 / 10_000)) for band in bands.values()], axis=2)
    assert np.abs(expected - corpus.tiles(np.array([0]))[0]).max() <= 1
    assert (-1000.0,) * 4 == corpus.manifest.scenes[0].offsets


def test_build_info_and_report_say_what_the_bands_are(four_bands, tmp_path):
    asked = ["--bands", "1,2,3,4", "--names", ",".join(NAMES), "--values", "uint16", "--stretch", "0:10000"]
    folders = ["--scenes", four_bands / "scenes", "--landcover", four_bands / "landcover", "--product", "globeland30"]
    run(["build", *folders, *asked, "--size", "32", "--workers", "1", "--out", tmp_path / "c"])
    assert "bands: red, green, blue, nir (uint16), --bands 1,2,3,4" in run(["info", tmp_path / "c"])
    landcover = f"{four_bands / 'landcover'}"
    run(["report", tmp_path / "c", "--out", tmp_path / "page", "--landcover", landcover])
    rows = (tmp_path / "page" / "bands.csv").read_text().splitlines()
    assert ["band,mean,std", "red", "green", "blue", "nir"] == [rows[0], *(row.split(",")[0] for row in rows[1:])]
    assert "red, green, blue, nir (uint16)" in (tmp_path / "page" / "index.html").read_text()
    assert (tmp_path / "page" / "examples.png").stat().st_size > 10_000


def run(arguments):
    done = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert 0 == done.exit_code, done.output
    return done.output
