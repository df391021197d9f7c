"""Ridge regression in closed form agrees with brute force and with scikit-learn, on every road that the code takes."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Reference
from sklearn.linear_model import RidgeCV

from tasks.classifiers import PIXEL_STRENGTHS, STRENGTHS
from tasks.ridge import EXACT, Moments, Ridge


def drawn(samples, features, classes=4, seed=0):
    """Correlated features of some classes, half of them all but copies of the others, and targets of -1 and 1."""
    generator = np.random.default_rng(seed)
    labels = np.arange(samples) % classes
    half = generator.normal(labels[:, None] * 0.3, 1.0, (samples, features // 2)) @ generator.normal(
        size=(features // 2, features // 2)
    )
    found = np.concatenate([half, half + generator.normal(0, 1e-3, half.shape)], axis=1) + 5
    return found.astype(np.float32), np.where(labels[:, None] == np.arange(classes), 1.0, -1.0)


# Fewer samples than features, more, and so many features that their eigenvectors are found in 32 bits.
SHAPES = [(20, 40), (60, 10), (EXACT + 90, EXACT + 10)]


@pytest.mark.parametrize("shape", SHAPES)
def test_errors_of_samples_left_out_are_those_of_scikit_learn(shape):
    found, targets = drawn(*shape)
    scaled = ((found - found.mean(axis=0)) / found.std(axis=0)).astype(np.float64)
    known = RidgeCV(STRENGTHS, store_cv_results=True).fit(scaled, targets).cv_results_.mean(axis=(0, 1))
    errors = Ridge(found, targets).left_out(STRENGTHS)
    # In 32 bits, features that all but copy each other cost the weakest strengths some digits.
    assert known == pytest.approx(errors, rel=2e-3 if shape[1] <= EXACT else 1e-2)
    assert known.argmin() == errors.argmin()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("strength", [1e-3, 10.0, 1e6])
def test_coefficients_are_those_of_the_normal_equations(shape, strength):
    found, targets = drawn(*shape)
    scale = found.std(axis=0, dtype=np.float64)
    known = Reference(strength).fit(found.astype(np.float64) / scale, targets)
    weights, intercept = Ridge(found, targets).solve(strength)
    unseen = drawn(*shape, seed=1)[0].astype(np.float64)
    assert known.predict(unseen / scale) == pytest.approx(unseen @ weights + intercept, abs=2e-3)


def test_a_feature_that_never_varies_changes_nothing():
    found, targets = drawn(60, 10)
    weights, intercept = Ridge(np.column_stack([found, np.full(60, 0.1, np.float32)]), targets).solve(1.0)
    plain, level = Ridge(found, targets).solve(1.0)
    assert plain == pytest.approx(weights[:-1])
    assert 0 == pytest.approx(weights[-1])
    assert level == pytest.approx(intercept)


def counted(generator, samples, classes=3):
    """How many of ten pixels of each sample are of each class; some samples have none."""
    counts = generator.integers(0, 4, (samples, classes))
    counts[::7] = 0
    return counts


def test_sums_over_places_solve_the_regression_on_every_pixel():
    """By hand: each pixel a row, with the features of its place and the indicator of its class."""
    generator = np.random.default_rng(0)
    found, counts = generator.normal(3, [1, 20, 0.1, 5], (50, 4)), counted(generator, 50)
    places, classes = (np.repeat(index, counts.ravel()) for index in np.indices(counts.shape).reshape(2, -1))
    pixels, indicators = found[places], np.eye(3)[classes]
    moments = Moments(found, counts)
    solved = moments.solve(PIXEL_STRENGTHS)
    guesses = []
    for at, strength in enumerate(PIXEL_STRENGTHS):
        scale = pixels.std(axis=0)
        known = Reference(strength * len(pixels)).fit(pixels / scale, indicators)
        guesses.append(known.predict(pixels / scale))
        assert guesses[-1] == pytest.approx(pixels @ solved[at][1:] + solved[at][0], abs=1e-6)
    assert [np.mean((guess - indicators) ** 2) for guess in guesses] == pytest.approx(moments.errors(solved))


def test_moments_of_two_parts_add_up_to_those_of_the_whole():
    generator = np.random.default_rng(1)
    found, counts = generator.normal(size=(40, 5)), counted(generator, 40)
    whole, parts = Moments(found, counts), Moments(found[:13], counts[:13]) + Moments(found[13:], counts[13:])
    assert whole.solve(PIXEL_STRENGTHS) == pytest.approx(parts.solve(PIXEL_STRENGTHS))
