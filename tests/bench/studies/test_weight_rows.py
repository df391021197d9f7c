"""Rows of weights that a user brings: named in a study or a command, keyed by content, looked at before anything runs."""

import foreign_checkpoints as made
import pytest
import torch

from bench.backbones import weights
from bench.core.errors import StudyError, WeightsError
from bench.store.store import Store
from bench.studies import work
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import plan_pretraining
from bench.studies.weight_rows import named_files

STATE = made.state_of()
LOST = "layer1.0.conv1.weight"
SENTINEL = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"]


def asked(**changes):
    known = {"methods": [], "backbones": [made.NETWORK], "references": [], "corpus": None, "seeds": 2}
    return load_study("demo", known | {"pretrain_seeds": 1} | changes)


def jobs(**rows):
    return {job.row: job for job in plan_pretraining(asked(weights=rows), Inputs(print)).pretrains}


@pytest.fixture
def partly(tmp_path):
    path = tmp_path / "partly.pth"
    torch.save({name: value for name, value in STATE.items() if name != LOST}, path)
    return path


def pretrained(job, folder):
    store = Store(folder / "store")
    store.open_for_writing()
    work.pretrain(lambda *_: None, job=job.model_dump(mode="json"), store=str(store.root), device="cpu", threads=1)
    return weights.load(store.weights(job.key)), store.card(job.key)


def test_six_releases_are_six_rows_under_their_own_names_and_their_weights_are_the_files(tmp_path):
    files = {name: write(STATE, tmp_path / name) for name, write in made.SIX.items() if not (tmp_path / name).mkdir()}
    rows = {name: str(path) for name, path in files.items()}
    rows["sentinel2"] = {"file": rows["sentinel2"], "channels": SENTINEL, "bands": ["B4", "B3", "B2"]}
    found = jobs(**rows)
    assert list(made.SIX) == list(found)
    assert {"weights"} == {job.method for job in found.values()}
    for name, job in found.items():
        kept, card = pretrained(job, tmp_path)
        if name != "sentinel2":
            assert all(torch.equal(value, kept.state[each]) for each, value in STATE.items()), name
        assert (name, 1.0, {}) == (card["row"], card["facts"]["loaded_share"], card["warnings"])
        assert "does not say its own" in card["input"]["source"]


def test_a_file_enters_the_key_by_its_content_and_a_rule_where_it_is_stated(tmp_path):
    path = made.moco(STATE, tmp_path)
    other = tmp_path / "renamed.bin"
    other.write_bytes(path.read_bytes())
    (job,) = plan_pretraining(asked(weights={"one": str(path), "two": str(other)}), Inputs(print)).pretrains
    assert {"file"} == job.identity.keys()
    assert job.key != jobs(twin={"file": str(path), "under": "encoder_k"})["twin"].key
    assert job.key != jobs(own={"file": str(path), "mean": [0, 0, 0], "std": [1, 1, 1]})["own"].key


def test_weights_are_one_pretraining_whatever_the_number_of_seeds(tmp_path):
    study = asked(weights={"mine": str(made.dino(STATE, tmp_path))}, seeds=4, pretrain_seeds=2)
    assert [1] == [study.pretrainings_of(row) for row in study.rows()]


def test_partly_loaded_weights_are_a_warning_of_the_plan_and_of_the_card(partly, tmp_path):
    job = jobs(mine=str(partly))["mine"]
    assert f"{LOST} stay as initialised" in job.warnings["partly-loaded"]
    assert 0.95 < job.facts["loaded_share"] < 1
    assert 1 == job.facts["missing_tensors"]
    kept, card = pretrained(job, tmp_path)
    assert job.warnings == card["warnings"]
    assert STATE[LOST].shape == kept.state[LOST].shape
    assert not torch.equal(STATE[LOST], kept.state[LOST])


def test_input_statistics_are_the_stated_else_those_of_the_files_header(tmp_path):
    path = made.dino(STATE, tmp_path)
    stated = jobs(mine={"file": str(path), "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.5, 0.5]})["mine"]
    card = pretrained(stated, tmp_path)[1]
    assert ([0.1, 0.2, 0.3], "stated by options mean and std") == (card["input"]["mean"], card["input"]["source"])


def test_a_file_of_another_network_is_refused_by_the_plan(tmp_path):
    study = asked(weights={"mine": str(made.moco(STATE, tmp_path))}, backbones=["resnet18"])
    with pytest.raises(WeightsError, match=r"does not fit resnet18.*nearest"):
        plan_pretraining(study, Inputs(print))


def test_a_command_picks_rows_of_a_studys_weights_and_adds_its_own(tmp_path):
    path, file = str(made.dino(STATE, tmp_path)), tmp_path / "study.yaml"
    file.write_text(f"extends: demo\nname: mine\nreferences: []\nweights: {{one: {path}, two: {path}}}\n")

    def names(**changes):
        return [row.name for row in load_study(file, changes).rows()]

    assert ["one", "two"] == names()[-2:]
    assert ["moco", "two"] == names(methods=["moco", "two"])
    assert ["three", "moco"] == names(methods=["three", "moco"], weights={"three": path})
    assert ["one", "three"] == names(methods=["one"], weights={"three": path})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": ["a"]}, r"weights: write weights: \{NAME: FILE\}"),
        ({"weights": {"a": {"under": "x"}}}, r"weights\.a: write weights"),
        ({"weights": {"a": "nowhere.pth"}}, r"weights file nowhere\.pth does not exist"),
        ({"methods": ["weights"]}, "method weights takes the weights of a file"),
        ({"weights": {"moco": __file__}}, "cannot be called 'moco'"),
        ({"weights": {"a": {"file": __file__, "band": 3}}}, "options of a: unknown key 'band'; did you mean bands"),
    ],
)
def test_what_is_not_such_a_row_is_refused(changes, message):
    with pytest.raises((StudyError, WeightsError), match=message):
        asked(**changes)


@pytest.mark.parametrize("texts", [("a",), ("=x",), ("a=",), ("a=x", "a=y")])
def test_an_option_of_another_form_is_refused(texts):
    with pytest.raises(StudyError, match=r"--weights a|--weights ="):
        named_files(texts)


def test_an_option_names_a_file():
    assert {"mine": "a=b.pth", "other": "hub:x"} == named_files(("mine=a=b.pth", "other=hub:x"))
