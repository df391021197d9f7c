"""The design sheet: one planted unfairness of each kind is found and marked, and what is equal is not."""

import json
from dataclasses import replace

import numpy as np
import pytest
from textured_corpus import corpus, labelled  # noqa: F401 - fixtures

from bench.studies.design import ALL, design
from bench.studies.design_protocols import describe
from bench.studies.design_rows import COLUMNS, Entry, differ
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.study import Study
from tasks.prepared import SCHEMA, Prepared
from tasks.protocols import load_protocol
from tasks.splits import divide


@pytest.fixture
def city(tmp_path):
    """A prepared city of 60 slices, ten of each of six images."""
    index = {"schema": SCHEMA, "synthetic": True, "hash": "0" * 16, "kind": "mask", "classes": list("abcdef")}
    index |= {"palette": [[0, 0, 0]] * 6}
    index["slices"] = [{"source": f"{number % 6}", "x": 32 * number, "y": 0} for number in range(60)]
    folder = tmp_path / "city"
    folder.mkdir()
    (folder / "index.json").write_text(json.dumps(index))
    images = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    np.save(folder / "images.npy", images)
    np.save(folder / "class_counts.npy", np.ones((60, 6), dtype=np.int64))
    return folder


@pytest.fixture
def asked(corpus, city):  # noqa: F811 - a fixture
    """Function that makes a study of two methods that differ in nothing but the method, with some values changed."""
    values = {
        "name": "fair",
        "corpus": str(corpus.path),
        "data": {"demo-city": str(city)},
        "methods": ["geokr", "moco"],
        "backbones": ["resnet18"],
        "tasks": ["seg"],
        "protocols": {"seg": ["demo/city"]},
        "fractions": [0.2, 1.0],
        "pretrain": {"epochs": 2, "batch": 16, "size": 32},
    }
    own = {"geokr": {"teacher_updates": 2}, "moco": {"queue": 16}}

    def make(options=None, **changes):
        joined = {name: own.get(name, {}) | (options or {}).get(name, {}) for name in {*own, *(options or {})}}
        return Study.model_validate(values | {"options": joined} | changes)

    return make


def sheet_of(study):
    return design(study, Inputs(print))


def cell(sheet, row, column):
    (found,) = [cells for cells in sheet.rows if cells[0].text == row]
    return found[sheet.columns.index(column)]


def marked(sheet):
    """Columns in which some row is marked as different, those that differ by the methods themselves left out."""
    steps = {column.name for column in COLUMNS["augmentations"]}
    columns = {name for cells in sheet.rows for name, each in zip(sheet.columns, cells, strict=True) if each.differs}
    return (
        columns
        - steps
        - {"learning rate", "steps", "tiles", "student views", "teacher views", "forward FLOPs", "FLOPs"}
    )


def about(sheet, a, b):
    (found,) = [said for said in sheet.sentences if (said.a, said.b) == (a, b)]
    return found.about, found.because


def test_two_methods_under_equal_conditions_are_compared_as_methods(asked):
    sheet = sheet_of(asked())
    assert set() == marked(sheet)
    assert ("methods", []) == about(sheet, "geokr", "moco")


def test_against_an_initialisation_all_of_the_pretraining_is_credited_and_never_the_method_alone(asked):
    kind, because = about(sheet_of(asked()), "geokr", "random")
    assert "recipes" == kind
    assert ["all of the pretraining: corpus, budget, views and method together"] == because


@pytest.mark.parametrize(
    ("options", "column"),
    [
        ({"moco": {"epochs": 4}}, "budget"),
        ({"moco": {"views": "paper"}}, "views"),
        ({"moco": {"init": "imagenet"}}, "starts from"),
        ({"moco": {"batch": 8}}, "batch"),
        ({"moco": {"size": 64}}, "input size"),
        ({"moco": {"mean": [0.5, 0.5, 0.5], "std": [0.2, 0.2, 0.2]}}, "input statistics"),
    ],
)
def test_an_unfairness_of_options_is_marked_in_both_rows_and_makes_the_sentence_one_of_recipes(asked, options, column):
    sheet = sheet_of(asked(options))
    assert {column} == marked(sheet)
    assert cell(sheet, "geokr", column).differs
    assert cell(sheet, "moco", column).differs
    assert ("recipes", [column]) == about(sheet, "geokr", "moco")


def test_pictures_that_the_others_never_see_are_other_pretraining_data(asked, labelled):  # noqa: F811 - a fixture
    gersp = {"labelled": str(labelled), "queue": 16, "cycles": 1}
    sheet = sheet_of(asked({"gersp": gersp}, methods=["moco", "gersp"]))
    assert f"+ labelled {labelled.name}" in cell(sheet, "gersp", "pretraining data").text
    assert "pretraining data" in marked(sheet)
    kind, because = about(sheet, "moco", "gersp")
    assert "recipes" == kind
    assert "pretraining data" in because


def test_land_cover_of_the_same_tiles_is_the_method_and_not_other_data(asked):
    shown = cell(sheet_of(asked()), "geokr", "pretraining data")
    assert shown.text.endswith("(96 tiles) + its land cover")
    assert not shown.differs


def test_a_single_pretraining_that_stands_for_a_method_makes_sentences_about_its_weights(asked):
    sheet = sheet_of(asked({"moco": {"epochs": 4}}, pretrain_seeds=1))
    said = ["a single pretraining of geokr", "a single pretraining of moco"]
    assert ("weights", [*said, "budget"]) == about(sheet, "geokr", "moco")
    assert any(note.startswith("A single pretraining stands for each method") for note in sheet.notes)


def test_fewer_pretrainings_than_draws_of_the_reference_are_marked(asked):
    sheet = sheet_of(asked(pretrain_seeds=1))
    assert {"pretrainings"} == marked(sheet)
    assert ["3 drawn", "1", "1"] == [cell(sheet, row, "pretrainings").text for row in ("random", "geokr", "moco")]


def test_options_tuned_by_unequal_numbers_of_trials_differ(asked):
    study = asked()
    column = next(column for column in ALL if column.name == "options tuned")
    geokr, moco = (
        Entry(row, "resnet18", study, study.options_of(row), facts={"trials": trials})
        for row, trials in zip(study.rows()[1:], (6, 0), strict=True)
    )
    assert ("6 trials", "untuned") == (column.of(geokr).text, column.of(moco).text)
    assert column.recipe
    assert differ(column, geokr, moco)
    assert not differ(column, geokr, replace(moco, facts={"trials": 6}))


def test_compute_is_marked_beyond_half_as_much_again_and_is_no_difference_of_recipes(asked):
    """Flops of 100 against 140 and 160; a method may cost what it costs, but the reader is told."""
    study = asked()
    column = next(column for column in COLUMNS["budget and compute"] if column.name == "forward FLOPs")
    one, near, far = (
        Entry(study.rows()[1], "resnet18", study, study.options_of("geokr"), facts={"flops_forward": flops})
        for flops in (100.0, 140.0, 160.0)
    )
    assert not differ(column, one, near)
    assert differ(column, one, far)
    assert not column.recipe


def test_budgets_are_equal_to_one_batch(asked):
    """A batch of 16 tiles: 100 steps against 101 and 102."""
    study = asked()
    column = next(column for column in COLUMNS["budget and compute"] if column.name == "budget")
    row, options = study.rows()[2], study.options_of("moco")
    one, near, far = (
        Entry(row, "resnet18", study, options, facts={"steps": steps, "tiles": 16 * steps, "student_views": 16 * steps})
        for steps in (100.0, 101.0, 102.0)
    )
    assert not differ(column, one, near)
    assert differ(column, one, far)


def protocol_cell(sheet, column, row=0):
    return sheet.protocols[row][sheet.protocol_columns.index(column)]


def test_slices_of_one_image_in_training_and_test_part_are_a_leak(asked):
    sheet = sheet_of(asked(protocols={"seg": ["demo/city-slices"]}))
    assert ("by slice 41:0:6, leaky", True) == (
        protocol_cell(sheet, "split").text,
        protocol_cell(sheet, "split").differs,
    )
    assert "demo/city-slices: leaky, 5 images lie in both training and test part." in sheet.notes


def changed(tmp_path, **parts):
    """A protocol file as demo/city with some parts changed."""
    base = load_protocol("demo/city").model_dump(mode="json", exclude_unset=True)
    values = base | {key: base[key] | part if isinstance(part, dict) else part for key, part in parts.items()}
    values |= {"id": "tests/city", "sources": base["sources"] | dict.fromkeys(parts, "ours")}
    file = tmp_path / "protocol.yaml"
    file.write_text(json.dumps(values))
    return {"seg": [str(file)]}


def test_a_split_by_image_is_not_marked(asked, tmp_path):
    sheet = sheet_of(asked(protocols=changed(tmp_path, split={"by": "image", "ratio": [3, 1, 2]})))
    assert ("by image 3:1:2", False) == (protocol_cell(sheet, "split").text, protocol_cell(sheet, "split").differs)
    assert not any("leaky" in note for note in sheet.notes)


def test_selection_on_labels_beyond_the_fraction_is_marked_with_their_number(asked, tmp_path):
    plain = protocol_cell(sheet_of(asked()), "selection")
    assert ("last step, on no labels", False) == (plain.text, plain.differs)
    sheet = sheet_of(
        asked(
            protocols=changed(
                tmp_path, selection="val", schedule={"look_every": 100}, split={"by": "slice", "ratio": [3, 1, 1]}
            )
        )
    )
    found = protocol_cell(sheet, "selection")
    assert ("selected on 12 labels beyond the fraction", True) == (found.text, found.differs)
    assert "tests/city: selected on 12 labels beyond the fraction." in sheet.notes


def test_each_amount_of_labels_stands_with_its_number_and_that_of_a_class(asked):
    """50 slices in the training part, six classes."""
    assert "20%: 10 (1.67 a class), 100%: 50 (8.33 a class)" == protocol_cell(sheet_of(asked()), "labels used").text
    shots = sheet_of(asked(fractions=None, labels={"seg": ["30", "50%"]}))
    assert "30: 30 (5 a class), 50%: 25 (4.17 a class)" == protocol_cell(shots, "labels used").text


def test_images_that_training_has_seen_are_counted_and_marked(asked, city, tmp_path):
    """A test image becomes a training image with one row of pixels changed."""
    plain = protocol_cell(design(asked(), Inputs(print, tmp_path / "home")), "near-duplicates")
    assert ("none", False) == (plain.text, plain.differs)
    parts = divide(load_protocol("demo/city").split, Prepared.open(city))
    images = np.load(city / "images.npy")
    images[parts.test[0]] = images[parts.train[0]]
    images[parts.test[0], 0] += 1
    np.save(city / "images.npy", images)
    index = json.loads((city / "index.json").read_text())
    (city / "index.json").write_text(json.dumps(index | {"hash": "1" * 16}))
    sheet = design(asked(), Inputs(print, tmp_path / "home"))
    found = protocol_cell(sheet, "near-duplicates")
    assert ("1 of 10 test images look like training images", True) == (found.text, found.differs)
    assert f"demo/city: {found.text}." in sheet.notes


def test_compute_of_equal_budgets_is_told_once_for_all_rows(asked):
    """GeoKR's teacher sees every view too, and so does MoCo's."""
    notes = sheet_of(asked(methods=["geokr", "moco", "geokr-classification"])).notes
    assert "Forward FLOPs as multiples of the least (resnet18): geokr 2.0, moco 2.0, geokr-classification 1.0." in notes
    assert not any("FLOPs" in note for note in sheet_of(asked()).notes)


def test_places_of_what_a_generator_made_mean_nothing(asked, city):
    made = describe(asked(), load_protocol("demo/city"), Prepared.open(city), None, None)
    assert "made by a generator" in [each.text for each in made.cells]
    absent = describe(asked(), load_protocol("demo/city"), None, None, None)
    assert "made by a generator" not in [each.text for each in absent.cells]


def test_each_backbone_has_rows_of_its_own_that_are_compared_among_themselves(asked):
    sheet = sheet_of(asked({"moco": {"epochs": 4}}, backbones=["resnet18", "timm:test_resnet"]))
    assert 6 == len(sheet.rows)
    assert 3 == len(sheet.sentences)
    assert ("recipes", ["budget"]) == about(sheet, "geokr", "moco")


def test_the_demos_rows_differ_in_their_methods_and_rates_alone(corpus, city):  # noqa: F811 - a fixture
    changes = {"corpus": str(corpus.path), "data.demo-city": str(city), "budget.views": 320}
    sheet = sheet_of(load_study("demo", changes | {"pretrain.size": 32, "pretrain.batch": 16}))
    assert set() == marked(sheet)
    assert {"geokr", "moco"} == {said.a for said in sheet.sentences}
    assert ("methods", []) == about(sheet, "geokr", "moco")


def test_the_papers_sheet_is_printed_without_its_corpus_and_data(tmp_path):
    """10 epochs of GeoKR against 200 of MoCo; slices of one mosaic in both parts; selection on the validation part."""
    sheet = design(load_study("geokr-2021", {}), Inputs(print, tmp_path))
    assert ["its own: 10 epochs", "its own: 200 epochs"] == [
        cell(sheet, row, "budget").text for row in ("geokr", "moco")
    ]
    assert {"budget", "views", "batch", "pretrainings"} == marked(sheet)
    assert all(protocol_cell(sheet, "split", row).differs for row in range(2))
    assert all(protocol_cell(sheet, "selection", row).differs for row in range(2))
    assert ["?", "?"] == [protocol_cell(sheet, "train / val / test", row).text for row in range(2)]
    unknown = [note for note in sheet.notes if note.startswith("Not known of")]
    assert 3 == len(unknown)
    assert "study geokr-2021 needs a corpus" in unknown[-1]
