"""What is told of views, in the words of a table."""

from bench.pretraining.options import PretrainOptions, TrainingOptions
from bench.pretraining.views import COLUMNS, COMMON, Recipe, Views, describe, upright, whole


def test_a_recipe_fills_the_columns_in_their_order():
    recipe = Recipe(scale=(0.3, 1.0), turns=(0.5, 0.5, 0.0, 0.0), blur=1.0, noise=0.6, noise_variance=(10.0, 50.0))
    expected = ["0.3 to 1", "0.5", "-", "0° at 0.5, 90° at 0.5", "-", "-", "1, s.d. 0.1 to 2 px"]
    expected += ["0.6, variance 10 to 50", "-", "half of it", "much"]
    assert dict(zip(COLUMNS, expected, strict=True)) == describe(Views({"one": recipe}, "much", "half of it"))


def test_views_that_differ_are_told_apart_only_where_they_do():
    told = describe(Views({"a": COMMON, "b": whole(COMMON), "c": upright(COMMON)}))
    assert ("a 0.2 to 1; b -; c 0.2 to 1", "a any; b any; c -", "0.2") == tuple(
        told[column] for column in ("crop", "quarter turns", "grey")
    )


def test_without_a_training_there_are_no_views_and_a_method_that_says_nothing_is_not_taken_for_one_without():
    assert {"-"} == set(describe(PretrainOptions().augmentation()).values())
    assert {"not stated"} == set(describe(TrainingOptions(views="common").augmentation()).values())
    assert list(COLUMNS) == list(describe(None))
