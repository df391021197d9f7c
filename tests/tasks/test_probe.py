"""Frozen features are probed as a cell: what is fitted on what, and whose images batch norm has seen."""

import json

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from textured_corpus import write_corpus

import tasks
from bench import backbones
from bench.backbones import weights
from bench.backbones.normalisation import IMAGENET
from bench.core.bands import RGB, Bands
from bench.core.context import Context
from bench.core.errors import DataError, DivergedError, StudyError
from bench.pretraining.probe import features
from tasks.classifiers import STRENGTHS, Fitted
from tasks.frozen import POOLINGS, Frozen
from tasks.labels.image_class import LABEL as CLASS
from tasks.prepared import Prepared
from tasks.protocol_parts import Evaluation, Tuning
from tasks.protocols import Protocol, load_protocol
from tasks.task import Start

BACKBONE = "timm:test_resnet"
PROTOCOL = load_protocol("demo/scenes-probe")


@pytest.fixture(scope="module")
def data(generators, tmp_path_factory):
    """36 images of 32 px in three classes."""
    path = tmp_path_factory.mktemp("sets") / "a"
    return Prepared.open(generators("multispectral").write_prepared(path, RGB, per_class=12))


def probe(data, **changes):
    return tasks.get("probe").load()(PROTOCOL.model_copy(update=changes), data)


def start(backbone=BACKBONE, corpus=None):
    torch.manual_seed(0)
    return Start(backbone, dict(backbones.build(backbone).state_dict()), IMAGENET, corpus)


def context(folder, predictions=0):
    return Context(torch.device("cpu"), folder, 1, lambda *_: None, folder / "predictions", predictions)


def test_sizes_are_raced_by_the_labels_that_a_cell_is_given_and_the_winner_is_recorded(data, tmp_path):
    raced = probe(data, tuning=Tuning(size=[32, 64], statistics=["weights", "data"]))
    parts = raced.parts()
    subset = parts.train[:15]
    found = raced.run(start(), subset, parts, context(tmp_path))
    alone = {}
    for size in (32, 64):
        for words in ("weights", "data"):
            task = probe(data, evaluation=Evaluation(size=size, statistics=words))
            seen = Frozen(task, start(), context(tmp_path), parts, POOLINGS["mean"]).features(subset)
            error = Fitted.by_ridge(seen, np.array(task.strata(subset)), None).error
            alone[error] = (size, words, task.run(start(), subset, parts, context(tmp_path)).metrics)
    size, words, metrics = alone[min(alone)]
    assert 4 == len(alone)
    assert (size, words, 4.0 * len(STRENGTHS)) == tuple(found.tuned[key] for key in ("size", "statistics", "trials"))
    assert metrics == found.metrics


def test_the_score_is_that_of_ridge_on_the_pooled_features_of_the_subset(data, tmp_path):
    """The same by hand, from the features of `bench probe` and scikit-learn."""
    task = probe(data)
    parts = task.parts()
    subset = parts.train[:15]
    result = task.run(start(), subset, parts, context(tmp_path))
    net = backbones.build(BACKBONE)
    net.load_state_dict(start().weights)
    seen, unseen = (features(net, IMAGENET, data.images[at]).astype(float) for at in (subset, parts.test))
    truth = np.asarray(data.labels)
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(STRENGTHS)).fit(seen, truth[subset])
    right = model.predict(unseen) == truth[parts.test]
    each = [right[truth[parts.test] == number].mean() for number in range(3)]
    assert np.mean(each) == pytest.approx(result.metrics["mean_class_accuracy"])
    assert right.mean() == pytest.approx(result.metrics["overall_accuracy"])
    assert result.metrics == result.outcomes.scores()
    decided = np.sort(model.decision_function(unseen), axis=1)
    np.testing.assert_allclose(decided[:, -1] - decided[:, -2], result.outcomes.margin, rtol=1e-3)
    assert (model.predict(unseen) == result.outcomes.predicted).all()
    assert {"strength": model[-1].alpha_, "trials": len(STRENGTHS)} == result.tuned
    assert ("leave-one-out", subset, 0) == (result.selection, result.selected_on, result.steps)
    assert {"bn": "as-trained"} == result.design


@pytest.mark.parametrize(
    "network", [{"classifier": "knn", "neighbours": 20}, {"classifier": "logistic", "penalty": 0.01}]
)
def test_other_classifiers_choose_nothing_and_tell_the_classes_apart(data, tmp_path, network):
    task = probe(data, network=network, selection=None)
    parts = task.parts()
    result = task.run(start(), parts.train, parts, context(tmp_path))
    assert ("last", [], {}) == (result.selection, result.selected_on, result.tuned)
    assert result.metrics["mean_class_accuracy"] > 0.6


CANDIDATES = [1e-4, 1e-2, 1.0]


@pytest.mark.parametrize("network", [{"classifier": "ridge"}, {"classifier": "logistic", "penalty": CANDIDATES}])
@pytest.mark.parametrize(("selection", "rule"), [("within", "within"), ("val", "val"), ("cv", "folds")])
def test_a_strength_is_chosen_by_the_labels_that_the_rule_allows(data, tmp_path, network, selection, rule):
    """As `cls` chooses: a fifth of the drawn labels, the validation part, or all drawn ones in folds."""
    if (network["classifier"], selection) == ("ridge", "cv"):
        rule = "leave-one-out"
    task = probe(data, network=network, selection=selection)
    parts = task.parts()
    result = task.run(start(), parts.train, parts, context(tmp_path))
    choosing = set(result.selected_on)
    assert rule == result.selection
    assert result.tuned["strength"] in (STRENGTHS if network["classifier"] == "ridge" else CANDIDATES)
    if selection == "val":
        assert set(parts.val) == choosing
    elif selection == "cv":
        assert set(parts.train) == choosing
    else:
        assert choosing < set(parts.train)
        assert len(choosing) == round(0.2 * len(parts.train))
    assert result.metrics["mean_class_accuracy"] > 0.6


def test_the_strength_chosen_is_the_best_on_the_labels_held_out(data, tmp_path):
    task = probe(data, network={"classifier": "logistic", "penalty": CANDIDATES}, selection="val")
    parts = task.parts()
    result = task.run(start(), parts.train[::2], parts, context(tmp_path))
    net = backbones.build(BACKBONE)
    net.load_state_dict(start().weights)
    seen, held = (features(net, IMAGENET, data.images[at]) for at in (parts.train[::2], parts.val))
    truth, scores = np.asarray(data.labels), []
    for penalty in CANDIDATES:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=1000))
        right = model.fit(seen, truth[parts.train[::2]]).predict(held) == truth[parts.val]
        scores.append(np.mean([right[truth[parts.val] == number].mean() for number in range(3)]))
    assert CANDIDATES[int(np.argmax(scores))] == result.tuned["strength"]
    assert len(CANDIDATES) == result.tuned["trials"]


def test_labels_too_few_to_choose_by_take_the_strength_in_the_middle(data, tmp_path):
    task = probe(data, selection="within")
    parts = task.parts()
    result = task.run(start(), parts.train[:6], parts, context(tmp_path))
    assert ("untuned", [], {}) == (result.selection, result.selected_on, result.tuned)


def test_subset_of_one_class_answers_that_class(data, tmp_path):
    task = probe(data)
    parts = task.parts()
    one = [at for at in parts.train if data.labels[at] == 1]
    result = task.run(start(), one, parts, context(tmp_path))
    assert 1 / 3 == pytest.approx(result.metrics["mean_class_accuracy"])
    assert 1.0 == result.metrics["accuracy/forest"]


def test_test_images_are_pictured_with_their_classes_in_words(data, tmp_path):
    from PIL import Image

    task = probe(data)
    parts = task.parts()
    task.run(start(), parts.train, parts, context(tmp_path, predictions=2))
    pictures = sorted((tmp_path / "predictions").glob("*.png"))
    assert 2 == len(pictures)
    with Image.open(pictures[0]) as picture:
        told = json.loads(picture.text["bench"])["parts"]
    assert ["image", "truth", "prediction"] == [name for name, _, _ in told]
    assert pictures[0].stem.startswith(told[1][2])


@pytest.fixture
def networks(monkeypatch):
    """The networks that are restored, by which features are computed."""
    made, restore = [], weights.restore

    def noted(*arguments):
        made.append(restore(*arguments))
        return made[-1]

    monkeypatch.setattr(weights, "restore", noted)
    return made


def frozen_of(task, begin, folder):
    return Frozen(task, begin, context(folder), task.parts(), POOLINGS["mean"])


def first_norm(network):
    return next(module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d))


def entering_first_norm(images):
    """Inputs of the first batch norm, N x C x H x W, for stored images."""
    net, caught = backbones.build(BACKBONE), []
    net.load_state_dict(start().weights)
    norm = next(module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d))
    norm.register_forward_hook(lambda _module, inputs, _output: caught.append(inputs[0]))
    features(net, IMAGENET, images)
    return torch.cat(caught)


def test_statistics_of_the_target_are_those_of_the_training_part_alone(data, tmp_path, networks):
    """One batch holds it whole: the mean and the unbiased variance of what enters the first batch norm."""
    task = probe(data, bn="target")
    assert "target" == frozen_of(task, start(), tmp_path).bn
    entering = entering_first_norm(data.images[task.parts().train])
    assert torch.allclose(entering.mean(dim=(0, 2, 3)), first_norm(networks[0]).running_mean, atol=1e-5)
    assert torch.allclose(entering.var(dim=(0, 2, 3)), first_norm(networks[0]).running_var, rtol=1e-4)


def test_statistics_of_the_corpus_are_those_of_its_tiles(data, tmp_path, networks):
    corpus = write_corpus(tmp_path, 4, 6, 32)
    assert "corpus" == frozen_of(probe(data, bn="corpus"), start(corpus=corpus), tmp_path).bn
    entering = entering_first_norm(corpus.tiles(np.arange(len(corpus))))
    assert torch.allclose(entering.mean(dim=(0, 2, 3)), first_norm(networks[0]).running_mean, atol=1e-5)


def test_a_network_without_batch_norm_says_so_and_scores_the_same(data, tmp_path):
    parts = probe(data).parts()
    scores = []
    for bn in ("as-trained", "target"):
        result = probe(data, bn=bn).run(start("squeezenet1_1"), parts.train, parts, context(tmp_path))
        assert {"bn": "none in the network"} == result.design
        scores.append(result.metrics)
    assert scores[0] == scores[1]


def test_statistics_change_the_features_of_a_random_network_and_a_repeat_does_not(data, tmp_path):
    parts = probe(data).parts()
    once, again, plain = (frozen_of(probe(data, bn=bn), start(), tmp_path) for bn in ("target", "target", "as-trained"))
    assert np.array_equal(once.features(parts.test), again.features(parts.test))
    assert np.abs(once.features(parts.test) - plain.features(parts.test)).max() > 0.1


def test_features_that_are_not_finite_are_a_failed_job(data, tmp_path):
    begin = start()
    next(iter(begin.weights.values())).fill_(float("nan"))
    task = probe(data)
    with pytest.raises(DivergedError, match=r"features of timm:test_resnet are not finite"):
        task.run(begin, task.parts().train, task.parts(), context(tmp_path))


def test_labels_that_the_protocol_ignores_are_neither_learned_nor_scored(data, tmp_path):
    task = probe(data, classes={"green": ["forest"], "blue": ["water"]})
    parts = task.parts()
    result = task.run(start(), parts.train, parts, context(tmp_path))
    assert {"accuracy/green", "accuracy/blue"} == {name for name in result.metrics if "/" in name}
    assert {1, 2} == {int(data.labels[at]) for at in result.selected_on}
    ignored = [at for at in parts.train if data.labels[at] == 0]
    with pytest.raises(DataError, match=r"no training sample has a class of protocol demo/scenes-probe"):
        task.run(start(), ignored, parts, context(tmp_path))


def build(data, name="demo/scenes", **changes):
    """A task that fine-tunes, on the same images."""
    protocol = load_protocol(name).model_copy(update=changes)
    return tasks.get(protocol.task).load()(protocol, data)


def evaluation(**values):
    return type(PROTOCOL.evaluation)(**values)


def test_input_statistics_of_the_data_are_those_of_the_training_part(data):
    task = build(data, evaluation=evaluation(statistics="data"))
    values = np.asarray(data.images)[task.parts().train].reshape(-1, 3)
    inputs = task.build(start()).data_preprocessor
    assert values.mean(axis=0) == pytest.approx(inputs.mean.flatten().numpy(), rel=1e-5)
    assert values.std(axis=0) == pytest.approx(inputs.std.flatten().numpy(), rel=1e-5)
    said = build(data).build(start()).data_preprocessor
    assert pytest.approx([255 * value for value in IMAGENET.mean]) == said.mean.flatten().tolist()


def test_input_statistics_of_the_data_do_not_let_weights_of_other_bands_pass(generators, tmp_path):
    four = Prepared.open(
        generators("multispectral").write_prepared(tmp_path / "a", Bands(("red", "green", "blue", "nir"), "uint16"))
    )
    task = build(four, evaluation=evaluation(statistics="data"))
    with pytest.raises(DataError, match="the weights are for red, green, blue"):
        task.statistics(start())


@pytest.mark.parametrize("side", [16, 48])
def test_images_are_scaled_to_the_protocols_size_before_the_network(data, side):
    """As by hand: bilinear, and smoothed where they become smaller."""
    task = build(data, evaluation=evaluation(size=side), augment=[])
    found = task.build(start()).data_preprocessor({"image": torch.from_numpy(data.images[:2]), "label": torch.zeros(2)})
    pixels = torch.from_numpy(data.images[:2]).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    scaled = torch.nn.functional.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
    assert torch.allclose((scaled - mean) / std, found["inputs"], atol=1e-4)


def test_a_probe_sees_scaled_images_too(data, tmp_path):
    """As by hand, from the images scaled beforehand."""
    task = probe(data, evaluation=evaluation(size=64))
    found = frozen_of(task, start(), tmp_path).features([0, 5])
    net = backbones.build(BACKBONE)
    net.load_state_dict(start().weights)
    pixels = torch.from_numpy(data.images[[0, 5]]).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    scaled = torch.nn.functional.interpolate((pixels - mean) / std, (64, 64), mode="bilinear", antialias=True)
    with torch.no_grad():
        assert torch.allclose(net.eval()(scaled)[-1].mean(dim=(2, 3)), torch.from_numpy(found), atol=1e-4)


@pytest.mark.parametrize("pooling", ["mean", "max", "levels"])
def test_a_pooling_is_what_it_says_of_the_maps(data, tmp_path, pooling):
    task = probe(data)
    found = Frozen(task, start(), context(tmp_path), task.parts(), POOLINGS[pooling]).features([3])
    net = backbones.build(BACKBONE)
    net.load_state_dict(start().weights)
    pixels = torch.from_numpy(data.images[[3]]).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    with torch.no_grad():
        maps = [each[0].flatten(1).numpy() for each in net.eval()((pixels - mean) / std)]
    expected = {"mean": maps[-1].mean(1), "max": maps[-1].max(1), "levels": np.concatenate([m.mean(1) for m in maps])}
    assert expected[pooling] == pytest.approx(found[0], abs=1e-4)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("demo/scenes", {"bn": "target"}, "bn is target, task cls trains batch norm: write as-trained"),
        ("demo/city", {"bn": "corpus"}, "bn is corpus, task seg trains batch norm"),
        ("demo/city", {"evaluation": {"size": 64}}, "labels of task seg lie in pixels: leave it out"),
        ("demo/change", {"tuning": {"size": [64, 96]}, "selection": "within"}, "labels of task change lie in pixels"),
        ("demo/objects", {"evaluation": {"size": 64}}, "labels of task det lie in pixels"),
        ("demo/scenes-probe", {"task": "cls"}, "task cls trains a network and needs an optimiser"),
        ("demo/scenes", {"task": "probe"}, "task probe trains no network: write optimiser: {name: none}"),
        ("demo/scenes-probe", {"tuning": {"lr": [1, 2]}}, "task probe has no rate or length to tune"),
        ("demo/scenes-probe", {"network": {"classifier": "svm"}}, "network: classifier: "),
        ("demo/scenes-probe", {"network": {"classifier": "knn"}}, "classifier knn needs neighbours"),
        ("demo/scenes-probe", {"network": {"classifier": "ridge", "penalty": 1}}, "classifier logistic needs penalty"),
        ("demo/scenes-probe", {"selection": None}, "this ridge goes with selection: cv, within or val"),
        ("demo/scenes-knn", {"selection": "cv"}, "this knn goes with selection: last"),
        ("demo/scenes-logistic", {"selection": "cv"}, "this logistic goes with selection: last"),
        ("demo/scenes-probe", {"network": {"classifier": "logistic", "penalty": []}}, "penalty is a number above 0"),
        ("demo/city-probe", {"network": {"classifier": "ridge"}}, "network: stride: "),
        ("demo/city-probe", {"selection": "last"}, "this ridge goes with selection: cv, within or val"),
        ("demo/city-probe", {"evaluation": {"size": 64}}, "labels of task probe-seg lie in pixels: leave it out"),
    ],
)
def test_what_a_task_cannot_do_is_refused_in_one_line(name, changes, said):
    protocol = load_protocol(name)
    values = protocol.model_dump(mode="json") | changes
    values["sources"] |= {"tuning": "ours", "bn": "ours", "evaluation": "ours"}
    changed = Protocol.model_validate(values)
    with pytest.raises(StudyError) as caught:
        tasks.get(changed.task).check(changed)
    assert f"protocol {name}: " in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimiser": {"name": "none", "lr": 0.1}},
        {"optimiser": {"name": "SGD"}},
        {"schedule": {"length": "steps", "total": 0, "batch": 1, "look_every": 0}},
    ],
)
def test_half_a_training_is_no_protocol(changes):
    values = load_protocol("demo/scenes").model_dump(mode="json") | changes
    with pytest.raises(ValueError, match=r"optimiser \{name: none\} goes with schedule \{length: none, total: 0\}"):
        Protocol.model_validate(values)


def test_the_kind_of_label_is_one_class_of_an_image():
    assert CLASS is tasks.get("probe").load().label
