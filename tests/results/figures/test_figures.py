import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from bench.errors import StoreError
from results.figures import write_figures
from results.figures.curves import label_efficiency
from results.figures.drawing import as_bytes
from results.figures.heatmap import method_by_task
from results.figures.panel import Example, predictions_panel
from results.figures.ranking import critical_difference_diagram
from results.frame import from_records
from results.stats.ranking import blocks

BOARDS = [("demo/city", "demo-city", "resnet18"), ("demo/town", "demo-town", "resnet18")]


def words(figure):
    root = ET.fromstring(as_bytes(figure, "svg"))
    return [text.strip() for text in root.itertext() if text.strip()]


def test_every_figure_is_written_as_png_and_svg(tmp_path, make_study):
    paths = write_figures(from_records(make_study(boards=BOARDS)), tmp_path)
    assert 8 == len(paths)
    assert {
        "curves-demo-city-aaaa1111-resnet18",
        "curves-demo-town-aaaa1111-resnet18",
        "heatmap-resnet18",
        "ranking-resnet18",
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
        assert as_bytes(label_efficiency(board), form) == as_bytes(label_efficiency(board), form)


def test_curves_pass_through_the_means_and_bars_reach_the_t_interval(make_record):
    records = [
        make_record(fraction=f, seed=i, metrics={"miou": s}) for f in (0.1, 1.0) for i, s in enumerate([0.5, 0.6, 0.7])
    ]
    (axes,) = label_efficiency(from_records(records)).axes
    (line, _, (bars,)) = axes.containers[0]
    assert [60.0, 60.0] == pytest.approx(list(line.get_ydata()))
    low, high = bars.get_segments()[0][:, 1]
    assert 2 * 4.302653 * 10 / 3**0.5 == pytest.approx(high - low, abs=1e-4)


def test_curves_name_every_method_and_fraction(make_study):
    shown = words(label_efficiency(from_records(make_study())))
    assert {"random", "geokr", "moco", "1%", "10%", "100%"} <= set(shown)


def test_the_heat_map_shows_points_above_random_and_names_holes(make_study):
    records = [r for r in make_study(boards=BOARDS, noise=0.0) if not (r.method == "moco" and r.dataset == "demo-town")]
    shown = words(method_by_task(from_records(records)))
    assert 2 == shown.count("+15.0")
    assert "no result" in shown
    assert {"demo/city", "demo/town", "1%"} <= set(shown)


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
    for figure in (label_efficiency(frame), method_by_task(frame), critical_difference_diagram(blocks(frame))):
        assert any(name.replace("\u202e", "[U+202E]") in word for word in words(figure))


def test_a_panel_paints_each_class_in_its_colour():
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    truth = np.array([[0, 1], [255, 1]], dtype=np.uint8).repeat(2, 0).repeat(2, 1)
    figure = predictions_panel([Example(image, truth, {"geokr": truth})], [(255, 0, 0), (0, 255, 0)])
    painted = figure.axes[1].images[0].get_array()
    assert [(255, 0, 0), (0, 255, 0), (128, 128, 128)] == [
        tuple(map(int, painted[i, j])) for i, j in ((0, 0), (0, 2), (2, 0))
    ]
    assert "PNG" == Image.open(io.BytesIO(as_bytes(figure, "png"))).format


def test_a_panel_refuses_a_class_without_colour_and_incomplete_methods():
    image, labels = np.zeros((2, 2, 3), dtype=np.uint8), np.full((2, 2), 3, dtype=np.uint8)
    with pytest.raises(StoreError, match="class 3 has no colour"):
        predictions_panel([Example(image, labels, {})], [(0, 0, 0)])
    with pytest.raises(StoreError, match="same methods"):
        predictions_panel([Example(image, labels, {"a": labels}), Example(image, labels, {})], [(0, 0, 0)] * 4)


def test_the_command_writes_files(store, tmp_path, run_bench):
    done = run_bench("figures", "--store", str(store), "--out", str(tmp_path / "f"))
    assert 0 == done.returncode
    assert 6 == len(list((tmp_path / "f").iterdir()))
