"""What the page says of other test images."""

import numpy as np
from synthetic_records import synthetic_record, write_records

from bench.metrics.classified import ImageOutcomes
from bench.store.outcomes import Evidence
from bench.store.store import Store
from results.page.content import gather

CLASSES = ["road", "roof"]


def fill(store, images):
    """Two methods of three seeds that classify so many images, 55% and 95% of them right."""
    Store(store).open_for_writing()
    records = []
    for method, share in (("random", 0.55), ("geokr", 0.95)):
        for seed in range(3):
            draw = np.random.default_rng([seed, len(method)])
            truth = np.arange(images) % 2
            predicted = np.where(draw.random(images) < share, truth, 1 - truth)
            outcomes = ImageOutcomes(CLASSES, truth, predicted, np.zeros(images))
            key, names = f"{method}{seed}", [f"image{at}" for at in range(images)]
            kept = Store(store).write_outcomes(key, Evidence(outcomes, range(images), names))
            fields = {"metric": "overall_accuracy", "metrics": outcomes.scores(), "weights": f"w-{key}"}
            records.append(synthetic_record(schema=4, key=key, method=method, seed=seed, outcomes=kept, **fields))
    return write_records(store, records)


def test_the_page_counts_the_differences_that_would_hold_on_other_images(tmp_path):
    content = gather(fill(tmp_path, 200))
    assert "On other test images, 1 of 1 differences would hold for the networks as they are" in content.images.text
    ((title, (line,)),) = content.images.boards.items()
    assert "demo/city" == title
    assert line.startswith("At 100%. About these weights: on other images geokr is ")
    assert ["Outcomes of single test samples are kept for all 6 records, and every metric follows from them."] == (
        content.outcomes
    )


def test_a_few_places_are_none_to_generalise_over(tmp_path):
    content = gather(fill(tmp_path, 8))
    assert "For 1 there are too few places to generalise over." == content.images.text


def test_where_some_outcomes_are_missing_the_page_says_of_how_many(tmp_path):
    store = fill(tmp_path, 20)
    write_records(store, [synthetic_record(method="moco", protocol="demo/town", dataset="town")])
    (line,) = gather(store).outcomes
    assert line.startswith(
        "Outcomes of single test samples are kept for 6 of 7 records. Of the others it cannot be known"
    )
