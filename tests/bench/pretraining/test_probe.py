"""Probing: it sees what features hold, and says when they have collapsed."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from bench import backbones
from bench.backbones import weights
from bench.backbones.normalisation import IMAGENET, UNIT
from bench.backbones.pyramid import Backbone
from bench.cli.probe import probe as command
from bench.cli.probe import table
from bench.cli.weights import export, find_card, list_weights
from bench.core.errors import StoreError
from bench.pretraining.probe import ProbeSet, features, probe
from bench.store.store import Store
from bench.studies.probe_sets import corpus_samples, folder_samples


class FirstPixel(Backbone):
    """A backbone whose features are the colour of the corner, or constant."""

    def __init__(self, constant: bool) -> None:
        super().__init__()
        self.constant = constant

    def forward(self, images):
        return ((images[:, :, :1, :1] * (0 if self.constant else 1)) + 1,)


def samples(count: int = 60) -> ProbeSet:
    """Red and blue images; colours decide the class."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, count)
    images = np.zeros((count, 4, 4, 3), dtype=np.uint8)
    images[np.arange(count), ..., labels * 2] = rng.integers(150, 256, (count, 1, 1))
    return ProbeSet(images, labels, np.arange(count))


def test_features_that_hold_the_class_are_scored_high_and_constant_ones_low():
    (good, same), (bad, _) = (probe(FirstPixel(constant=constant), IMAGENET, samples()) for constant in (False, True))
    assert good == same
    assert good.knn == good.linear == 1.0
    assert bad.linear < 0.75
    assert bad.spread < 1e-5 < bad.collapse < good.spread


def test_statistics_of_the_samples_tell_statistics_of_other_images_from_a_collapse():
    class Shifted(FirstPixel):
        def __init__(self, constant):
            super().__init__(constant)
            self.norm = torch.nn.BatchNorm2d(3)
            self.norm.running_mean.fill_(-50.0)

        def forward(self, images):
            return (self.norm(super().forward(images)[0]).relu(),)

    seen, adapted = probe(Shifted(constant=False), IMAGENET, samples())
    assert seen.spread < seen.collapse < adapted.spread
    assert adapted.knn == 1.0
    _, collapsed = probe(Shifted(constant=True), IMAGENET, samples())
    assert collapsed.spread < collapsed.collapse


def test_features_are_those_of_the_image_normalised_with_the_statistics_of_the_weights():
    """White is (1 - .485) / .229 = 2.249 and so on by ImageNet's statistics, and 1 where weights saw [0, 1]."""
    images = np.full((1, 4, 4, 3), 255, dtype=np.uint8)
    expected = [(1 - 0.485) / 0.229 + 1, (1 - 0.456) / 0.224 + 1, (1 - 0.406) / 0.225 + 1]
    assert features(FirstPixel(constant=False), IMAGENET, images)[0].tolist() == pytest.approx(expected, rel=1e-5)
    assert [2.0, 2.0, 2.0] == features(FirstPixel(constant=False), UNIT, images)[0].tolist()


def test_tiles_of_one_block_are_never_split(corpus):
    found = corpus_samples(corpus)
    assert len(found.images) == len(found.labels) == len(found.groups) == len(corpus)
    # 8 x 12 tiles in blocks of 4 x 4.
    assert np.bincount(found.groups).tolist() == [16] * 6


def test_labelled_images_are_probed_each_on_its_own(labelled):
    found = folder_samples(labelled, 32)
    assert found.images.shape == (21, 32, 32, 3)
    assert found.labels.tolist() == [0] * 9 + [1] * 12
    assert len(set(found.groups)) == 21


@pytest.fixture
def store(tmp_path):
    torch.manual_seed(0)
    state = backbones.build("squeezenet1_1").state_dict()
    for key in ("aa11", "aa22"):
        card = {"key": key, "method": "random", "backbone": "squeezenet1_1", "seed": 3, "steps": 0}
        card["input"] = IMAGENET.to_json()
        weights.save(tmp_path / "weights" / key, state, card)
    (tmp_path / "store.json").write_text('{"schema": 1}')
    return tmp_path


def test_a_store_is_listed_probed_and_exported_by_key(store, labelled, tmp_path):
    run = CliRunner()
    assert run.invoke(list_weights, ["--store", str(store)]).output.count("squeezenet1_1") == 2
    probed = run.invoke(command, ["aa1", "--store", str(store), "--images", str(labelled), "--size", "32"])
    assert probed.exit_code == 0, probed.output
    assert "| random | squeezenet1_1 | aa11 | 0 |" in probed.output
    everything = run.invoke(command, ["--store", str(store), "--images", str(labelled), "--size", "32", "--json"])
    assert [row["key"] for row in json.loads(everything.output)] == ["aa11", "aa22"]
    # squeezenet has no batch norm: both columns are one.
    assert all(row["as trained"] == row["target"] for row in json.loads(everything.output))
    out = tmp_path / "out"
    assert run.invoke(export, ["aa2", "--store", str(store), "--out", str(out)]).exit_code == 0
    assert (tmp_path / "out.safetensors").is_file()


@pytest.mark.parametrize(
    ("key", "what"), [("aa", "has 2 weights"), ("bb", "has no weights"), ("../aa11", "has no weights")]
)
def test_an_ambiguous_or_unknown_key_is_refused(store, key, what):
    with pytest.raises(StoreError, match=what):
        find_card(Store(store), key)


def row(method: str, seed: int, knn: float, linear: float, adapted: tuple[float, float] | None = None) -> dict:
    rest = {
        "key": f"{method}{seed}",
        "backbone": "resnet18",
        "options": {},
        "row": None,
        "corpus_hash": None,
        "warnings": {},
        "steps": 9,
    }
    scores = {
        bn: {"knn": both[0], "linear": both[1], "spread": 0.1, "collapse": 0.05}
        for bn, both in (("as trained", (knn, linear)), ("target", adapted or (knn, linear)))
    }
    return {"method": method, "seed": seed, "count": 100, **rest, **scores}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_counts_the_seeds_in_which_both_probes_beat_random_weights_of_that_seed():
    lines = table(
        [
            row("moco", 2, 0.6, 0.5),
            row("moco", 1, 0.6, 0.7),
            row("random", 1, 0.5, 0.6),
            row("random", 2, 0.5, 0.6),
            row("moco", 3, 0.9, 0.9),
        ]
    )
    scores = ["0.500 0.500", "0.600 0.600", "", "2.00 2.00"]
    assert ["random", "resnet18", "random1 random2", "9", *scores, *scores] == cells(lines[2])
    scores = ["0.600 0.600 0.900", "0.700 0.500 0.900", "1 of 2", "2.00 2.00 2.00"]
    assert ["moco", "resnet18", "moco1 moco2 moco3", "9", *scores, *scores] == cells(lines[3])


def test_rows_that_beat_random_under_one_kind_of_statistics_alone_are_marked_with_their_seeds():
    """Seed 1 wins as trained alone, seed 2 both times, seed 3 on the target alone."""
    lines = table(
        [
            *(row("random", seed, 0.5, 0.5, (0.7, 0.7)) for seed in (1, 2, 3)),
            row("moco", 1, 0.6, 0.6, (0.65, 0.9)),
            row("moco", 2, 0.6, 0.6, (0.8, 0.8)),
            row("moco", 3, 0.4, 0.6, (0.8, 0.8)),
            row("byol", 1, 0.6, 0.6, (0.8, 0.8)),
            row("random-raw", 1, 0.4, 0.4, (0.9, 0.9)),
        ]
    )
    found = {cells(line)[0]: cells(line) for line in lines[2:6]}
    assert ["2 of 3", "2 of 3"] == [found["moco \u2195"][at] for at in (6, 10)]
    assert ["1 of 1", "1 of 1"] == [found["byol"][at] for at in (6, 10)]
    assert [
        "\u2195 moco: beats random as trained and not target in seed 1",
        "\u2195 moco: beats random target and not as trained in seed 3",
        "\u2195 random (raw): beats random target and not as trained in seed 1",
    ] == lines[-3:]


def test_rows_of_one_method_stand_apart_under_their_names_with_their_warnings():
    lines = table(
        [
            row("moco", 1, 0.6, 0.7),
            row("moco", 2, 0.6, 0.7) | {"row": "moco-b", "warnings": {"loss-constant": "it never fell"}},
            row("moco", 3, 0.6, 0.7) | {"row": "moco-b"},
        ]
    )
    assert ["| moco |", "| moco-b \u2021 |"] == [line.split(" resnet18")[0].rstrip("| ") + " |" for line in lines[2:4]]
    assert "moco2 moco3" in lines[3]
    assert "\u2021 moco-b: loss-constant: it never fell" == lines[-1]


def test_a_store_without_weights_is_refused(tmp_path):
    (tmp_path / "store.json").write_text('{"schema": 1}')
    with pytest.raises(StoreError, match="has no weights to probe"):
        CliRunner().invoke(command, ["--store", str(tmp_path)], catch_exceptions=False)
