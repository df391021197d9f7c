import numpy as np
import pytest
from scipy import stats

from results.frame import from_records
from results.stats import ranking

BOARDS = [("a/x", "x", "resnet18"), ("b/y", "y", "resnet18")]


def test_average_ranks_of_clear_winners_are_whole_with_no_spread(make_study):
    arranged = ranking.blocks(from_records(make_study(boards=BOARDS, fractions=[0.01, 0.1], noise=0.0001)))
    standing = ranking.average_ranks(arranged)
    ranks = dict(zip(standing.variants, [(i.estimate, i.low, i.high) for i in standing.intervals], strict=True))
    assert {"random": (3, 3, 3), "geokr": (1, 1, 1), "moco": (2, 2, 2)} == ranks


def test_ties_share_a_rank():
    arranged = ranking.Blocks(["a", "b", "c"], ["p"], [np.array([[[0.5, 0.5]], [[0.5, 0.5]], [[0.1, 0.1]]])], [], {})
    assert [1.5, 1.5, 3.0] == [interval.estimate for interval in ranking.average_ranks(arranged).intervals]


def test_a_protocol_with_more_fractions_weighs_no_more():
    a = np.array([[[0.9]] * 4, [[0.1]] * 4]).reshape(2, 4, 1)
    b = np.array([[[0.1]], [[0.9]]]).reshape(2, 1, 1)
    arranged = ranking.Blocks(["m", "n"], ["p", "q"], [a, b], [], {})
    assert [1.5, 1.5] == [interval.estimate for interval in ranking.average_ranks(arranged).intervals]


def test_a_method_that_skipped_a_protocol_is_left_out_by_name(make_study):
    records = [*make_study(boards=BOARDS), *make_study(methods=["byol"], boards=BOARDS[:1])]
    arranged = ranking.blocks(from_records(records))
    assert ["random", "geokr", "moco"] == arranged.variants
    assert ["byol: not run on every protocol"] == arranged.left_out


def test_a_seed_that_one_method_lacks_is_used_for_none(make_study):
    records = [r for r in make_study() if not (r.method == "moco" and r.seed == 1 and r.fraction == 0.1)]
    assert [(3, 3, 2)] == [scores.shape for scores in ranking.blocks(from_records(records)).scores]


def test_the_normalised_score_is_the_share_of_the_references_error_that_is_gone():
    # random 0.6 (error 0.4), other 0.7: a quarter of the error is gone.
    arranged = ranking.Blocks(["random", "geokr"], ["p"], [np.array([[[0.6, 0.6]], [[0.7, 0.7]]])], [], {})
    standing = ranking.interquartile_means(arranged)
    assert [0.0, 0.25] == pytest.approx([interval.estimate for interval in standing.intervals])


def test_the_interquartile_mean_ignores_the_best_and_worst_quarter():
    scores = np.array([[[0.0] * 8], [[-100.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 100.0]]])
    standing = ranking.interquartile_means(ranking.Blocks(["random", "geokr"], ["p"], [scores], [], {}))
    assert 0.2 == pytest.approx(standing.intervals[1].estimate)


def test_the_critical_difference_is_that_of_demsars_example():
    # Demsar 2006, section 3.2.2: 4 classifiers, 14 data sets, q = 2.569 -> CD = 1.25.
    assert 1.25 == pytest.approx(ranking.critical_difference(4, 14), abs=0.005)


def test_nothing_shared_gives_an_empty_standing(make_study):
    records = [*make_study(methods=["a"], boards=BOARDS[:1]), *make_study(methods=["b"], boards=BOARDS[1:])]
    assert [] == ranking.average_ranks(ranking.blocks(from_records(records))).variants


def arranged_on(ranks):
    """Scores of one fraction and seed, with these ranks: a row a task."""
    scores = [-np.array(row, dtype=float).reshape(-1, 1, 1) for row in ranks]
    names = [f"t{at}" for at in range(len(ranks))]
    return ranking.Blocks([f"m{at}" for at in range(len(ranks[0]))], names, scores, [], {})


def test_friedmans_test_is_that_of_scipy_read_by_f():
    ranks = np.array([stats.rankdata(row) for row in np.random.default_rng(3).integers(0, 6, (7, 4))])
    statistic = stats.friedmanchisquare(*ranks.T).statistic
    f = 6 * statistic / (7 * 3 - statistic)
    assert stats.f.sf(f, 3, 18) == pytest.approx(ranking.friedman(ranks))
    assert 1.0 == ranking.friedman(np.full((4, 3), 2.0))
    assert 0.0 == ranking.friedman(np.tile([1.0, 2.0, 3.0], (4, 1)))


def test_protocols_of_one_data_set_are_ranked_as_one_task():
    a, b = np.array([[[0.9]], [[0.1]]]), np.array([[[0.1]], [[0.9]]])
    arranged = ranking.Blocks(["m", "n"], ["p", "q", "r"], [a, a, b], [], {}, ["one", "one", "two"])
    assert [[1.0, 2.0], [2.0, 1.0]] == ranking.ranks_by_task(arranged).tolist()


def test_mean_ranks_over_tasks_have_students_interval_within_the_places():
    standing = ranking.ranks_over_tasks(arranged_on([[1, 2, 3], [1, 3, 2], [2, 1, 3], [1, 2, 3], [1, 2, 3]]))
    first = standing.intervals[0]
    assert 1.2 == pytest.approx(first.estimate)
    assert (1.0, 1.2 + stats.t.ppf(0.975, 4) * 0.2) == pytest.approx((first.low, first.high))


def test_four_tasks_give_mean_ranks_without_an_interval():
    standing = ranking.ranks_over_tasks(arranged_on([[1, 2, 3]] * 4))
    assert [1.0, 2.0, 3.0] == [each.estimate for each in standing.intervals]
    assert all(np.isnan(each.low) for each in standing.intervals)


@pytest.mark.parametrize(
    ("ranks", "words"),
    [
        ([[1, 2, 3]], "ranks need two tasks"),
        ([[1, 2, 3]] * 2, "2 tasks cannot tell 3 rows apart by rank"),
        ([[1, 2, 3], [3, 2, 1], [2, 1, 3], [1, 3, 2], [2, 3, 1]], "finds no order"),
        ([[1, 2, 3], [1, 2, 3], [2, 1, 3], [1, 3, 2], [1, 2, 3]], ""),
    ],
)
def test_ranks_say_why_they_tell_nothing_apart(ranks, words):
    found = ranking.separation(arranged_on(ranks)).silent
    assert words in found
    assert bool(words) == bool(found)


def test_an_order_without_two_rows_far_enough_apart_is_said_to_be_none():
    ranks = [[2, 4, 3, 1], [2, 3, 1, 4], [1, 2, 3, 4], [1, 3, 2, 4], [1, 3, 2, 4]]
    found = ranking.separation(arranged_on(ranks))
    assert found.p < 0.05
    assert f"no two mean ranks differ by the critical difference ({found.difference:.2f})" == found.silent
