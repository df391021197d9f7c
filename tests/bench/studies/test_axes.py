"""Axes of a study: which rows they make, what they share, and what is refused."""

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from textured_corpus import corpus  # noqa: F401 - a fixture

from bench.cli.plan import plan
from bench.core import files
from bench.core.errors import StudyError
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan
from tasks.labels.image_class import LABEL
from tasks.protocols import fed_at, load_protocol
from tasks.writing import SliceWriter

CORPORA = ["demo", {"demo": {"world": 3}}]


@pytest.fixture
def study(tmp_path):
    """Function that reads a study with axes: `study({"corpora": [...]}, methods=[...])`; keywords stand in the file."""

    def read(axes, overrides=None, **values):
        written = {"extends": "demo", "name": "mine", "references": [], "axes": axes, **values}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(written))
        return load_study(str(tmp_path / "mine.yaml"), overrides or {})

    return read


def names(study):
    return [row.name for row in study.rows()]


def test_trained_rows_stand_at_every_point_and_the_first_level_of_each_axis_leaves_them_their_name(study):
    crossed = study({"corpora": CORPORA, "budget": [7296, {"steps": 100}], "methods": ["moco"]})
    assert ["moco", "moco at 100 steps", "moco on demo-3", "moco on demo-3 at 100 steps"] == names(crossed)
    last = crossed.rows()[-1]
    assert {"corpora": "demo-3", "budget": "100 steps"} == last.point.levels
    assert (3, "100 steps") == (crossed.corpus_of(last).world, str(crossed.budget_of(last)))


def test_starts_and_sizes_are_options_of_the_row(study):
    rows = study({"init": ["random", "imagenet"], "pretrain_sizes": [64, 96]}, methods=["moco"]).rows()
    last = "moco from imagenet at 96 px"
    assert ["moco", "moco at 96 px", "moco from imagenet", last] == [row.name for row in rows]
    assert {"init": "imagenet", "size": 96} == rows[-1].options


def test_what_does_not_train_is_crossed_with_corpora_alone_and_only_where_it_reads_them(study):
    """Batch norm of random weights takes its statistics from the corpus; a network as it is initialised reads nothing."""
    axes = {"corpora": CORPORA, "budget": [7296, 14592]}
    crossed = study(axes, methods=["random-raw", "moco"], references=["random"])
    assert ["random", "random on demo-3", "random-raw", "moco"] == names(crossed)[:4]
    random, raw = (crossed.levels_of(crossed.rows()[at], "r18", load_protocol("demo/scenes-probe")) for at in (1, 2))
    assert ({"backbones": "r18", "corpora": "demo-3"}, {"backbones": "r18"}) == (random, raw)


def test_listed_points_are_those_that_are_named_and_a_row_of_two_blocks_stands_on_the_backbones_of_both(study):
    listed = study(
        [
            {"methods": "moco", "corpora": CORPORA, "backbones": "resnet18"},
            {"methods": ["moco", {"geokr": {"as": "ours", "lr": 0.1}}], "corpora": "demo", "backbones": "resnet50"},
        ],
    )
    assert {"moco": ("resnet18", "resnet50"), "moco on demo-3": ("resnet18",), "ours": ("resnet50",)} == {
        row.name: row.point.backbones for row in listed.rows()
    }
    assert ["resnet18", "resnet50"] == listed.backbones


def test_options_of_a_command_change_axes_of_rows_and_networks(study):
    axes = {"methods": ["moco", "geokr"], "backbones": ["resnet18"], "init": ["random", "imagenet"]}
    asked = study(axes, {"methods": ["geokr"], "backbones": ["resnet50"], "init": ["random"]})
    assert (["geokr"], ["resnet50"]) == (names(asked), asked.backbones)


@pytest.mark.parametrize(
    ("axes", "values", "message"),
    [
        ({"corpus": ["demo"]}, {}, "axes: 'corpus' is no axis; did you mean corpora?"),
        ({"corpora": ["demo", {"demo": {"as": "demo"}}]}, {}, "two levels are called 'demo': leave one out, or name"),
        ({"corpora": [{"demo": {"seed": 3}}]}, {}, "a corpus is its name or folder, or {corpus: {world: N, as: NAME}}"),
        ({"budget": [{"days": 3}]}, {}, "a budget is `paper`, or one of"),
        ({"pretrain_sizes": [4]}, {}, "greater than or equal to 16"),
        ("corpora", {}, "axes are keys with lists, such as corpora: [demo, mine], or a list of such, not 'corpora'"),
        ([{"eval_sizes": [64]}], {}, "eval_sizes is an axis of protocols, which all rows share: cross it"),
        (
            {"pretrain_sizes": [64, 96]},
            {"methods": [{"moco": {"size": 32}}]},
            "moco states its own size, which is an axis: leave one of them out",
        ),
        (
            {"init": ["random", "imagenet"]},
            {"methods": ["moco"], "options": {"moco": {"init": "imagenet"}}},
            "moco states its own init, which is an axis: leave one of them out",
        ),
        (
            {"heads": ["fcn"]},
            {"tasks": ["probe"]},
            "probe take no head fcn: leave it out, or ask for seg, change or det",
        ),
        ({"heads": ["fpm"]}, {"tasks": ["seg"]}, "unknown head 'fpm'"),
        (
            {"eval_sizes": [64, 96]},
            {"tasks": ["seg"]},
            "labels of seg lie in pixels, which no other size of images fits",
        ),
        (
            {"budget": [7296, 14592]},
            {"methods": [{"moco": {"epochs": 3}}]},
            "options of moco: epochs=3 beside the study's budget of 7,296 views",
        ),
    ],
)
def test_what_cannot_be_crossed_is_refused_in_one_line(study, axes, values, message):
    with pytest.raises(StudyError) as caught:
        study(axes, **values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_protocols_are_fed_at_each_size_and_at_their_own_stay_what_they_were():
    own = load_protocol("demo/scenes-probe")
    assert own is fed_at(own, None) is fed_at(own, 64)
    wide = fed_at(own, 96)
    assert ("demo/scenes-probe-96px", "demo/scenes-probe", 96) == (wide.id, wide.of, wide.evaluation.size)
    assert own.hash != wide.hash


def test_a_head_makes_a_variant_of_each_protocol_whose_task_takes_it_and_its_own_head_none(study):
    """Options of the protocol's own head say nothing of another, which has its own."""
    asked = study({"heads": ["fcn", "upernet", "retinanet-fpn"]}, tasks=["seg", "det", "probe"], methods=["moco"])
    protocols = {each.id: each for each in asked.all_protocols()}
    assert ["demo/city", "demo/city-upernet", "demo/objects-retinanet-fpn"] == list(protocols)[:3]
    assert load_protocol("demo/city") == protocols["demo/city"]
    assert {"head": "upernet"} == protocols["demo/city-upernet"].network
    levels = {name: asked.levels_of(asked.rows()[0], "r18", each).get("heads") for name, each in protocols.items()}
    assert ["fcn", "upernet", "retinanet-fpn", None] == list(levels.values())[:4]
    assert ["demo/city-linear"] == [each.id for each in study(None, tasks=["seg"], head="linear").all_protocols()]


def test_an_axis_of_evaluation_sizes_makes_a_variant_of_each_protocol_that_can_be_scaled(study):
    asked = study({"eval_sizes": ["native", 96]}, tasks=["cls", "seg"], methods=["moco"])
    assert ["demo/scenes", "demo/scenes-96px", "demo/city"] == [each.id for each in asked.all_protocols()]
    levels = [asked.levels_of(asked.rows()[0], "resnet18", each) for each in asked.all_protocols()[:2]]
    assert ["native", "96 px"] == [each["eval_sizes"] for each in levels]


@pytest.fixture
def images(tmp_path):
    """Images of two classes, for demo/scenes."""
    with files.new_folder(tmp_path / "set") as work:
        writer = SliceWriter(work, 80, 4, ["a", "b"], LABEL)
        for at in range(80):
            writer.add(np.full((4, 4, 3), at, np.uint8), at % 2, f"image-{at}")
        writer.finish({"palette": [[0, 0, 0]] * 2, "synthetic": True})
    return str(tmp_path / "set")


def test_cells_share_weights_and_keep_the_keys_that_they_have_without_axes(study, images, corpus, tmp_path):  # noqa: F811
    """Only the point of another length is trained anew; a random start has no length, and its cell is there once."""
    inputs = Inputs(print, tmp_path)
    values = {"data": {"demo-scenes": images}, "tasks": ["cls"], "labels": ["100%"], "seeds": 1, "methods": ["moco"]}
    values |= {"references": ["random"], "corpus": str(corpus.path), "budget": {"views": 640}}
    plain = make_plan(study(None, **values), inputs)
    axes = {"budget": [640, 1280], "pretrain_sizes": [64], "eval_sizes": ["native", 32]}
    crossed = make_plan(study(axes, **values), inputs)
    assert {job.key for job in plain.pretrains} <= {job.key for job in crossed.pretrains}
    assert {cell.key for cell in plain.cells} <= {cell.key for cell in crossed.cells}
    assert (3, 6) == (len(crossed.pretrains), len(crossed.cells))
    assert {} == plain.grid
    at = dict(
        zip(
            ("methods", "budget", "pretrain_sizes", "eval_sizes"), ("moco", "640 views", "64 px", "native"), strict=True
        )
    )
    assert at | {"backbones": "timm:test_resnet"} == crossed.grid[plain.cells[1].key]
    assert {"backbones", "eval_sizes"} == crossed.grid[plain.cells[0].key].keys()
    with pytest.raises(StudyError, match="axes: moco and moco at 660 views are one training on timm:test_resnet"):
        make_plan(study({"budget": [640, 660]}, **values), inputs)


def test_the_plan_prints_the_grid_and_its_cost_before_anything_else(study, images, corpus, tmp_path):  # noqa: F811
    values = {"data": {"demo-scenes": images}, "tasks": ["cls"], "labels": ["100%"], "seeds": 2, "methods": ["moco"]}
    study({"budget": [640, {"steps": 7}], "methods": ["moco", "byol"]}, **values, corpus=str(corpus.path))
    asked = ["--study", str(tmp_path / "mine.yaml"), "--store", str(tmp_path / "store")]
    done = CliRunner().invoke(plan, asked, env={"BENCH_DATA": str(tmp_path)})
    assert 0 == done.exit_code, done.output
    grid = "2 methods (moco, byol) x 1 backbones (timm:test_resnet) x 2 budget (640 views, 7 steps)"
    assert done.stdout.startswith(f"Grid: {grid}: 4 points, 8 trainings for 8 cells; 8 of 8 cells to do, about ")
