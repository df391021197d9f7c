"""MOSAIKS: its features are those of torchgeo's RCF on the same patches, and its patches are the corpus'."""

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

import methods
from bench import backbones
from bench.backbones import weights
from bench.core.context import Context
from bench.pretraining.facts import Length
from methods.mosaiks import draw_patches, whiten


def features_of(filters, images):
    network = backbones.build("mosaiks", filters.shape[1]).eval()
    state = {"patches": torch.zeros_like(network.patches)}
    state["patches"][: len(filters)] = torch.from_numpy(filters)
    restored = weights.restore("mosaiks", state, "a test").eval()
    with torch.no_grad():
        (found,) = restored(images)
    assert (len(images), 1024, 1, 1) == tuple(found.shape)
    found = found[..., 0, 0]
    return torch.cat([found[:, : len(filters)], found[:, 512 : 512 + len(filters)]], dim=1)


def test_with_the_same_patches_torchgeos_features_are_ours():
    """The data set given to torchgeo is one whose images of 4 px hold one patch each, so that its patches are known.

    It whitens in float32, by eigenvectors of a covariance that is singular but for the ridge. That moves features by up
    to 1e-3, and is left out by having its own function whiten the same patches in float64.
    """
    rcf = pytest.importorskip("torchgeo.models.rcf", reason="torchgeo is no dependency of ours")
    rng = np.random.default_rng(0)
    pool, drawn = rng.random((300, 3, 4, 4), dtype=np.float32), []

    class Patches:
        def __len__(self):
            return len(pool)

        def __getitem__(self, index):
            drawn.append(int(index))
            return {"image": torch.from_numpy(pool[index])}

    theirs = rcf.RCF(in_channels=3, features=1024, seed=1, mode="empirical", dataset=Patches())
    patches = pool[drawn[-512:], :, :3, :3]
    images = torch.from_numpy(rng.random((4, 3, 64, 64), dtype=np.float32))
    ours = features_of(whiten(patches), images)
    assert torch.allclose(ours, theirs(images), atol=2e-3)
    theirs.weights = torch.from_numpy(theirs._normalize(patches.astype(np.float64))).float()
    assert torch.allclose(ours, theirs(images), rtol=0, atol=1e-5)


def test_features_are_those_of_a_second_implementation():
    """Whitening by eigenvectors, as Coates and Ng write it, and scipy's correlation, on four bands."""
    rng = np.random.default_rng(1)
    patches, image = rng.random((512, 4, 3, 3)), rng.random((4, 20, 24))
    rows = patches.reshape(512, -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(rows.T @ rows / 512)
    zca = vectors @ np.diag((values + 0.001) ** -0.5) @ vectors.T
    filters = (rows @ zca @ zca.T).reshape(patches.shape)
    answers = [sum(correlate2d(image[c], each[c], mode="valid") for c in range(4)) - 1 for each in filters[:30]]
    expected = [np.maximum(each, 0).mean() for each in answers] + [np.maximum(-each, 0).mean() for each in answers]
    found = features_of(whiten(patches)[:30], torch.from_numpy(image).float()[None])[0]
    assert np.allclose(expected, found, rtol=1e-5, atol=1e-5)


def test_a_flat_patch_answers_with_nothing():
    patches = np.random.default_rng(2).random((512, 3, 3, 3))
    patches[7] = 0.25
    filters = whiten(patches)
    assert not filters[7].any()
    assert np.isfinite(filters).all()


def test_patches_are_windows_of_tiles_in_the_unit_interval(corpus):
    patches = draw_patches(corpus, 20, 3)
    assert np.array_equal(patches, draw_patches(corpus, 20, 3))
    assert not np.array_equal(patches, draw_patches(corpus, 20, 4))
    tiles = corpus.tiles(np.arange(len(corpus))).transpose(0, 3, 1, 2)
    windows = np.lib.stride_tricks.sliding_window_view(tiles, (3, 3), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
    known = {window.tobytes() for window in np.ascontiguousarray(windows.reshape(-1, 27))}
    assert all(np.rint(each * 255).astype(np.uint8).tobytes() in known for each in patches)


def test_the_filters_of_a_job_are_the_whitened_patches_of_its_seed(tmp_path, corpus):
    def exported(seed):
        spec = methods.get("mosaiks")
        method = spec.load()(backbones.build("mosaiks"), spec.options(), corpus, Length(0, 0))
        method.fit(Context(torch.device("cpu"), tmp_path, seed, lambda *_: None))
        return method

    first, again, other = exported(1), exported(1), exported(2)
    assert torch.equal(first.export()["patches"], again.export()["patches"])
    assert not torch.equal(first.export()["patches"], other.export()["patches"])
    assert first.export()["patches"].abs().sum(dim=(1, 2, 3)).min() > 0
    assert ((0, 0, 0), (1, 1, 1)) == (first.input.mean, first.input.std)
