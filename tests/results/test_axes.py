"""What a study's axes explain, from records alone."""

import itertools

import pytest
from click.testing import CliRunner
from synthetic_records import synthetic_record, write_records

from bench.cli.axes import command
from bench.core.errors import StudyError
from bench.core.files import write_json
from bench.store.grids import Grid
from results.axes import explain
from results.axes_said import grids, render, sentences

# Of a score in points: what a corpus, a method and a repeat add, and what is left, which sums to 0 both ways.
CORPUS = {"demo": 0, "other": 2}
METHOD = {"moco": 0, "geokr": 10}
REST = {("demo", "moco"): 1, ("demo", "geokr"): -1, ("other", "moco"): -1, ("other", "geokr"): 1}
SUBSETS = 2


def score(corpus, method, repeat):
    """Of two repeats; the rest has the other sign in the second."""
    return 0.4 + (CORPUS[corpus] + METHOD[method] + 3 * repeat + REST[corpus, method] * (1 - 2 * repeat)) / 100


def study(*, keep=lambda _record: True, axes=True, **changes):
    """Two corpora x two methods, two repeats of two subsets each, and a reference that stands at no point."""
    records = []
    for corpus, method, repeat, subset in itertools.product(CORPUS, METHOD, (0, 1), range(SUBSETS)):
        # Subsets of one pretraining are averaged: what they add cancels in their mean.
        value = score(corpus, method, repeat) + (0.05 if subset else -0.05)
        records.append(
            synthetic_record(
                key=f"{corpus}-{method}-{repeat}-{subset}",
                method=method,
                corpus=corpus,
                axes={"methods": method, "backbones": "resnet18", "corpora": corpus} if axes else {},
                seed=SUBSETS * repeat + subset,
                weights=f"{corpus}-{method}-{repeat}",
                metrics={"miou": value},
                schema=5,
                **changes,
            )
        )
    reference = synthetic_record(key="random", schema=5, axes={"backbones": "resnet18"} if axes else {})
    return [record for record in [*records, reference] if keep(record)]


def test_subsets_of_a_pretraining_are_one_score_and_shares_are_those_of_a_hand(tmp_path):
    """Eight scores, in points: SS of the data 8 x 1^2 = 8, of the algorithm 8 x 5^2 = 200, of both 0, of the rest 8.

    The rest has 3 degrees of freedom. Components: (8 - 8/3) / 8 = 2/3, (200 - 8/3) / 8 = 74/3, 0, and 8/3: 28 in all.
    """
    found = explain(tmp_path, study()).whole
    assert (["corpora", "methods"], 2, 2) == (found.axes, found.repeats, found.pretrainings)
    shares = {found.name_of(part.term): part.share.estimate for part in found.split.components}
    expected = {"data": 2 / 84, "algorithm": 74 / 84, "data x algorithm": 0.0, "seeds": 8 / 84}
    assert expected == pytest.approx(shares)
    assert {"moco": 42.5, "geokr": 52.5} == pytest.approx({k: 100 * v for k, v in found.means(1).items()})


def test_a_grid_of_the_store_speaks_before_the_words_of_the_study_that_made_the_records(tmp_path):
    """Records that another study made have no axes of this one."""
    records = study(axes=False)
    with pytest.raises(StudyError, match="no study with axes was run in this store"):
        explain(tmp_path, records)
    cells = {record.key: record.axes for record in study() if record.axes}
    write_json(tmp_path / "grids" / "mine.json", Grid.of("mine", cells).model_dump(mode="json"))
    assert ("mine", ["corpora", "methods"]) == ((found := explain(tmp_path, records)).study, found.whole.axes)
    with pytest.raises(StudyError, match="no study 'yours' with axes was run in this store: choose from mine"):
        explain(tmp_path, records, "yours")


def test_columns_are_split_each_and_their_mean_is_what_sentences_are_about(tmp_path):
    other = [
        record.model_copy(update={"key": f"{record.key}-all", "fraction": 0.1, "labels": "10%"}) for record in study()
    ]
    found = explain(tmp_path, [*study(), *other])
    assert ["demo/city at 10%", "demo/city at 100%", "mean of 2 columns"] == [
        *(column.name for column in found.columns),
        found.whole.name,
    ]
    assert 4 == len(grids(found))


def test_variants_that_an_axis_makes_of_a_protocol_are_one_column(tmp_path):
    def at(size, worse):
        return [
            record.model_copy(
                update={
                    "key": f"{record.key}-{size}",
                    "axes": record.axes | {"eval_sizes": size},
                    "protocol": "demo/city" if size == "native" else "demo/city-96px",
                    "design": {} if size == "native" else {"of": "demo/city"},
                    "metrics": {"miou": record.score - worse},
                }
            )
            for record in study()
            if "methods" in record.axes
        ]

    found = explain(tmp_path, [*at("native", 0.0), *at("96 px", 0.2)])
    assert ["corpora", "methods", "eval_sizes"] == found.whole.axes
    assert "The evaluation size explains 78% [" in sentences(found)[0]


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (lambda record: not record.key.startswith("other-geokr"), "lacks 1 of 4 points, such as other, geokr: shares"),
        (lambda record: record.seed == 0, "has 1 whole repeats: seeds need two at least, run more"),
        (lambda record: record.key.startswith("demo-moco"), "no axis has two levels on demo/city at 100%"),
        (lambda record: record.key == "random", "no record of a trained row is there"),
    ],
)
def test_what_cannot_be_split_is_said_in_one_line(tmp_path, keep, message):
    with pytest.raises(StudyError) as caught:
        explain(tmp_path, study(keep=keep))
    assert message in str(caught.value)


def test_a_repeat_that_lacks_a_point_is_left_out_and_said(tmp_path):
    more = [
        record.model_copy(update={"key": f"{record.key}-b", "seed": record.seed + 4, "weights": f"{record.weights}-b"})
        for record in study()
    ]
    found = explain(tmp_path, [*study(), *(record for record in more if not record.key.startswith("demo-moco-1"))])
    assert (3, ["demo/city at 100%: 1 repeats lack a point, and are left out"]) == (found.whole.repeats, found.left_out)


def test_sentences_say_what_is_told_apart_and_what_is_not(tmp_path):
    """With two repeats little is sure: of the data's 2% nothing is."""
    said = sentences(explain(tmp_path, study()))
    assert said[0].startswith("The algorithm explains 88% [")
    assert said[0].endswith("geokr has 52.50 points in the mean, moco 42.50.")
    assert "The data explains 2.4% [0.0 to " in said[1]
    assert "it is not told apart from nothing; other has 48.50 points in the mean, demo 46.50." in said[1]
    assert "moves a score by 1.63 points (s.d.)" in said[2]
    assert said[3].startswith("The algorithm has the largest share of the axes")


def test_networks_are_held_against_what_they_are_before_any_training(tmp_path):
    def on(backbone, more):
        changes = {"backbone": backbone}
        return [
            record.model_copy(
                update=changes
                | {
                    "key": f"{record.key}-{backbone}",
                    "axes": record.axes | {"backbones": backbone},
                    "metrics": {"miou": record.score + more},
                }
            )
            for record in study()
        ]

    found = explain(tmp_path, [*on("resnet18", 0.0), *on("vgg16", 0.1)])
    expected = "Random weights have 50.00 points on resnet18, 60.00 points on vgg16: so far networks lie apart before"
    assert expected in sentences(found)[-1]


def test_one_pretraining_a_point_is_said_and_each_repeat_counts(tmp_path):
    records = [record.model_copy(update={"weights": record.weights[:-2]}) for record in study()]
    found = explain(tmp_path, records)
    assert (1, 4) == (found.whole.pretrainings, found.whole.repeats)
    assert "One pretraining stands for each point" in render(found, "markdown")


def test_the_command_prints_tables_and_sentences_in_every_form(tmp_path):
    write_records(tmp_path, study())
    printed = {form: CliRunner().invoke(command, ["--store", str(tmp_path), "--format", form]) for form in FORMS}
    assert {0} == {result.exit_code for result in printed.values()}
    text, markdown, latex, csv = (printed[form].output for form in FORMS)
    assert "What explains synthetic, demo/city at 100%" in text
    assert "\nThe algorithm explains 88% [" in text
    assert "- The algorithm explains 88% \\[" in markdown
    assert r"\begin{document}" in latex
    assert csv.splitlines()[0] == 'table,source,df,"share, %",95% interval,"in all, %",95% interval of it'
    assert 5 == len(csv.splitlines())


FORMS = ("text", "markdown", "latex", "csv")
