"""Every task trains and predicts end to end on tiny sets, and the same seed gives the same numbers."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image

import tasks
import tasks.cls
import tasks.det
import tasks.seg
from bench import backbones
from bench.backbones.normalisation import IMAGENET, UNIT, Normalisation
from bench.core.context import Context
from bench.core.errors import DataError, DivergedError, StudyError
from bench.studies import oracle
from bench.studies.jobs import PretrainJob
from tasks.cls import LinearClassifier
from tasks.predictions import GAP
from tasks.protocols import load_protocol
from tasks.task import Start, constant_loss

STEPS = 6


@pytest.fixture(scope="module")
def sets(generators, prepared, tmp_path_factory):
    """A tiny prepared set for each task."""
    root = tmp_path_factory.mktemp("sets")
    return {
        "demo/scenes": prepared(
            "ucmerced", generators("scene_folders").write_ucmerced(root / "1", 12, 64), root / "a", 64
        ),
        "demo/city": prepared("potsdam", generators("isprs").write_potsdam(root / "2"), root / "b", 32),
        "demo/objects": prepared("levir", generators("levir").write_levir(root / "3", 6, (128, 96)), root / "c", 64),
        "demo/cloud": prepared("levir-cs", generators("levir_cs").write_levir_cs(root / "4"), root / "d", 32),
        "demo/snow": prepared("levir-cs", generators("levir_cs").write_levir_cs(root / "5"), root / "e", 32),
        "demo/change": prepared(
            "levir-cd", generators("change_pairs").write_levir_cd(root / "6", size=64), root / "f", 32
        ),
    }


def _task(name, sets, **changes):
    protocol = load_protocol(name)
    look = min(protocol.schedule.look_every, STEPS // 2)
    schedule = protocol.schedule.model_copy(
        update={"total": STEPS, "look_every": look, "batch": 4, "precision": "fp32"}
    )
    protocol = protocol.model_copy(update={"schedule": schedule} | changes)
    return tasks.get(protocol.task).load()(protocol, sets[name])


def _start(backbone="timm:test_resnet"):
    torch.manual_seed(0)
    return Start(backbone, dict(backbones.build(backbone).state_dict()), IMAGENET)


def _run(task, folder, seed=1, start=None, predictions=0):
    parts = task.parts()
    reports = []
    context = Context(
        torch.device("cpu"), folder, seed, lambda *report: reports.append(report), folder / "predictions", predictions
    )
    return task.run(start or _start(), parts.train, parts, context), reports


def _recorded_scores(task, folder):
    """Run a task of masks; the mIoU of every look at the validation split, then that of the test split."""
    scores = []
    metric_of = type(task).metric

    def recording():
        metric = metric_of(task)
        measured = metric.outcomes
        metric.outcomes = lambda results: scores.append(measured(results).scores()["mIoU"]) or measured(results)
        return metric

    task.metric = recording
    _run(task, folder)
    return scores


NAMES = ["demo/scenes", "demo/city", "demo/objects", "demo/cloud", "demo/snow", "demo/change"]


@pytest.mark.parametrize("name", NAMES)
def test_a_task_trains_scores_and_pictures_its_test_split(name, sets, tmp_path):
    task = _task(name, sets)
    result, reports = _run(task, tmp_path, predictions=2)
    assert task.protocol.metric in result.metrics
    assert all(0 <= value <= 1 for value in result.metrics.values())
    assert (len(task.parts().test), result.metrics) == (len(result.outcomes), result.outcomes.scores())
    assert all(np.isfinite(value) for value in result.outcomes.further().values())
    assert result.steps == STEPS
    assert reports[-1][:2] == (STEPS, STEPS)
    pictures = sorted((tmp_path / "predictions").glob("*.png"))
    assert len(pictures) == 2
    with Image.open(pictures[0]) as picture:
        size = task.data.index["size"]
        assert picture.height == size
        columns = {"det": 2, "change": 4}.get(task.protocol.task, 3)
        assert picture.width >= columns * size or task.protocol.task == "cls"
        told = json.loads(picture.text["bench"])
    names = {"det": [], "change": ["before", "after"]}.get(task.protocol.task, ["image"])
    assert [*names, "truth", "prediction"] == [part for part, _, _ in told["parts"]]
    assert picture.width == sum(width for _, width, _ in told["parts"]) + GAP * (len(told["parts"]) - 1)
    words = [word for part, _, word in told["parts"] if part in ("truth", "prediction")]
    if task.protocol.task == "cls":
        assert set(words) <= set(task.scheme.classes)
    else:
        assert task.scheme.classes == [entry for entry, _ in told["legend"]]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "demo/snow"])
def test_a_plain_transformer_is_fine_tuned_in_every_task_and_hands_out_its_own_weights(name, sets, tmp_path):
    """Patches of 16 pixels on slices of 32 or 64; rates fall from layer to layer."""
    optimiser = load_protocol(name).optimiser.model_copy(update={"layer_decay": 0.75})
    start = _start("timm:test_vit")
    task = _task(name, sets, optimiser=optimiser)
    result, _ = _run(task, tmp_path, start=start)
    assert (STEPS, True) == (result.steps, task.protocol.metric in result.metrics)
    assert start.weights.keys() == result.backbone.keys()
    # What embeds patches has learned at the lowest rate of all.
    first = "patch_embed.proj.weight"
    assert not torch.equal(start.weights[first], result.backbone[first])


@pytest.mark.parametrize("name", ["demo/city", "demo/objects", "demo/scenes"])
def test_the_same_seed_gives_the_same_metrics_bit_for_bit_and_another_seed_does_not(name, sets, tmp_path):
    first, _ = _run(_task(name, sets), tmp_path / "1")
    again, _ = _run(_task(name, sets), tmp_path / "2")
    assert first.metrics == again.metrics


def test_pictures_and_progress_do_not_move_the_numbers(sets, tmp_path):
    with_pictures, _ = _run(_task("demo/city", sets), tmp_path / "1", predictions=3)
    without, _ = _run(_task("demo/city", sets), tmp_path / "2")
    assert with_pictures.metrics == without.metrics


def test_training_learns_its_own_samples(sets, tmp_path):
    task = _task("demo/scenes", sets)
    schedule = task.protocol.schedule.model_copy(update={"total": 24, "batch": 12})
    task.protocol = task.protocol.model_copy(update={"schedule": schedule, "augment": []})
    parts = task.parts()
    seen = type(parts)(parts.train, [], parts.train)
    context = Context(torch.device("cpu"), tmp_path, 1, lambda *_: None)
    assert task.run(_start(), parts.train, seen, context).metrics["overall_accuracy"] > 0.5


def test_the_best_look_at_the_validation_split_is_what_is_tested(sets, tmp_path):
    task = _task("demo/city", sets)
    # After the first step the rate makes the weights useless: the first look must be the one that is kept.
    wild = task.protocol.optimiser.model_copy(update={"lr": 5.0, "decay": "step"})
    schedule = task.protocol.schedule.model_copy(update={"total": 8, "look_every": 1})
    task.protocol = task.protocol.model_copy(update={"optimiser": wild, "schedule": schedule, "selection": "val"})
    assert len(_recorded_scores(task, tmp_path / "1")) == 8 + 1
    parts = task.parts()
    task.parts = lambda: type(parts)(parts.train, parts.val, parts.val)
    *validation, test = _recorded_scores(task, tmp_path / "2")
    assert test == max(validation)


@pytest.mark.parametrize(("look_every", "looks"), [(2, 3), (3, 2), (5, 0), (0, 0)])
def test_a_single_look_after_the_last_step_is_spared_for_it_could_choose_nothing(look_every, looks, sets, tmp_path):
    """Of five steps; mmengine looks after the last one too. The test split is always scored once."""
    task = _task("demo/city", sets)
    schedule = task.protocol.schedule.model_copy(update={"total": 5, "look_every": look_every})
    task.protocol = task.protocol.model_copy(update={"schedule": schedule, "selection": None})
    assert len(_recorded_scores(task, tmp_path)) == looks + 1


def test_a_protocol_by_epochs_trains_whole_passes(sets, tmp_path):
    task = _task("demo/scenes", sets, selection="last")
    schedule = task.protocol.schedule.model_copy(update={"length": "epochs", "total": 2})
    task.protocol = task.protocol.model_copy(update={"schedule": schedule, "selection": "last"})
    result, _ = _run(task, tmp_path)
    assert result.steps == 2 * -(-len(task.parts().train) // 4)


def test_joined_and_left_out_classes_are_what_the_network_tells_apart(sets, tmp_path):
    task = _task("demo/city", sets, classes={"sealed": ["impervious", "building"], "green": ["tree", "low-vegetation"]})
    assert task.scheme.lookup[:6].tolist() == [0, 0, 1, 1, 255, 255]
    assert task.scheme.palette == [(255, 255, 255), (0, 255, 0)]
    counts = task.data.class_counts[:3]
    joined = np.stack([counts[:, 0] + counts[:, 1], counts[:, 2] + counts[:, 3]], axis=1)
    assert (task.scheme.counts(counts) == joined).all()
    result, _ = _run(task, tmp_path)
    assert {name for name in result.metrics if name.startswith("IoU/")} <= {"IoU/sealed", "IoU/green"}


def test_a_class_that_the_data_set_does_not_have_is_refused(sets):
    with pytest.raises(StudyError, match=r"classes names 'sea', which the data set has not: choose from impervious"):
        _task("demo/city", sets, classes={"water": ["sea"]})


def test_a_data_set_of_another_kind_is_refused(sets):
    with pytest.raises(DataError, match="holds class labels, task seg of demo/city needs mask labels"):
        tasks.get("seg").load()(load_protocol("demo/city"), sets["demo/scenes"])


def test_strata_are_dominant_class_class_presence_or_change(sets):
    city = _task("demo/city", sets)
    assert city.strata([0, 1]) == city.data.class_counts[[0, 1]].argmax(axis=1).tolist()
    scenes = _task("demo/scenes", sets)
    assert scenes.strata([0, 12, 35]) == [0, 1, 2]
    objects = _task("demo/objects", sets)
    for at in range(len(objects.data)):
        present = {int(number) for number in objects.data.label_at(at)[:, 4]}
        assert objects.strata([at]) == [sum(1 << number for number in present)]
    change = _task("demo/change", sets)
    assert change.strata([0]) == [int((change.data.labels[0] == 1).any())]


def _short(task, steps):
    """A task that trains for so many steps and never looks at its validation split."""
    schedule = task.protocol.schedule.model_copy(update={"total": steps, "look_every": 0})
    task.protocol = task.protocol.model_copy(update={"schedule": schedule})
    return task


OTHERS = [name for name in backbones.registry.all() if not name.startswith("resnet")]
# The head's stages and the detector's neck depend on the backbone; the other tasks share one of the two.
FITS = [(backbone, name) for backbone in OTHERS for name in ("demo/city", "demo/objects")]


@pytest.mark.parametrize(
    ("backbone", "name"), [*FITS, ("squeezenet1_1", "demo/scenes"), ("squeezenet1_1", "demo/change")]
)
def test_other_backbones_fit_every_task(backbone, name, sets, tmp_path):
    task = _short(_task(name, sets), 1)
    result, _ = _run(task, tmp_path, start=_start(backbone))
    assert task.protocol.metric in result.metrics


@pytest.mark.parametrize("name", ["demo/scenes", "demo/city", "demo/objects", "demo/cloud", "demo/change"])
@pytest.mark.parametrize("backbone", ["timm:test_resnet", "timm:convnext_atto", "timm:regnetx_002"])
def test_networks_of_timm_fit_every_task(backbone, name, sets, tmp_path):
    task = _short(_task(name, sets), 2)
    start = _start(backbone)
    result, _ = _run(task, tmp_path, start=start)
    assert task.protocol.metric in result.metrics
    assert start.weights.keys() == result.backbone.keys()
    assert any(not torch.equal(value, result.backbone[key]) for key, value in start.weights.items())


@pytest.mark.parametrize("name", ["demo/scenes", "demo/city", "demo/objects", "demo/cloud", "demo/change"])
def test_resnet18_of_timm_fine_tunes_as_resnet18_does(name, sets, tmp_path):
    """The same weights under another name: every metric and every trained weight is equal."""
    ours = _start("resnet18")
    task = _short(_task(name, sets), 1)
    first, _ = _run(task, tmp_path / "1", start=ours)
    twin, _ = _run(task, tmp_path / "2", start=dataclasses.replace(ours, backbone="timm:resnet18"))
    assert first.metrics == twin.metrics
    assert all(torch.equal(value, twin.backbone[key]) for key, value in first.backbone.items())


@pytest.mark.parametrize("name", NAMES)
def test_images_are_normalised_with_the_statistics_of_the_weights_and_not_with_the_backbones(name, sets):
    """A pixel of 255 is 1 where the weights saw [0, 1], and (1 - .5) / .25 = 2 where they saw mean .5 and s.d. .25."""
    task = _task(name, sets)
    images = torch.full((1, 32, 32, 3 * task.data.dates), 255, dtype=torch.uint8)
    for statistics, expected in ((UNIT, 1.0), (Normalisation((0.5,) * 3, (0.25,) * 3), 2.0)):
        start = dataclasses.replace(_start(), input=statistics)
        preprocessor = task.build(start).data_preprocessor
        assert torch.all(preprocessor.inputs(images, None) == expected)


# Heads that share code with these are tried on their own, in tests/tasks/heads.
HEADS = [
    ("demo/change", {"head": "upernet", "channels": 8}),
    ("demo/city", {"mmseg": {"decode_head": {"type": "FCNHead", "in_index": 1, "channels": 8, "num_convs": 1}}}),
    ("demo/objects", {"head": "faster-rcnn-fpn", "channels": 8, "fc": 8, "regions": 8, "scale": 2.0}),
]


@pytest.mark.parametrize(("name", "network"), HEADS)
def test_another_head_trains_and_is_scored_as_the_task_is(name, network, sets, tmp_path):
    task = _short(_task(name, sets, network=network), 2)
    result, _ = _run(task, tmp_path)
    assert task.protocol.metric in result.metrics
    assert 2 == result.steps


def test_a_loss_that_is_not_finite_ends_the_cell_at_its_step_without_a_result(sets, tmp_path):
    """The third batch is given a NaN; without a watch the cell would end with the score of chance."""
    task = _task("demo/scenes", sets)
    forward, calls = LinearClassifier.forward, []

    def poisoned(self, inputs, labels, mode="tensor"):
        out = forward(self, inputs, labels, mode)
        if mode == "loss":
            calls.append(mode)
            if len(calls) == 3:
                out["loss_ce"] = out["loss_ce"] * float("nan")
        return out

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LinearClassifier, "forward", poisoned)
        with pytest.raises(
            DivergedError, match=r"loss \(nan\) is not finite at step 3 of 6; the last losses were"
        ) as error:
            _run(task, tmp_path)
    assert "lower the protocol's optimiser.lr (0.0" in str(error.value)
    assert 3 == len(calls)


def test_weights_that_a_last_step_made_useless_are_not_tested(sets, tmp_path):
    """The decay of the weights makes every step too large for a float, however small the gradients are."""
    task = _task("demo/scenes", sets)
    wild = task.protocol.optimiser.model_copy(update={"lr": 1e38, "weight_decay": 1e30})
    schedule = task.protocol.schedule.model_copy(update={"total": 1})
    task.protocol = task.protocol.model_copy(update={"optimiser": wild, "schedule": schedule, "selection": "val"})
    with pytest.raises(DivergedError, match="are not finite after step 1 of 1"):
        _run(task, tmp_path)


def test_a_fine_tuning_that_never_beats_a_constant_prediction_is_warned_of(sets, tmp_path):
    """Too small a rate to learn anything, on all training samples at each step."""
    task = _task("demo/scenes", sets, selection="last")
    train = task.parts().train
    still = task.protocol.optimiser.model_copy(update={"lr": 1e-12})
    schedule = task.protocol.schedule.model_copy(update={"batch": len(train)})
    changes = {"optimiser": still, "schedule": schedule, "selection": "last"}
    task.protocol = task.protocol.model_copy(update=changes)
    result, _ = _run(task, tmp_path)
    bound = constant_loss(np.bincount(task.strata(train)))
    assert f"in the last tenth, constant predictions reach {bound:.5g}" in result.warnings["loss-constant"]


def test_the_loss_of_a_constant_prediction_is_the_entropy_of_the_classes():
    """Shares 1/2, 1/4, 1/4: 1.5 ln 2; nothing is known of a single class."""
    assert constant_loss(np.array([4, 2, 0, 2])) == pytest.approx(1.5 * np.log(2))
    assert constant_loss(np.array([0, 3])) is None


@pytest.mark.parametrize("name", NAMES)
def test_an_oracle_learns_the_training_part_and_hands_on_the_backbone_alone(name, sets, tmp_path):
    """It sees neither validation nor test: both may be of anything, and its weights stay the same."""
    task = _task(name, sets)
    job = PretrainJob(
        key="aa",
        method="oracle",
        options={},
        identity={},
        backbone="resnet18",
        corpus=None,
        corpus_hash=None,
        seed=3,
        protocol=task.protocol,
        data=str(task.data.path),
    )
    torch.manual_seed(3)
    learnt = oracle.train(job, Context(torch.device("cpu"), tmp_path, 3, lambda *_: None))
    own = backbones.build("resnet18").state_dict()
    assert own.keys() == learnt.weights.keys()
    assert STEPS == learnt.steps
    assert not torch.equal(own["conv1.weight"], learnt.weights["conv1.weight"])
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(task), "run", lambda _self, _start, train, parts, _place: seen.append((train, parts)))
        with pytest.raises(AttributeError):
            oracle.train(job, Context(torch.device("cpu"), tmp_path, 3, lambda *_: None))
    (train, parts) = seen[0]
    assert task.parts().train == train == parts.train
    assert ([], []) == (parts.val, parts.test)
