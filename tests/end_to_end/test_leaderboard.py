"""The leaderboard is made and checked as CI does it: a small study run from nothing, again, and once with wrong code."""

import json
import os
from pathlib import Path

import pytest
import yaml
from PIL import Image
from running import bench, records

from bench.core.keys import sealed
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan

# A method of another package: MoCo under another name, so that its code can be changed without touching ours.
FILES = {
    "contrast/__init__.py": """
from bench.pretraining.spec import MethodSpec
from methods.options.contrastive import MoCoOptions

spec = MethodSpec(
    name="contrast",
    summary="MoCo.",
    factory="contrast.method:Contrast",
    options=MoCoOptions,
    needs=frozenset({"tiles"}),
    version=1,
    reference="",
)
""",
    "contrast/method.py": """
from methods.moco import MoCo


class Contrast(MoCo):
    def forward(self, batch):
        return {name: +loss for name, loss in super().forward(batch).items()}
""",
    "contrast-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: contrast\nVersion: 1.0\n",
    "contrast-1.0.dist-info/entry_points.txt": "[geokr_bench.methods]\ncontrast = contrast:spec\n",
}


@pytest.fixture
def package(tmp_path):
    """A folder for PYTHONPATH that holds the method as an installed package."""
    for name, text in FILES.items():
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "packages"


@pytest.fixture
def leaderboard(study, package, tmp_path):
    """Run `bench leaderboard` on a study of one method, two seeds and all labels, with enough steps to learn from."""
    (shipped,) = yaml.safe_load(study.read_text())["protocols"]["cls"]
    values = yaml.safe_load(Path(shipped).read_text())
    values |= {"selection": "last"}
    values["schedule"] |= {"total": 30, "look_every": 0, "batch": 8}
    values["optimiser"] |= {"lr": 0.1}
    (tmp_path / "protocol.yaml").write_text(yaml.safe_dump(values))
    values = {
        "extends": str(study),
        "name": "board",
        "methods": ["contrast"],
        "references": [],
        "pretrain_seeds": 1,
        "protocols": {"cls": [str(tmp_path / "protocol.yaml")]},
        "fractions": [1.0],
        "options": {"contrast": {"queue": 8}},
        "engine": {"workers": 1},
    }
    (tmp_path / "board.yaml").write_text(yaml.safe_dump(values))
    env = os.environ | {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(command, *arguments):
        return bench("leaderboard", command, "--study", tmp_path / "board.yaml", *arguments, env=env)

    return run


@pytest.mark.nightly
def test_a_flipped_loss_sign_is_caught_by_the_check_and_unchanged_code_is_not(leaderboard, package, tmp_path):
    committed = tmp_path / "committed"
    built = leaderboard("build", "--out", committed)
    assert built.returncode == 0, built.stderr
    before = records(committed)
    assert {("contrast", 1.0, 0), ("contrast", 1.0, 1)} == {
        (record["method"], record["fraction"], record["seed"]) for record in before.values()
    }
    page = (committed / "index.html").read_text()
    assert "Leaderboard on synthetic data" in page
    assert "data:image/" in page

    same = leaderboard("check", "--committed", committed)
    assert same.returncode == 0, same.stdout + same.stderr
    assert "equal bits; largest difference 0.000000" in same.stdout
    assert "all 1 cells and 1 pretrainings come out as committed" in same.stdout

    method = package / "contrast" / "method.py"
    method.write_text(method.read_text().replace("+loss", "-loss"))
    wrong = leaderboard("check", "--committed", committed)
    assert wrong.returncode == 1, wrong.stdout + wrong.stderr
    assert "moved: contrast timm:test_resnet tests/scenes at 100%: seed 0: " in wrong.stdout
    assert "moved: pretraining contrast timm:test_resnet: " in wrong.stdout
    assert "rebuild it and say why in the changelog, or mend the code" in wrong.stdout
    assert before == records(committed)


def test_the_leaderboard_that_is_committed_is_sound(finished, tmp_path):
    store, _ = finished
    done = bench("leaderboard", "build", "--store", store, "--out", tmp_path / "board")
    assert done.returncode == 0, done.stderr
    assert records(store) == records(tmp_path / "board")
    assert bench("verify", "--store", tmp_path / "board").returncode == 0
    cards = [json.loads(path.read_text()) for path in (tmp_path / "board").glob("weights/*/card.json")]
    assert {"random", "geokr", "moco"} == {card["method"] for card in cards}
    options = {card["key"]: card["options"] for card in cards}
    assert all(options[record["weights"]] == record["options"] for record in records(store).values())


def test_cells_are_made_again_from_committed_weights_and_held_to_their_records(study, finished, tmp_path):
    store, _ = finished
    board = tmp_path / "board"
    built = bench("leaderboard", "build", "--study", study, "--store", store, "--out", board, "--weights-of", "1")
    assert built.returncode == 0, built.stderr
    kept = {path.parent.name for path in board.glob("weights/*/*.safetensors")}
    assert {record["weights"] for record in records(board).values() if record["seed"] == 1} == kept

    asked = ["leaderboard", "replay", "--study", study, "--committed", board, "--cells", "1"]
    same = bench(*asked)
    assert same.returncode == 0, same.stdout + same.stderr
    assert "equal bits; largest difference 0.000000" in same.stdout
    assert "1 of 12 cells were made again from committed weights and come out as committed" in same.stdout

    for path in (board / "records").iterdir():
        record = json.loads(path.read_text())
        record["metrics"][record["metric"]] /= 2
        path.write_text(json.dumps(sealed(record)))
    wrong = bench(*asked)
    assert wrong.returncode == 1, wrong.stdout + wrong.stderr
    assert "moved: " in wrong.stdout
    for path in board.glob("weights/*/*.safetensors"):
        path.unlink()
    refused = bench(*asked)
    assert (2, 1) == (refused.returncode, len(refused.stderr.splitlines()))
    assert "holds no cell of this study with its weights" in refused.stderr


def test_options_that_name_files_stand_in_records_by_content_and_not_by_a_path(study, tmp_path):
    def pretraining(folder):
        for name in ("beach", "street"):
            (folder / name).mkdir(parents=True)
            Image.new("RGB", (40, 40)).save(folder / name / "1.png")
        gersp = {"labelled": str(folder), "queue": 8, "cycles": 1}
        asked = load_study(study, {"methods": ["gersp"], "references": [], "pretrain_seeds": 1, "options.gersp": gersp})
        (job,) = make_plan(asked, Inputs(print)).pretrains
        return job

    first, second = pretraining(tmp_path / "one"), pretraining(tmp_path / "two")
    assert (first.key, first.identity) == (second.key, second.identity)
    assert first.options != second.options
    assert str(tmp_path) not in json.dumps(first.identity)


def test_one_repeat_made_alone_is_that_repeat_of_the_whole_study(study, finished, tmp_path):
    asked = ["run", "--study", study, "--store", tmp_path / "block", "--methods", "moco", "--no-references"]
    done = bench(*asked, "--repeat", "1")
    assert done.returncode == 0, done.stderr
    assert "the table is of one repeat: number 1 of 0 to 1" in done.stdout.splitlines()
    whole = records(finished[0])
    block = {key: each for key, each in whole.items() if (each["method"], each["seed"]) == ("moco", 1)}
    assert {0.2, 1.0} == {each["fraction"] for each in block.values()}
    assert block == records(tmp_path / "block")
    assert 1 == len(list((tmp_path / "block" / "weights").glob("*/card.json")))
    refused = bench(*asked, "--repeat", "2")
    assert (2, "study small has the repeats 0 to 1" in refused.stderr) == (refused.returncode, True)
    assert 1 == len(refused.stderr.splitlines())
