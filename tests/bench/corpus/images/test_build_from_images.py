import csv
import io
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import CorpusError
from bench.corpus.build.checking import find_damage
from bench.corpus.build.derive import choose, merge, take
from bench.corpus.images.pipeline import build_from_images
from bench.corpus.landcover.product import CLASSES
from bench.corpus.report.page import write_report

SIDE = 16
FOLDERS = {"Forest": 3, "Highway": 2, "Pasture": 2}
MAPPING = """
name: mine
title: my folders
folders: {Forest: forest, Highway: {artificial surfaces: 1, forest: 3}, Pasture: grassland}
"""


def picture(number, side=(SIDE, SIDE)):
    return np.random.default_rng(number).integers(0, 256, (*side, 3), dtype=np.uint8)


@pytest.fixture
def images(tmp_path):
    """Seven PNG pictures in three class folders, below one shared folder."""
    numbers = iter(range(100))
    for folder, count in FOLDERS.items():
        home = tmp_path / "set" / "All" / folder
        home.mkdir(parents=True)
        for index in range(count):
            Image.fromarray(picture(next(numbers))).save(home / f"{folder}_{index}.png")
    (tmp_path / "mine.yaml").write_text(MAPPING)
    return tmp_path / "set"


@pytest.fixture
def forest(images):
    return images / "All" / "Forest"


def build(images, **options):
    return build_from_images(images, images.parent / options.pop("out", "c"), **options)


def test_images_become_tiles_in_the_order_of_their_names_as_they_are(images):
    corpus = build(images)
    assert (7, SIDE, ()) == (len(corpus), corpus.size, corpus.classes)
    assert ("Forest/Forest_0.png", "Pasture/Pasture_1.png") == (corpus.images[0], corpus.images[-1])
    assert np.array_equal([picture(number) for number in range(7)], corpus.tiles(np.arange(7)))
    assert FOLDERS == corpus.manifest.counts["source"]
    assert np.isnan(corpus.index["lon"]).all()
    assert [] == find_damage(corpus)


def test_a_zip_and_any_number_of_processes_give_the_bytes_that_a_folder_gives(images):
    with zipfile.ZipFile(images.parent / "set.zip", "w") as archive:
        for path in sorted(images.rglob("*.png"), reverse=True):
            archive.write(path, path.relative_to(images.parent))
        archive.writestr("__MACOSX/set/All/Forest/._Forest_0.png", b"left by a system")
    one = build(images)
    two = build(images.parent / "set.zip", out="z", workers=2)
    for name in ("index.npy", "images.txt", "shards/00000.raw"):
        assert (one.path / name).read_bytes() == (two.path / name).read_bytes()
    assert one.hash == two.hash


def test_class_folders_are_land_cover_by_a_file(images):
    corpus = build(images, classes_as=str(images.parent / "mine.yaml"))
    expected = np.zeros((7, 8))
    expected[:3, CLASSES.index("forest")] = 1
    expected[3:5, CLASSES.index("artificial surfaces")] = 0.25
    expected[3:5, CLASSES.index("forest")] = 0.75
    expected[5:, CLASSES.index("grassland")] = 1
    assert np.array_equal(expected, corpus.landcover)
    assert ["my folders"] == [cover.title for cover in corpus.manifest.land_covers]


def test_eurosats_folders_have_two_shipped_mappings(images):
    eight = build(images, classes_as="eurosat")
    assert [3, 3, 3, 0, 0, 4, 4] == eight.dominant.tolist()
    ten = build(images, classes_as="eurosat-10", out="ten")
    assert ("AnnualCrop", "Forest", 10) == (*ten.classes[:2], len(ten.classes))
    assert [1, 1, 1, 3, 3, 5, 5] == ten.dominant.tolist()


def test_a_folder_without_a_class_is_left_out_and_counted(images):
    mapping = images.parent / "mine.yaml"
    mapping.write_text(MAPPING.replace("Pasture: grassland", "Pasture: null"))
    corpus = build(images, classes_as=str(mapping))
    assert (5, {"no land cover": 2}) == (len(corpus), corpus.manifest.counts["rejected"])


def test_a_table_gives_the_proportions_of_each_image(images):
    table = images.parent / "table.csv"
    rows = [(f"{name}_{index}.png", 1 + index, 3) for name, count in FOLDERS.items() for index in range(count)]
    write_table(table, ("image", "water bodies", "forest"), rows)
    corpus = build(images, proportions=table)
    assert [0.25, 0.4, 0.5] == pytest.approx(corpus.landcover[:3, CLASSES.index("water bodies")].tolist())
    write_table(table, ("image", "moss", "sand"), rows)
    own = build(images, proportions=table, out="own")
    assert (("moss", "sand"), [0.25, 0.75]) == (own.classes, own.landcover[0].tolist())


def write_table(path, head, rows):
    stream = io.StringIO()
    csv.writer(stream).writerows([head, *rows])
    path.write_text(stream.getvalue())


def test_masks_on_the_same_grid_give_proportions_and_maps(images):
    masks = images.parent / "masks"
    for number, path in enumerate(sorted(images.rglob("*.png"))):
        mask = np.full((SIDE, SIDE), 20, dtype=np.uint8)  # GlobeLand30: forest
        mask[:4] = 60  # water
        mask[4:8] = (40, 0)[number % 2]  # shrubland, which is none of the eight, or not mapped
        to = masks / path.relative_to(images)
        to.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(to)
    corpus = build(images, landcover=masks, product="globeland30", keep_map=True)
    shares = corpus.landcover[0]
    assert (1 / 3, 2 / 3) == pytest.approx((shares[CLASSES.index("water bodies")], shares[CLASSES.index("forest")]))
    column = np.repeat([CLASSES.index("water bodies"), 8, CLASSES.index("forest")], (4, 4, 8))
    assert np.array_equal(column, corpus.maps[0][:, 5])
    assert 9 == corpus.maps[1][5, 0]
    plain = build(images, landcover=masks, product="globeland30", out="plain")
    assert (plain.hash, None) == (corpus.hash, plain.manifest.maps)
    part = take(corpus, np.array([1, 4]), images.parent / "part", "two")
    assert np.array_equal(corpus.maps[[1, 4]], part.maps)
    assert [] == find_damage(part)
    np.lib.format.open_memmap(part.path / "maps.npy", mode="r+")[0, 0, 0] = 7
    with pytest.raises(CorpusError, match="its maps differ from their hash"):
        find_damage(part)


def test_larger_images_are_cut_or_resized_when_asked(images, forest):
    large = picture(50, (SIDE, 3 * SIDE))
    large[:, SIDE : 2 * SIDE] = 77
    Image.fromarray(large).save(forest / "Forest_9.png")
    with pytest.raises(CorpusError, match=r"Forest_9.png is 48 x 16 pixels, larger .* --larger cut or --larger resize"):
        build(images)
    cut = build(images, out="cut", larger="cut", overlap=0.0)
    assert 10 == len(cut)
    assert [0, 16, 32] == cut.index["column"][3:6].tolist()
    assert np.array_equal(large[:, 32:], cut.tiles(np.array([5]))[0])
    assert ["Forest/Forest_9.png"] * 3 == list(cut.images[3:6])
    resized = build(images, out="resized", larger="resize")
    assert (8, 77) == (len(resized), resized.tiles(np.array([3])).mean())


def test_images_that_a_list_names_are_left_out(images):
    held = images.parent / "held.txt"
    held.write_text("# the held-out part\nForest_1.png\n\nHighway/Highway_0.png\n")
    corpus = build(images, without=held)
    assert (5, 2) == (len(corpus), corpus.manifest.images.left_out)
    assert not {"Forest/Forest_1.png", "Highway/Highway_0.png"} & set(corpus.images)
    held.write_text("Forest_1.png\nForest_7.png\n")
    with pytest.raises(CorpusError, match=r"held.txt, line 2: no image is called 'Forest_7.png'; did you mean Forest"):
        build(images, without=held, out="other")


def test_bad_images_stop_the_build_or_are_counted(images, forest):
    whole = (forest / "Forest_0.png").read_bytes()
    (forest / "Forest_0.png").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(picture(1)[:8, :8]).save(forest / "Forest_1.png")
    (forest / "Forest_2.png").write_bytes(b"no picture")
    with pytest.raises(CorpusError, match=r"Forest_0.png is torn .*--skip-bad"):
        build(images)
    corpus = build(images, skip_bad=True, size=SIDE)
    assert (4, {"unusable image": 3}) == (len(corpus), corpus.manifest.counts["rejected"])
    assert 3 == len(corpus.manifest.skipped)
    with pytest.raises(CorpusError, match="exists and holds something else"):
        build(images, size=SIDE)


def test_equal_pixels_are_counted(images, forest):
    Image.fromarray(picture(0)).save(forest / "Forest_7.png")
    Image.fromarray(picture(0)).save(images / "All" / "Pasture" / "Pasture_9.png")
    counted = build(images).manifest.counts["equal"]
    assert {"pixels of an earlier tile": 2, "pixels of one in another folder": 1} == counted


def test_a_report_shows_tiles_where_there_is_no_place(images):
    corpus = build(images, classes_as="eurosat-10")
    both = merge(
        [corpus, take(corpus, choose(corpus, sources=["Forest"]), images.parent / "f", "f")], images.parent / "m"
    )
    assert 3 == both.manifest.counts["equal"]["pixels of an earlier tile"]
    page = write_report(both, images.parent / "report").read_text()
    assert "10 tiles are of images without a place" in page
    assert "Tiles with equal pixels" in page
    assert (images.parent / "report" / "tiles.png").is_file()
    assert not (images.parent / "report" / "map.png").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"classes_as": "eurosta"}, "unknown mapping of class folders 'eurosta'"),
        (
            {"classes_as": "eurosat", "landcover": "masks", "product": "globeland30"},
            "each give the land cover of a tile",
        ),
        ({"landcover": "masks"}, "--landcover and --product go together"),
        ({"keep_map": True}, "--keep-map keeps the masks of --landcover"),
        ({"size": 32}, "Forest_0.png is 16 x 16 pixels, smaller than a tile of 32: lower --size"),
        ({"jpeg": 0}, "--jpeg 0 is not a quality"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(images, options, said):
    with pytest.raises(CorpusError, match=said) as caught:
        build(images, **options)
    assert "\n" not in str(caught.value)


def test_a_folder_that_the_mapping_lacks_and_a_wrong_share_are_told(images):
    mapping = images.parent / "mine.yaml"
    mapping.write_text(MAPPING.replace("Highway", "Road"))
    with pytest.raises(CorpusError, match=r"has no folder 'Highway', in which All/Highway/Highway_0.png lies"):
        build(images, classes_as=str(mapping))
    mapping.write_text(MAPPING.replace("grassland", "meadow"))
    with pytest.raises(CorpusError, match="folder Pasture shows 'meadow': use one of artificial surfaces"):
        build(images, classes_as=str(mapping))


def test_tables_that_cannot_be_are_told_by_line(images):
    table = images.parent / "table.csv"
    write_table(table, ("image", "forest"), [("Forest_0.png", 1), ("Forest_0.png", 1)])
    with pytest.raises(CorpusError, match=r"table.csv, line 3: Forest_0.png stands there twice"):
        build(images, proportions=table)
    write_table(table, ("image", "forest"), [("Forest_0.png", -1)])
    with pytest.raises(CorpusError, match=r"line 2: forest is '-1': write a number from 0 up"):
        build(images, proportions=table)
    write_table(table, ("image", "forest"), [("Forest_0.png", 1)])
    with pytest.raises(CorpusError, match=r"has no row of Forest/Forest_1.png \(6 in all\)"):
        build(images, proportions=table)


def test_masks_of_another_legend_or_grid_are_told(images, tmp_path):
    masks = tmp_path / "masks"
    for path in images.rglob("*.png"):
        to = masks / path.relative_to(images)
        to.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((SIDE, SIDE), 33, dtype=np.uint8)).save(to)
    with pytest.raises(CorpusError, match="holds the value 33, which is not in the legend of globeland30"):
        build(images, landcover=masks, product="globeland30")
    Image.fromarray(np.full((SIDE, 8), 20, dtype=np.uint8)).save(masks / "All/Forest/Forest_0.png")
    with pytest.raises(CorpusError, match="has 8 x 16 pixels and its image 16 x 16"):
        build(images, landcover=masks, product="globeland30")
    (masks / "All/Pasture/Pasture_1.png").unlink()
    with pytest.raises(CorpusError, match="hold none called Pasture/Pasture_1"):
        build(images, landcover=masks, product="globeland30")


def test_a_build_goes_on_where_it_was_killed(images, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(
            "bench.corpus.images.pipeline.write_corpus", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            build(images)
    parts = sorted((images.parent / ".c.building").glob("*/index.npy"))
    assert 3 == len(parts)
    for path in images.rglob("*.png"):  # would stop a build that began anew
        status = path.stat()
        path.write_bytes(b"0" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    corpus = build(images, size=SIDE)
    assert np.array_equal(picture(0), corpus.tiles(np.array([0]))[0])
    assert not (images.parent / ".c.building").exists()
