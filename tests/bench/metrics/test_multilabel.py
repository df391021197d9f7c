"""Scores of multi-label classification, by hand and as scikit-learn defines them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from bench.metrics.multilabel import average_precision, multilabel_scores


def test_average_precision_by_hand():
    """Ranks of the positives are 1 and 3: (1/1 + 2/3) / 2."""
    assert average_precision(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1])) == pytest.approx(5 / 6)


def test_samples_of_one_score_share_a_threshold():
    """Three samples tie: precision 2/3 where recall goes from 0 to 1, whatever their order."""
    for truth in ([1, 1, 0], [0, 1, 1], [1, 0, 1]):
        assert average_precision(np.array(truth), np.full(3, 0.5)) == pytest.approx(2 / 3)


def test_a_label_that_no_sample_has_is_left_out_of_the_mean_and_has_no_entry():
    truth = np.array([[1, 0], [0, 0]])
    scores = multilabel_scores(truth, np.array([[0.9, 0.8], [0.1, 0.7]]), ["a", "b"], 0.5)
    assert 1.0 == scores["mAP"] == scores["AP/a"]
    assert "AP/b" not in scores


def test_f1_by_hand():
    """Label a: TP 1, FP 1, FN 0, F1 2/3; label b: TP 0, FP 0, FN 1, F1 0; together TP 1, FP 1, FN 1, F1 1/2."""
    truth = np.array([[1, 0], [0, 1]])
    scores = multilabel_scores(truth, np.array([[0.9, 0.1], [0.5, 0.4]]), ["a", "b"], 0.5)
    assert scores["F1_macro"] == pytest.approx(1 / 3)
    assert scores["F1_micro"] == pytest.approx(1 / 2)


@settings(deadline=None)
@given(st.integers(2, 30), st.integers(2, 6), st.integers(0, 10**6), st.integers(1, 8))
def test_scores_are_those_of_scikit_learn(count, labels, seed, levels):
    """Scores are drawn from few levels, so that ties are frequent."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 2, (count, labels))
    truth[0, 0] = 1
    scores = draw.integers(0, levels, (count, labels)) / levels
    found = multilabel_scores(truth, scores, [str(k) for k in range(labels)], 0.5)
    there = [k for k in range(labels) if truth[:, k].any()]
    assert found["mAP"] == pytest.approx(np.mean([average_precision_score(truth[:, k], scores[:, k]) for k in there]))
    for average in ("micro", "macro"):
        expected = f1_score(truth, scores >= 0.5, average=average, zero_division=0)
        assert found[f"F1_{average}"] == pytest.approx(expected)
