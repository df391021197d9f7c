"""The order in which labelled pictures are read."""

from collections import Counter

import numpy as np

from bench.pretraining.labelled import list_images
from methods.labelled import LabelledFeed


def test_every_labelled_image_is_seen_before_one_comes_again(labelled):
    """21 images in batches of 4: after 21 steps of 4 each was seen exactly four times."""
    feed = LabelledFeed(list_images(labelled), 4, 36, seed=5)
    order = [index for step in range(21) for index in feed.order(step)]
    assert Counter(order) == dict.fromkeys(range(21), 4)
    assert order[:21] != order[21:42]
    assert order == [i for step in range(21) for i in LabelledFeed(feed.images, 4, 36, seed=5).order(step)]


def test_a_batch_read_ahead_is_the_batch_of_its_step(labelled):
    images = list_images(labelled)
    feed = LabelledFeed(images, 4, 36, seed=5)
    for step in (0, 1, 7):
        pixels, labels = feed.batch(step)
        order = list(feed.order(step))
        assert labels.tolist() == [images.labels[index] for index in order]
        expected = np.stack([images.read(index, 36) for index in order])
        assert np.array_equal(expected, pixels.permute(0, 2, 3, 1).numpy())
