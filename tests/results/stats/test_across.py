"""Effects across tasks, for these tasks and for tasks like these."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from results.frame import from_records
from results.stats.across import across, by_task, effects, inflation, judge, pooled_deviation

TASKS = tuple((f"demo/{name}", f"demo-{name}", "resnet18") for name in ("city", "scenes", "change", "cloud"))
# Synthetic rows differ most at the smallest fraction: 0.30, 0.38 and 0.45 of random, moco and geokr.
FIRST = {"fractions": [0.01], "noise": 0.01}


@pytest.fixture
def pretrained(make_study):
    """Four tasks, three seeds, each row pretrained anew in every seed."""

    def make(boards=TASKS, seeds=3, **changes):
        records = make_study(boards=boards, seeds=seeds, **FIRST | changes)
        return [record.model_copy(update={"weights": f"{record.method}-{record.seed}"}) for record in records]

    return make


def test_the_pooled_deviation_is_about_the_mean_of_each_row():
    scores = pd.DataFrame({"a": [1.0, 3.0, np.nan], "b": [10.0, 10.0, 13.0], "c": [np.nan, 5.0, np.nan]})
    assert (math.sqrt((2 + 6) / 3), 3) == pytest.approx(pooled_deviation(scores))
    assert math.isnan(pooled_deviation(scores.iloc[:1])[0])


def test_effects_are_the_same_on_every_scale(pretrained):
    records = pretrained()
    wide = [
        record.model_copy(update={"metrics": {"miou": 0.1 * record.metrics["miou"]}})
        if record.dataset == "demo-city"
        else record
        for record in records
    ]
    assert by_task(from_records(records), "random")["effect"].tolist() == pytest.approx(
        by_task(from_records(wide), "random")["effect"].tolist()
    )


def test_an_effect_is_the_difference_in_pooled_standard_deviations(pretrained):
    frame = from_records(pretrained(TASKS[:1]))
    scores = frame.pivot_table(index="seed", columns="variant", values="score")
    expected = (scores["geokr"] - scores["random"]).mean() / math.sqrt(scores.var().mean())
    (found,) = by_task(frame, "random").query("row == 'geokr'")["effect"]
    assert expected == pytest.approx(found)


def test_rows_are_compared_under_both_assumptions_the_best_first(pretrained):
    table = across(from_records(pretrained()), "random")
    assert ["geokr", "moco"] == table["row"].tolist()
    first = table.iloc[0]
    assert "demo-change, demo-city, demo-cloud, demo-scenes" == first["tasks"]
    assert (3, 4) == (first["units"], first["ahead"])
    assert first["these_low"] > 0
    assert first["like_low"] > 0
    assert (first["like_low"], first["like_high"]) != (first["these_low"], first["these_high"])


def test_a_row_that_wins_here_and_loses_there_is_told_apart_on_these_tasks_alone():
    random = np.random.default_rng(0)
    tables = [
        random.standard_normal((6, 3)) + np.array([9.0, 7, 8, 1, -1, 0])[:, None],
        random.standard_normal((6, 3)),
    ]
    found = judge(tables, [1.0, 1.0])
    assert found.these[0].around(4.0).low > 0
    assert found.like[0].around(4.0).low < 0


def test_what_a_pretraining_does_to_all_tasks_is_not_averaged_away():
    # Ten tasks agree within each pretraining, and pretrainings differ: the error is that of three numbers.
    found = judge([np.tile([0.0, 1.0, 5.0], (10, 1))], [1.0])
    assert np.std([0, 1, 5], ddof=1) / math.sqrt(3) == pytest.approx(found.these[0].error)
    assert found.like[0].error >= found.these[0].error


def test_repeats_that_share_a_pretraining_are_one_unit(pretrained):
    records = [
        record.model_copy(update={"weights": f"{record.method}-{record.seed % 2}"}) for record in pretrained(seeds=4)
    ]
    assert 2 == across(from_records(records), "random")["units"].iloc[0]


def test_repeats_of_one_pretraining_are_units_and_the_row_is_said_to_be_one(make_study):
    table = across(from_records(make_study(boards=TASKS, **FIRST)), "random")
    assert [3, 3] == table["units"].tolist()
    assert [True, True] == table["one"].tolist()
    assert [False, False] == table["one_reference"].tolist()


def test_two_tasks_are_no_sample_and_one_repeat_says_nothing(pretrained):
    two = across(from_records(pretrained(TASKS[:2])), "random").iloc[0]
    assert two["these_low"] > 0
    assert math.isnan(two["like_low"])
    one = across(from_records(pretrained(seeds=1)), "random")
    assert one.empty  # without a spread there is nothing to standardise by


def test_protocols_of_one_data_set_are_one_task(pretrained):
    records = pretrained(boards=(*TASKS, ("demo/city-probe", "demo-city", "resnet18")))
    assert 4 == len(across(from_records(records), "random")["tasks"].iloc[0].split(", "))


def test_a_variant_of_a_protocol_asks_nothing_new(pretrained):
    alone = pretrained(TASKS[:3])
    tuned = [
        record.model_copy(
            update={"protocol": "demo/city-tuned", "design": {"of": "demo/city"}, "key": f"t{record.key}"}
        )
        for record in pretrained(TASKS[:1], seed=9)
    ]
    assert across(from_records(alone), "random").equals(across(from_records([*alone, *tuned]), "random"))


def test_a_row_that_lacks_a_task_is_left_out(pretrained):
    records = [r for r in pretrained() if (r.method, r.dataset) != ("moco", "demo-city")]
    assert ["geokr"] == across(from_records(records), "random")["row"].tolist()


def test_without_the_reference_nothing_is_compared(pretrained):
    frame = from_records(pretrained())
    assert across(frame, "imagenet").empty
    assert by_task(frame, "imagenet").empty
    assert [] == effects(frame, "imagenet").rows


def test_every_backbone_is_compared_by_itself(pretrained):
    boards = [*TASKS, *((protocol, dataset, "resnet50") for protocol, dataset, _ in TASKS)]
    table = across(from_records(pretrained(boards)), "random")
    assert {"resnet18": 2, "resnet50": 2} == table["backbone"].value_counts().to_dict()
    assert json.loads(table.to_json(orient="records"))[0]["reference"] == "random"


def test_a_standard_deviation_that_is_an_estimate_widens_the_interval_for_these_tasks():
    table = np.random.default_rng(0).standard_normal((4, 3))
    known, guessed, unknown = (judge([table], [times]) for times in (1.0, inflation(6.0), inflation(2.0)))
    assert 1.5 == inflation(6.0)
    assert known.these[0].error * math.sqrt(1.5) == pytest.approx(guessed.these[0].error)
    assert math.isnan(unknown.these[0].error)
    assert known.like == guessed.like == unknown.like


def test_effects_know_how_well_their_standard_deviation_is_known(pretrained):
    # Three rows of three seeds: six degrees of freedom in every column.
    assert [1.5, 1.5] == effects(from_records(pretrained()), "random").inflated
