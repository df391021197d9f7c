"""Tables call rows by what sets their weights apart, or as papers do, and say where brought weights come from."""

import csv
import io

import pytest

from bench.core import published
from results import tables
from results.frame import from_records
from results.naming import renamed
from results.origins import origins

MOCO = published.find("ssl4eo-s12-moco-resnet50")
# Sums of whole files, of which tables may know the beginning alone.
FILE = f"sha256:{MOCO.sha256}{'0' * 24}"
OTHER = f"sha256:{'ab' * 16}"


@pytest.fixture
def frame(make_record):
    rows = [
        {"method": "random"},
        {"method": "imagenet", "options": {"weights": "imagenet"}},
        {"method": "geokr", "options": {"init": "imagenet"}},
        {"method": "moco", "options": {"init": "random"}},
        {"method": "weights", "row": "theirs", "options": {"file": FILE}, "corpus": None},
        {"method": "weights", "row": "mine", "options": {"file": OTHER}, "corpus": None},
    ]
    return from_records([make_record(**row, seed=seed) for row in rows for seed in range(2)])


def names(text):
    return [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines()[4:10]]


def test_imagenets_row_says_which_weights_it_is(frame):
    assert {"imagenet": "imagenet (tv1)"} == renamed(frame, "ours")
    assert {"random", "imagenet (tv1)", "geokr", "moco", "theirs", "mine"} == set(
        names(tables.render(frame, "markdown"))
    )


def test_papers_names_are_those_of_their_tables_and_never_shared(frame):
    shown = renamed(frame, "paper")
    assert {"imagenet": "IN1k", "geokr": "GeoKR*", "moco": "MoCo v2", "random": "Random"}.items() <= shown.items()
    assert "MoCo v2 [theirs]" == shown["theirs"]
    assert "mine" not in shown
    rendered = tables.render(frame, "markdown", style="paper")
    assert {r"GeoKR\*", "IN1k", "MoCo v2"} <= set(names(rendered))
    assert len(set(names(rendered))) == 6


def test_weights_of_a_file_keep_their_name_where_imagenet_is_one(make_record):
    frame = from_records([make_record(method="imagenet", options={"weights": OTHER})])
    assert {} == renamed(frame, "ours") == renamed(frame, "paper")


def test_data_labels_and_start_stand_in_columns_where_weights_were_brought(frame):
    found = origins(frame)
    assert ("SSL4EO-S12 (1,004,316 images)", "none", "?") == (*vars(found["theirs"]).values(),)
    assert ("?", "?", "file abababab") == (*vars(found["mine"]).values(),)
    assert ("corpus cccc3333", "land cover", "imagenet") == (*vars(found["geokr"]).values(),)
    assert ("none", "none", "random") == (*vars(found["random"]).values(),)
    assert "ImageNet-1k (1,281,167 images)" == found["imagenet"].data
    for shape in ("wide", "long"):
        head = tables.render(frame, "markdown", shape).splitlines()[2]
        assert head.startswith("| method | pretraining data | labels used | init |")
        rows = list(csv.DictReader(io.StringIO(tables.render(frame, "csv", shape))))
        assert {"labels used": "land cover", "init": "imagenet"}.items() <= next(
            row for row in rows if row["variant"] == "geokr"
        ).items()


def test_a_table_without_brought_weights_has_no_such_columns(make_record):
    frame = from_records([make_record(method="moco"), make_record(method="random")])
    assert {} == origins(frame)
    assert "| method | 100% |" == tables.render(frame, "markdown").splitlines()[2]


def test_a_sum_is_known_by_its_first_digits_and_no_fewer():
    assert MOCO == published.of_content(FILE)
    assert published.of_content(OTHER) is None
    assert published.of_content("sha256:") is None
