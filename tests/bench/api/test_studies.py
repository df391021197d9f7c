"""Studies from Python: by keyword, and by name with values put over them."""

from pathlib import Path

import pytest

import bench as gb
from bench.studies.loading import load_study
from bench.studies.study import Study
from bench.studies.values import Changes, Values

KEYS = {
    "name": "mine",
    "corpus": "demo",
    "methods": ["geokr", {"moco": {"as": "mocos", "lr": 0.01}}],
    "backbones": ["timm:test_resnet"],
    "tasks": ["seg"],
    "protocols": {"seg": ["demo/city"]},
}


def test_the_types_of_keyword_arguments_are_the_keys_of_a_study():
    keys = {*Study.model_fields, "weights"}
    assert keys == set(Values.__annotations__) == set(Changes.__annotations__)
    required = {name for name, field in Study.model_fields.items() if field.is_required()}
    assert required == set(Values.__required_keys__)
    assert set() == set(Changes.__required_keys__)


def test_a_study_of_keywords_is_that_of_the_file_which_says_the_same(tmp_path):
    import yaml

    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(KEYS))
    assert load_study(tmp_path / "mine.yaml", {}) == gb.Study(**KEYS)


def test_paths_tuples_and_weights_are_taken_as_a_file_would_write_them(tmp_path):
    study = gb.Study(**KEYS | {"corpus": Path("here"), "fractions": (0.1, 1), "weights": {"own": tmp_path / "a.pth"}})
    assert ("here", [0.1, 1.0]) == (study.corpus, study.fractions)
    assert ["random", "geokr", "mocos", "own"] == [row.name for row in study.rows()]
    assert str(tmp_path / "a.pth") == study.rows()[-1].options["file"]


def test_an_axis_is_moved_to_the_lists_of_the_study_as_a_file_does():
    study = gb.Study(**KEYS | {"axes": {"backbones": ["resnet18", "resnet50"], "eval_sizes": None}})
    assert ["resnet18", "resnet50"] == study.backbones


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": 0}, "study mine: seeds: Input should be greater than 0, got 0"),
        ({"sedes": 3}, "study mine: unknown key 'sedes'"),
        ({"engine": {"worker": 3}}, "study mine: unknown key 'engine.worker'"),
        ({"weights": 3}, r"weights: write weights: \{NAME: FILE\}"),
    ],
)
def test_a_mistake_in_a_keyword_is_one_line(changes, said):
    with pytest.raises(gb.BenchError, match=said) as caught:
        gb.Study(**KEYS | changes)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_named():
    with pytest.raises(gb.BenchError, match="study without a name: name: Field required"):
        gb.Study(methods=["geokr"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"methods": ["geokt"]}, "geokt"), ({"tasks": ["sag"]}, "sag"), ({"tasks": []}, "tasks is empty")],
)
def test_names_that_mean_nothing_are_refused_before_anything_runs(changes, said, tmp_path):
    with pytest.raises(gb.BenchError, match=said):
        gb.run(gb.Study(**KEYS | changes), tmp_path / "store")
    assert [] == list(tmp_path.iterdir())


def test_a_named_study_takes_values_by_key_and_by_dotted_key():
    study = gb.study("demo", {"budget.views": 512, "engine.workers": 2}, seeds=5, methods=["moco"], store=Path("there"))
    assert (512, 2) == (study.budget.amount, study.engine.workers)
    assert (5, "there") == (study.seeds, study.store)
    assert ["random", "moco"] == [row.name for row in study.rows()]


def test_a_mistake_over_a_file_names_the_file():
    with pytest.raises(gb.BenchError, match=r"demo\.yaml: seeds: Input should be greater than 0"):
        gb.study("demo", seeds=-1)


def test_an_engine_that_has_no_such_option_is_refused(tmp_path):
    with pytest.raises(gb.BenchError, match=r"engine of study mine: workers.* got 0"):
        gb.run(gb.Study(**KEYS), tmp_path / "store", workers=0)
