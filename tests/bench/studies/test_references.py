"""References, starts and pretrainings in the grid of a study: which there are, and which repeat starts from which."""

import json

import numpy as np
import pytest
import torch
from running import bench
from textured_corpus import corpus  # noqa: F401 - a fixture

from bench.core.errors import StudyError
from bench.studies.inputs import Inputs
from bench.studies.plan import make_plan, plan_pretraining
from bench.studies.study import Study
from tasks.prepared import SCHEMA


@pytest.fixture
def asked(corpus, tmp_path):  # noqa: F811 - a fixture
    """Function that makes a small study of MoCo on a real corpus, with some values changed."""
    index = {"schema": SCHEMA, "synthetic": True, "hash": "0" * 16, "kind": "mask", "classes": list("abcdef")}
    index |= {"palette": [[0, 0, 0]] * 6}
    index["slices"] = [{"source": f"{number % 6}", "x": 32 * number, "y": 0} for number in range(60)]
    folder = tmp_path / "city"
    folder.mkdir()
    (folder / "index.json").write_text(json.dumps(index))
    images = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    np.save(folder / "images.npy", images)
    np.save(folder / "class_counts.npy", np.ones((60, 6), dtype=np.int64))
    values = {
        "name": "small",
        "corpus": str(corpus.path),
        "data": {"demo-city": str(folder)},
        "methods": ["moco"],
        "backbones": ["resnet18"],
        "tasks": ["seg"],
        "protocols": {"seg": ["demo/city"]},
        "fractions": [1.0],
        "pretrain": {"epochs": 2, "batch": 16, "size": 32},
        "options": {"moco": {"queue": 32}},
    }
    return lambda **changes: Study.model_validate(values | changes)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of published weights."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def plan_of(study):
    return make_plan(study, Inputs(print))


def starts(plan, name):
    """Pretraining seed that each repeat of a row starts from."""
    return [cell.pretrain.seed for cell in plan.cells if (cell.row or cell.pretrain.method) == name]


def test_pretrainings_are_as_many_as_repeats_unless_a_study_says_otherwise(asked):
    assert 3 == len(set(starts(plan_of(asked()), "moco")))
    assert 1 == len(set(starts(plan_of(asked(pretrain_seeds=1)), "moco")))


def test_repeats_are_crossed_with_pretrainings_and_balanced(asked):
    seeds = starts(plan_of(asked(seeds=6, pretrain_seeds=3)), "moco")
    assert seeds[:3] == seeds[3:]
    assert 3 == len(set(seeds))


@pytest.mark.parametrize(("seeds", "draws", "advice"), [(4, 3, 3), (3, 2, 4), (1, 3, 3), (8, 3, 9)])
def test_repeats_that_would_favour_a_pretraining_are_refused(asked, seeds, draws, advice):
    with pytest.raises(StudyError, match=rf"seeds: {seeds} is no multiple of pretrain_seeds: {draws}, .* {advice}, or"):
        plan_of(asked(seeds=seeds, pretrain_seeds=draws))


def test_pretraining_alone_has_no_repeats_to_favour(asked):
    jobs = plan_pretraining(asked(pretrain_seeds=2), Inputs(print)).pretrains
    assert 2 == sum(job.method == "moco" for job in jobs)


def test_a_random_start_is_another_in_every_repeat(asked):
    plan = plan_of(asked(pretrain_seeds=1))
    assert (3, 1) == tuple(len(set(starts(plan, name))) for name in ("random", "moco"))


def test_a_start_is_a_row_with_the_key_that_it_has_alone(asked):
    """A study of both starts shares its pretrainings with studies of one."""
    both = plan_of(asked(init=["random", "imagenet"]))
    for name, start in (("moco", "random"), ("moco from imagenet", "imagenet")):
        alone = plan_of(asked(init=start, references=[]))
        assert {cell.key for cell in alone.cells} == {
            cell.key for cell in both.cells if (cell.row or "moco") == name
        } - {cell.key for cell in both.cells if cell.pretrain.method == "random"}


def test_a_reference_whose_weights_are_absent_is_left_out_with_a_line(asked, cache):
    plan = plan_of(asked(references=["random", "imagenet"]))
    assert {"random", "moco"} == {cell.pretrain.method for cell in plan.cells}
    (line,) = plan.left_out
    assert line.startswith(
        f"ImageNet row missing for resnet18: {cache}/resnet18-f37072fd.pth is not there: put the file"
    )


def test_a_reference_whose_weights_lie_in_the_cache_is_a_row(asked, cache):
    (cache / "resnet18-f37072fd.pth").touch()
    plan = plan_of(asked(references=["random", "imagenet"]))
    assert {"random", "imagenet", "moco"} == {cell.pretrain.method for cell in plan.cells}
    assert () == plan.left_out


def test_only_the_backbones_without_published_weights_lack_the_reference(asked, cache):
    (cache / "resnet18-f37072fd.pth").touch()
    plan = plan_of(asked(references=["imagenet"], backbones=["resnet18", "timm:test_resnet"]))
    assert ["resnet18"] * 3 == [cell.pretrain.backbone for cell in plan.cells if cell.pretrain.method == "imagenet"]
    (line,) = plan.left_out
    assert (
        "ImageNet row missing for timm:test_resnet: no published ImageNet weights are known for timm:test_resnet"
        in line
    )


@pytest.mark.usefixtures("cache")
def test_a_row_that_is_asked_for_is_never_left_out(asked):
    plan = plan_of(asked(methods=["moco", "imagenet"], references=["imagenet"]))
    assert {"imagenet", "moco"} == {cell.pretrain.method for cell in plan.cells}


def test_a_command_refuses_a_wrong_grid_in_one_line():
    done = bench("plan", "--seeds", "4", "--set", "pretrain_seeds=3")
    assert 2 == done.returncode
    assert done.stderr.startswith("bench: seeds: 4 is no multiple of pretrain_seeds: 3")
    assert 1 == len(done.stderr.splitlines())
