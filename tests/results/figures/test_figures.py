import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from results import labels
from results.budgets import score_against_compute
from results.effects import stars
from results.figures import write_figures
from results.figures.compute import score_by_compute
from results.figures.curves import label_efficiency
from results.figures.drawing import as_bytes
from results.figures.forest import forest
from results.figures.heatmap import method_by_task
from results.figures.predictions import draw_predictions
from results.figures.ranking import critical_difference_diagram
from results.frame import from_records, load
from results.looks import LIGHT, looks
from results.predictions import gallery
from results.stats.block_model import compare
from results.stats.ranking import blocks

BOARDS = [("demo/city", "demo-city", "resnet18"), ("demo/town", "demo-town", "resnet18")]


def curves(board):
    return label_efficiency(board, looks(sorted(set(board["variant"]))))


def words(figure):
    root = ET.fromstring(as_bytes(figure, "svg"))
    return [text.strip() for text in root.itertext() if text.strip()]


def test_every_figure_is_written_as_png_and_svg(tmp_path, make_study):
    paths = write_figures(from_records(make_study(boards=BOARDS)), tmp_path)
    assert 10 == len(paths)
    assert {
        "curves-demo-city-aaaa1111-resnet18",
        "curves-demo-town-aaaa1111-resnet18",
        "effects-demo-city-aaaa1111-resnet18",
        "effects-demo-town-aaaa1111-resnet18",
        "heatmap-resnet18",
    } == {path.stem for path in paths}
    for path in paths:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                assert picture.width > 400
        else:
            ET.parse(path)


def test_equal_records_give_equal_files(make_study):
    board = from_records(make_study())
    for form in ("png", "svg"):
        assert as_bytes(curves(board), form) == as_bytes(curves(board), form)


def test_curves_pass_through_the_means_and_bars_reach_the_t_interval(make_record):
    records = [
        make_record(fraction=f, seed=i, metrics={"miou": s}) for f in (0.1, 1.0) for i, s in enumerate([0.5, 0.6, 0.7])
    ]
    (axes,) = curves(from_records(records)).axes
    (line, _, (bars,)) = axes.containers[0]
    assert [60.0, 60.0] == pytest.approx(list(line.get_ydata()))
    low, high = bars.get_segments()[0][:, 1]
    assert 2 * 4.302653 * 10 / 3**0.5 == pytest.approx(high - low, abs=1e-4)


def test_equal_ratios_of_labels_are_equal_steps_along_the_curves_axis(make_record):
    records = [make_record(fraction=f, seed=i) for f in (0.01, 0.1, 1.0) for i in range(2)]
    (axes,) = curves(from_records(records)).axes
    assert [0.01, 0.1, 1.0] == list(axes.get_xticks())
    one, ten, all_ = (axes.transData.transform((fraction, 50))[0] for fraction in (0.01, 0.1, 1.0))
    assert ten - one == pytest.approx(all_ - ten)
    assert ten - one > 50  # pixels


def test_curves_name_every_method_and_fraction(make_study):
    shown = words(curves(from_records(make_study())))
    assert {"random", "geokr", "moco", "1%", "10%", "100%"} <= set(shown)


def test_the_frame_holds_every_interval_whole_as_far_as_scores_go(make_study):
    board = from_records(make_study(noise=0.15))
    (axes,) = curves(board).axes
    low, high = axes.get_ylim()
    ends = [
        y for container in axes.containers for bars in container[2] for part in bars.get_segments() for y in part[:, 1]
    ]
    assert low < min(ends) < max(ends) < high
    assert 0 <= min(ends) < max(ends) <= 100


def test_a_row_has_its_colour_in_every_figure_and_its_name_beside_its_line(make_fair_study):
    frame = from_records(with_costs(make_fair_study))
    given = looks(["random", "geokr", "moco"])
    spent = {"1%": score_against_compute(frame)[0.01]}
    for figure in (label_efficiency(frame, given), score_by_compute("x", "miou", spent, {}, given)):
        axes = figure.axes[0]
        drawn = {container[0].get_color() for container in axes.containers}
        assert drawn <= {LIGHT[look.slot] for look in given.values()}
        names = [text for text in axes.texts if text.get_text() in given]
        figure.draw_without_rendering()
        boxes = sorted((text.get_window_extent() for text in names), key=lambda box: box.y0)
        assert 3 == len(boxes)
        assert all(above.y0 >= below.y1 for below, above in pairwise(boxes))
        assert all(box.x0 > axes.get_window_extent().x1 for box in boxes)


def test_a_forest_plot_fills_what_is_called_and_leaves_the_rest_hollow(make_record):
    scores = {"random": (0.3, 0.31, 0.29), "geokr": (0.5, 0.51, 0.49), "moco": (0.31, 0.30, 0.29)}
    records = [
        make_record(method=method, seed=seed, metrics={"miou": score})
        for method, values in scores.items()
        for seed, score in enumerate(values)
    ]
    frame = from_records(records)
    figure = forest("demo/city", stars(compare(frame)), labels.amounts(frame), looks(["random", "geokr", "moco"]))
    (axes,) = figure.axes
    geokr, moco = (container[0] for container in axes.containers)
    assert geokr.get_color() == geokr.get_markerfacecolor()
    assert "white" == moco.get_markerfacecolor()
    assert ([20.0], [0.0]) == (pytest.approx(list(geokr.get_xdata())), pytest.approx(list(moco.get_xdata())))
    assert {"geokr", "moco", "100%: points above random"} <= set(words(figure))


def test_one_seed_has_no_forest_plot(make_study):
    frame = from_records(make_study(seeds=1))
    assert forest("x", stars(compare(frame)), labels.amounts(frame), looks(["random", "geokr", "moco"])) is None


def test_ranks_are_drawn_only_where_they_tell_two_rows_apart(tmp_path, make_study):
    places = [(f"demo/{at}", f"demo-{at}", "resnet18") for at in range(8)]
    for number, drawn in ((2, False), (8, True)):
        records = make_study(boards=places[:number], fractions=[0.01], seeds=2, noise=0.001)
        stems = {path.stem for path in write_figures(from_records(records), tmp_path / str(number))}
        assert drawn == ("ranking-resnet18" in stems)


def test_the_heat_map_shows_points_above_random_and_names_holes(make_study):
    records = [r for r in make_study(boards=BOARDS, noise=0.0) if not (r.method == "moco" and r.dataset == "demo-town")]
    shown = words(method_by_task(from_records(records)))
    assert 2 == shown.count("+15.0")
    assert {"-", "-: no result."} <= set(shown)
    assert {"demo/city", "demo/town", "1%"} <= set(shown)


def test_names_of_many_columns_are_slanted_for_they_would_run_into_each_other(make_study):
    boards = [(f"demo/{at}", f"demo-{at}", "resnet18") for at in range(4)]
    few, many = (
        method_by_task(from_records(make_study(boards=boards[:number], noise=0.0))).axes[0].get_xticklabels()
        for number in (3, 4)
    )
    assert ["demo/0", "1%", 0] == [*few[0].get_text().split("\n"), few[0].get_rotation()]
    assert ("demo/3 at 1%", 40) == (many[3].get_text(), many[3].get_rotation())


def test_the_heat_map_without_random_shows_scores(make_study):
    shown = words(method_by_task(from_records(make_study(methods=["geokr", "moco"], noise=0.0))))
    assert "45.0" in shown


def test_the_ranking_shows_ranks_and_the_critical_difference(make_study):
    shown = " ".join(words(critical_difference_diagram(blocks(from_records(make_study(boards=BOARDS, noise=0.001))))))
    assert "1.00" in shown
    assert "critical difference 2.34" in shown  # 2.343 * sqrt(3 * 4 / (6 * 2)), Demsar 2006, table 5


@pytest.mark.parametrize("name", ["$x^2", "_hidden", "<b>", "ab\u202ecd", r"\frac{"])
def test_names_are_drawn_as_they_are(make_study, name):
    frame = from_records(make_study(methods=["random", name], boards=[(name, name, "resnet18")]))
    for figure in (curves(frame), method_by_task(frame), critical_difference_diagram(blocks(frame))):
        assert any(name.replace("\u202e", "[U+202E]") in word for word in words(figure))


WATER, ROAD = np.zeros((8, 8), dtype=np.uint8), np.ones((8, 8), dtype=np.uint8)


def test_a_panel_shows_image_truth_and_each_method_in_the_classes_colours(store, save_prediction):
    frame = load(store)
    for row in frame[(frame["fraction"] == 0.01) & (frame["seed"] == 0)].itertuples():
        if row.method != "moco":
            save_prediction(store, row.key, "a", np.zeros((8, 8, 3), np.uint8), {"truth": WATER, "prediction": ROAD})
        save_prediction(store, row.key, "b", np.zeros((8, 8, 3), np.uint8), {"truth": WATER, "prediction": ROAD})
    figure = draw_predictions(gallery(store, frame, ["random", "geokr", "moco"]))
    painted = [axes.images[0].get_array()[0, 0].tolist() for axes in figure.axes[:5]]
    assert [[0, 0, 0], [0, 0, 255], [255, 255, 0], [255, 255, 0], [255, 255, 0]] == painted
    assert 9 == sum(len(axes.images) for axes in figure.axes)
    shown = words(figure)
    assert {"image", "truth", "random", "geokr", "moco", "water", "road", "no picture"} <= set(shown)
    assert "demo/city, resnet18, 1% of the labels, seed 0" in shown


def test_a_panel_of_classification_writes_the_classes(store, save_prediction):
    frame = load(store)
    for row in frame.itertuples():
        parts = {"truth": WATER, "prediction": WATER}
        save_prediction(
            store, row.key, "a", np.zeros((8, 8, 3), np.uint8), parts, {"truth": "pond", "prediction": "$x"}
        )
    shown = words(draw_predictions(gallery(store, frame, ["geokr"])))
    assert {"pond", "$x"} <= set(shown)


def test_the_command_writes_files(store, tmp_path, run_bench):
    done = run_bench("figures", "--store", str(store), "--out", str(tmp_path / "f"))
    assert 0 == done.returncode
    assert 6 == len(list((tmp_path / "f").iterdir()))  # effects, curves, heat map


def test_the_command_draws_saved_predictions(store, tmp_path, run_bench, save_prediction):
    for row in load(store).itertuples():
        save_prediction(store, row.key, "a", np.zeros((8, 8, 3), np.uint8), {"truth": WATER, "prediction": ROAD})
    done = run_bench("figures", "--store", str(store), "--out", str(tmp_path / "f"))
    assert 0 == done.returncode
    assert 2 == len(list((tmp_path / "f").glob("predictions-demo-city-*")))


def test_figures_mark_rows_that_rest_on_a_warning_and_say_what_the_mark_is(make_study):
    records = make_study(boards=BOARDS, methods=["random", "moco"])
    frame = from_records([*records, *make_study(boards=BOARDS, methods=["geokr"], warnings={"w": "x"})])
    for figure in (curves(frame), method_by_task(frame), critical_difference_diagram(blocks(frame))):
        shown = words(figure)
        assert {"geokr ‡", "moco", "‡: rests on training with a warning"} <= set(shown)
    assert not any("‡" in word for word in words(curves(from_records(records))))


def facts(flops):
    return {"steps": 100.0, "flops": flops, "flops_forward": flops / 3}


def with_costs(make_fair_study, **changes):
    records = make_fair_study(methods=["random"], fractions=[0.01, 1.0], **changes)
    for method, flops in (("geokr", 1e12), ("moco", 4e12)):
        records += make_fair_study(methods=[method], fractions=[0.01, 1.0], pretraining=facts(flops), **changes)
    return records


def test_score_stands_at_its_compute_with_its_interval(tmp_path, make_fair_study):
    frame = from_records(with_costs(make_fair_study, trivial=0.2))
    paths = write_figures(frame, tmp_path)
    assert 2 == sum(path.stem == "compute-demo-city-aaaa1111-resnet18" for path in paths)
    spent = {labels.amounts(frame)[at]: rows for at, rows in score_against_compute(frame).items()}
    figure = score_by_compute("demo/city", "miou", spent, {"1%": 0.2}, looks(["random", "geokr", "moco"]))
    first = figure.axes[0]
    assert ["log", "log"] == [axes.get_xscale() for axes in figure.axes]
    assert [[1e12], [4e12]] == [list(bar[0].get_xdata()) for bar in first.containers]
    (low, high) = first.containers[0][2][0].get_segments()[0][:, 1]
    scores = frame[(frame["method"] == "geokr") & (frame["fraction"] == 0.01)]["score"]
    assert 2 * 4.302653 * 100 * scores.std() / 3**0.5 == pytest.approx(high - low, rel=1e-5)
    assert {"random", "geokr", "moco", "trivial", "1%", "100%"} <= set(words(figure))


def test_without_flops_there_is_no_figure_of_compute(tmp_path, make_study):
    assert not any(path.stem.startswith("compute") for path in write_figures(from_records(make_study()), tmp_path))


def test_curves_are_drawn_over_labels_used_and_say_so(make_fair_study):
    epochs = {"length": "epochs", "selection": "val"}
    board = from_records(make_fair_study(methods=["geokr"], beyond=900, trivial=0.3, design=epochs))
    figure = curves(board)
    (axes,) = figure.axes
    (line, *_) = axes.containers[0]
    assert [1.01, 1.1, 2.0] == pytest.approx(list(line.get_xdata()))
    shown = words(figure)
    assert {"labels used, as a share of the training part", labels.FEWER_STEPS, "trivial"} <= set(shown)
    (dotted,) = [line for line in axes.get_lines() if line.get_linestyle() == ":"]
    assert [30.0] * 3 == pytest.approx(list(dotted.get_ydata()))
    assert axes.get_ylim()[0] < 30.0


def test_one_seed_is_a_mark_without_an_interval(make_fair_study):
    frame = from_records(with_costs(make_fair_study, seeds=1))
    figure = score_by_compute(
        "demo/city", "miou", {"1%": score_against_compute(frame)[0.01]}, {}, looks(frame["variant"])
    )
    ET.fromstring(as_bytes(figure, "svg"))
    assert {"geokr", "moco", "random"} <= set(words(figure))
