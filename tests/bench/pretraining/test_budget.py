"""Every method feeds its networks with as many views as its budget says, to one batch, however often it is killed."""

import random

import pytest
import torch
from networks import network_of, takes

import methods
from bench import backbones
from bench.core import determinism
from bench.core.context import Context
from bench.core.errors import StudyError
from bench.pretraining import diagnostics
from bench.pretraining import loop as pretraining
from bench.store.store import Store
from bench.studies import work
from bench.studies.budget import compute_of, fit
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import plan_pretraining

BATCH, VIEWS = 16, 67
NARROW = {
    "simclr": {"hidden": 16, "dim": 8},
    "byol": {"hidden": 16, "dim": 8},
    "cmid": {"dim": 16, "hidden": 16, "prototypes": 8, "cell": 16},
    "mae": {"decoder_dim": 16, "decoder_depth": 1, "decoder_heads": 2},
    "ijepa": {"predictor_dim": 16, "predictor_depth": 1, "predictor_heads": 2},
    "softcon": {"hidden": 16, "dim": 8},
    "dino": {"out_dim": 8, "hidden": 16, "bottleneck": 8},
    "vicreg": {"hidden": 16, "dim": 8},
    "barlowtwins": {"hidden": 16, "dim": 8},
    "simsiam": {"hidden": 16, "dim": 8, "bottleneck": 4},
    "densecl": {"dim": 8, "hidden": 16},
    "landcover-correction": {},
    "landcover-segmentation": {"hidden": 8},
}
TRAINED = [name for name, spec in methods.registry.all().items() if spec.trains]


class KilledError(Exception):
    pass


def study_of(corpus, labelled, backbone="timm:test_resnet", **more):
    return load_study(
        "demo",
        {
            "corpus": str(corpus.path),
            "references": [],
            "methods": [name for name in TRAINED if takes(name, backbone)],
            "backbones": [backbone],
            "pretrain": {"batch": BATCH, "size": 32, "precision": "fp32"},
            "options": {**NARROW, **{name: {"labelled": str(labelled)} for name in ("gersp", "supervised")}},
        }
        | more,
    )


def counted(network, into):
    """Count the images that go through a network, of which some methods hand a transformer a part alone."""
    first = network if network.spec.transformer is None else network.network.patch_embed
    first.register_forward_pre_hook(lambda _, inputs: into.append(len(inputs[0])))


def build(name, study, corpus):
    (backbone,) = study.backbones
    options = fit(study.options_of(name), study.budget, name, name, backbone, corpus)
    options.check(corpus)
    determinism.make_deterministic(7, 1)
    seen = options.supervise(corpus, 7)
    method = methods.get(name).load()(backbones.build(backbone), options, seen, options.length(len(corpus)))
    return options, method, seen


@pytest.mark.parametrize("name", TRAINED)
def test_real_forwards_are_the_budget_to_one_batch_in_a_killed_and_resumed_run(
    name, corpus, labelled, tmp_path, monkeypatch
):
    """The run dies in a step after a checkpoint; the forwards of the steps that the checkpoint has not are made again."""
    study = study_of(corpus, labelled, network_of(name, "timm:test_resnet"), budget={"views": VIEWS})
    save, student, teacher, kept = pretraining._save, [], [], []

    def save_once(parts, position, path):
        if not kept:
            save(parts, position, path)
            kept.append(position.batch)
            student_at.append(len(student))
            teacher_at.append(len(teacher))

    student_at, teacher_at = [], []
    monkeypatch.setattr(diagnostics, "TILES", 16)  # for time
    monkeypatch.setattr(pretraining, "CHECKPOINT_SECONDS", -1.0)
    monkeypatch.setattr(pretraining, "_save", save_once)
    for run in ("killed", "resumed"):
        options, method, seen = build(name, study, corpus)
        counted(method.backbone, student)
        if hasattr(method, "teacher"):
            counted(method.teacher, teacher)
        deadly = random.randint(2, options.steps) if run == "killed" else None
        after_step = method.after_step

        def die(step, deadly=deadly, after_step=after_step):
            if step == deadly:
                raise KilledError
            after_step(step)

        method.after_step = die
        context = Context(torch.device("cpu"), tmp_path, 7, lambda *_: None)
        try:
            pretraining.train(method, seen, context)
        except KilledError:
            del student[student_at[0] :], teacher[teacher_at[0] :]  # what no weights hold
    monkeypatch.undo()
    price = options.views_per_tile()
    assert sum(student) <= VIEWS < sum(student) + price.student * BATCH
    facts = options.facts(len(corpus)).values
    assert (facts["student_views"], facts["teacher_views"]) == (sum(student), sum(teacher))


@pytest.mark.parametrize("name", ["moco", "simclr", "cmid"])
def test_a_budget_of_flops_is_spent_and_not_exceeded(name, corpus, labelled, tmp_path, monkeypatch):
    """Some three hundred steps; the queue of a budget that long is the largest that this corpus allows."""
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    # A step of MoCo on a ResNet-18 at 32 px takes 0.27 GFLOPs a tile.
    study = study_of(corpus, labelled, methods=[name], budget={"flops": 1.5e12})
    job = plan_pretraining(study, Inputs(print, tmp_path)).pretrains[0]
    spent = compute_of(job)["flops"]
    assert spent <= 1.5e12 < spent * (1 + 1.5 / job.facts["steps"])
    assert job.facts["steps"] > 100


def test_a_budget_of_flops_that_buys_no_step_is_refused(corpus, labelled, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    study = study_of(corpus, labelled, methods=["simclr"], budget={"flops": 1000})
    with pytest.raises(StudyError, match=r"budget: 1e\+03 FLOPs are less than one step of simclr, which"):
        plan_pretraining(study, Inputs(print, tmp_path))


def test_a_card_holds_what_the_training_saw_and_computed(corpus, labelled, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DATA", str(tmp_path))
    study = study_of(corpus, labelled, methods=["simclr"], budget={"views": VIEWS})
    job, store = plan_pretraining(study, Inputs(print, tmp_path)).pretrains[0], Store(tmp_path / "store")
    store.open_for_writing()
    work.pretrain(lambda *_: None, job=job.model_dump(), store=str(store.root), device="cpu", threads=1)
    card = next(store.cards())
    facts = card["facts"]
    assert {"steps": 2, "tiles": 32, "student_views": 64, "teacher_views": 0}.items() <= facts.items()
    assert 0 < facts["flops_forward"] < facts["flops"]
    assert 0 < card["cost"]["steps_seconds"] < card["cost"]["train_seconds"]
    assert 2 == card["options"]["steps"] == card["steps"]


def test_seconds_add_up_over_an_interruption():
    clock = pretraining.Clock()
    clock.load_state_dict({"seconds": 100.0})
    assert 100.0 <= clock.seconds < 101.0
    assert clock.state_dict()["seconds"] >= 100.0
