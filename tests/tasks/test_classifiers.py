"""Classifiers of frozen features: ridge leaves one out, neighbours are no more than a class has samples."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tasks.classifiers import STRENGTHS, Classifier


def drawn(per_class, classes=3, channels=5, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class)
    return generator.normal(labels[:, None], 1.0, (len(labels), channels)), labels


def test_ridges_strength_is_the_best_of_leaving_out_each_sample_in_turn():
    """By brute force: a fit without each sample, squared errors on targets of -1 and 1 over all samples and classes."""
    found, labels = drawn(6)
    fitted = Classifier(classifier="ridge").fit(found, labels)
    scaled = (found - found.mean(axis=0)) / found.std(axis=0)
    targets = np.where(labels[:, None] == np.arange(3), 1.0, -1.0)
    errors = []
    for strength in STRENGTHS:
        left = [np.arange(len(labels)) != at for at in range(len(labels))]
        guesses = [Ridge(strength).fit(scaled[kept], targets[kept]).predict(scaled[~kept])[0] for kept in left]
        errors.append(np.mean((np.array(guesses) - targets) ** 2))
    assert pytest.approx(STRENGTHS[np.argmin(errors)]) == fitted.chosen["strength"]
    assert 0 < np.argmin(errors) < len(STRENGTHS) - 1


def test_one_sample_of_each_class_is_its_own_neighbour():
    found, labels = drawn(1)
    fitted = Classifier(classifier="knn", neighbours=20).fit(found, labels)
    assert labels.tolist() == fitted.answer(found)[0].tolist()
    assert {} == fitted.chosen


def test_neighbours_are_told_by_direction_and_not_by_length():
    fitted = Classifier(classifier="knn", neighbours=1).fit(np.array([[1.0, 0.1], [0.1, 1.0]]), np.array([4, 7]))
    assert [4, 7] == fitted.answer(np.array([[0.01, 0.002], [5.0, 90.0]]))[0].tolist()


@pytest.mark.parametrize("values", [{"classifier": "ridge"}, {"classifier": "logistic", "penalty": 1.0}])
def test_the_scale_of_a_feature_changes_no_answer(values):
    found, labels = drawn(8)
    scales = np.array([1e-3, 1.0, 10.0, 1e4, 0.5])
    plain, scaled = (Classifier(**values).fit(found * by, labels).answer(found * by)[0] for by in (1.0, scales))
    assert plain.tolist() == scaled.tolist()


def test_a_strength_is_named_only_where_one_was_chosen():
    found, labels = drawn(4)
    assert {} == Classifier(classifier="logistic", penalty=1.0).fit(found, labels).chosen
    assert {} == Classifier(classifier="ridge").fit(found, np.zeros_like(labels)).chosen


@pytest.mark.parametrize(
    ("values", "model"),
    [
        ({"classifier": "ridge"}, RidgeClassifierCV(STRENGTHS)),
        ({"classifier": "logistic", "penalty": 1.0}, LogisticRegression(max_iter=1000)),
    ],
)
def test_the_margin_of_two_classes_is_twice_the_decision_value(values, model):
    """Scikit-learn gives one value for two classes; the other class has its opposite."""
    draw = np.random.default_rng(0)
    found, labels = draw.normal(size=(30, 4)), np.repeat([3, 8], 15)
    classes, margin = Classifier(**values).fit(found, labels).answer(found)
    decided = make_pipeline(StandardScaler(), model).fit(found, labels).decision_function(found)
    assert pytest.approx(2 * np.abs(decided), rel=1e-6) == margin
    assert np.where(decided > 0, 8, 3).tolist() == classes.tolist()


def test_the_margin_of_neighbours_is_of_their_shares():
    found = np.array([[1.0, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1], [0.2, 1]])
    fitted = Classifier(classifier="knn", neighbours=3).fit(found, np.array([0, 0, 1, 1, 1, 1]))
    classes, margin = fitted.answer(np.array([[1.0, 0.1], [0.1, 1.0]]))
    assert ([0, 1], [pytest.approx(1 / 3), pytest.approx(1.0)]) == (classes.tolist(), margin.tolist())
