"""UC Merced with several labels an image: the images' folders and the table of labels."""

import shutil

import numpy as np
import pytest

from bench.core.errors import DataError


@pytest.fixture
def raw(generators, tmp_path):
    return generators("ucmerced_multilabel").write_ucmerced_multilabel(tmp_path / "raw")


def _edit(raw, change):
    table = raw / "multilabels" / "LandUse_Multilabeled.txt"
    table.write_text("\n".join(change(table.read_text().splitlines())))


def test_every_image_has_the_labels_of_its_row(generators, raw, prepared, tmp_path):
    tags = generators("ucmerced_multilabel")
    data = prepared("ucmerced-multilabel", raw, tmp_path / "out", 64)
    assert (list(tags.LABELS), "multilabel", 21) == (data.classes, data.label.name, len(data))
    for at, source in enumerate(data.sources):
        scene, name = source.split("/")
        _, shown = tags.draw(scene, int(name.removeprefix(scene)), 64)
        assert shown == {data.classes[k] for k in np.flatnonzero(data.label_at(at))}
    assert data.counts()["slices of sea"] == data.class_counts[:, data.classes.index("sea")].sum() == 4


def test_the_two_downloads_side_by_side_are_read_as_they_come(raw, prepared, tmp_path):
    both = tmp_path / "downloads"
    both.mkdir()
    shutil.make_archive(str(both / "UCMerced_LandUse"), "zip", raw, "UCMerced_LandUse")
    shutil.make_archive(str(both / "multilabels"), "zip", raw / "multilabels")
    folder = prepared("ucmerced-multilabel", raw, tmp_path / "a", 64)
    assert folder.hash == prepared("ucmerced-multilabel", both, tmp_path / "b", 64).hash


def test_a_table_beside_an_archive_of_images_is_found(raw, prepared, tmp_path):
    both = tmp_path / "downloads"
    both.mkdir()
    shutil.make_archive(str(both / "UCMerced_LandUse"), "zip", raw, "UCMerced_LandUse")
    shutil.copy(raw / "multilabels" / "LandUse_Multilabeled.txt", both)
    assert 21 == len(prepared("ucmerced-multilabel", both, tmp_path / "out", 64))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [lines[0].replace("sea", "lake"), *lines[1:]], r"line 1: expected the 17 labels airplane"),
        (lambda lines: [*lines, lines[1]], r"line 23: image beach00 has a row already"),
        (lambda lines: [lines[0], lines[1].replace("1", "2"), *lines[2:]], r"line 2: expected an image and 17 values"),
        (lambda lines: [lines[0], lines[1].replace("1", "0"), *lines[2:]], r"line 2: expected .* not all 0"),
        (lambda lines: [lines[0], lines[1][:-2], *lines[2:]], r"line 2: expected an image and 17 values"),
        (lambda lines: lines[:-1], r"image runway06: .* has no row of it"),
        (lambda lines: [*lines, lines[1].replace("beach00", "beach99")], r"image beach99: .* has a row of it"),
        (lambda _lines: [], r"line 1: expected the 17 labels"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_its_line(raw, prepared, tmp_path, change, said):
    _edit(raw, change)
    with pytest.raises(DataError, match=said):
        prepared("ucmerced-multilabel", raw, tmp_path / "out", 64)
    assert not (tmp_path / "out").exists()


def test_the_order_of_the_columns_does_not_matter(raw, prepared, tmp_path):
    straight = prepared("ucmerced-multilabel", raw, tmp_path / "a", 64)

    def turned(lines):
        return ["\t".join([line.split("\t")[0], *line.split("\t")[:0:-1]]) for line in lines]

    _edit(raw, turned)
    assert straight.hash == prepared("ucmerced-multilabel", raw, tmp_path / "b", 64).hash


def test_images_without_their_table_are_refused(raw, prepared, tmp_path):
    shutil.rmtree(raw / "multilabels")
    with pytest.raises(DataError, match=r"has no file LandUse_Multilabeled\.txt"):
        prepared("ucmerced-multilabel", raw, tmp_path / "out", 64)
