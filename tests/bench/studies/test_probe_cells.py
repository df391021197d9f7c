"""Probes as cells: whose tiles enter the key, what is refused before anything runs, and what the record says."""

import importlib.util
import shutil
from pathlib import Path

import pytest
import yaml
from prepared_index import write_index
from textured_corpus import write_corpus

from bench.backbones import weights
from bench.core.bands import RGB
from bench.core.errors import BenchError
from bench.store.store import Store
from bench.studies import work
from bench.studies.inputs import Inputs
from bench.studies.jobs import Answer
from bench.studies.loading import load_study
from bench.studies.plan import make_plan
from tasks.protocols import load_protocol


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Two corpora of different tiles."""
    root = tmp_path_factory.mktemp("corpora")
    return [str(write_corpus(root / str(rows), rows, 4, 32).path) for rows in (2, 3)]


@pytest.fixture
def planned(tmp_path):
    """A function that plans a study of random weights on one protocol of probes, `planned(bn, **study)`."""
    write_index(tmp_path / "data", 10)

    def plan(bn, subsets=1, **study):
        values = load_protocol("demo/scenes-probe").model_dump(mode="json", exclude_unset=True)
        values |= {"id": "mine", "bn": bn, "subsets": subsets, "sources": values["sources"] | {"bn": "ours"}}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
        load_protocol.cache_clear()
        asked = {"data": {"demo-scenes": str(tmp_path / "data")}, "methods": ["random"], "tasks": ["probe"]}
        asked["options.random.calibrate"] = "none"
        asked |= {"protocols": {"probe": [str(tmp_path / "mine.yaml")]}, "fractions": [1.0], "seeds": 1} | study
        return make_plan(load_study("demo", asked), Inputs(print, tmp_path)).cells

    return plan


def test_only_cells_that_take_statistics_of_the_corpus_depend_on_it(planned, corpora):
    first, other = corpora
    for bn in ("as-trained", "target"):
        cells = [planned(bn, corpus=corpus)[0] for corpus in (first, other, None)]
        assert 1 == len({cell.key for cell in cells})
        assert [None] * 3 == [cell.corpus for cell in cells]
    cells = [planned("corpus", corpus=corpus)[0] for corpus in (first, other)]
    assert cells[0].key != cells[1].key
    assert [first, other] == [cell.corpus for cell in cells]
    assert 3 == len({planned(bn, corpus=first)[0].key for bn in ("as-trained", "target", "corpus")})


def test_a_probe_on_the_corpus_statistics_is_refused_without_a_corpus(planned):
    with pytest.raises(BenchError) as caught:
        planned("corpus", corpus=None)
    assert "study demo needs a corpus: build one with `bench corpus build`" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_oracle_does_not_enter_a_protocol_that_trains_no_network(planned, corpora):
    assert {"random"} == {cell.pretrain.method for cell in planned("corpus", corpus=corpora[0], methods=["oracle"])}


def test_every_repeat_draws_the_protocols_subsets_from_one_pretraining(planned):
    """At half of the labels four subsets of two repeats; all labels are one subset."""
    cells = planned("as-trained", subsets=4, fractions=[0.5, 1.0], seeds=2)
    half, whole = ([cell for cell in cells if cell.fraction == fraction] for fraction in (0.5, 1.0))
    assert list(range(8)) == [cell.seed for cell in half]
    assert 8 == len({(cell.subset_seed, cell.train_seed) for cell in half})
    first, second = ({cell.pretrain.seed for cell in half[at : at + 4]} for at in (0, 4))
    assert (1, 1) == (len(first), len(second))
    assert first != second
    assert [0, 4] == [cell.seed for cell in whole]
    assert [first, second] == [{cell.pretrain.seed} for cell in whole]


def test_more_repeats_keep_the_cells_that_there_were(planned):
    few, many = ({cell.key for cell in planned("as-trained", subsets=4, fractions=[0.5], seeds=n)} for n in (1, 3))
    assert few < many
    assert 12 == len(many)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """30 images of 32 px in three classes."""
    path = Path(__file__).resolve().parents[2] / "data" / "multispectral.py"
    spec = importlib.util.spec_from_file_location("multispectral", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.write_prepared(tmp_path_factory.mktemp("sets") / "a", RGB))


def test_a_record_says_what_a_probe_was_fitted_on_and_whose_statistics_it_had(planned, corpora, images, tmp_path):
    """The same weights under three kinds of statistics, through the work that an engine does."""
    store, scores = Store(tmp_path / "store"), {}
    store.open_for_writing()
    shared = {"store": str(store.root), "device": "cpu", "threads": 1}
    for bn in ("as-trained", "corpus", "target"):
        (cell,) = planned(
            bn,
            corpus=corpora[0],
            backbones=["timm:test_resnet"],
            data={"demo-scenes": images},
            fractions=[0.5],
            axes={"eval_sizes": ["native"]},
        )
        known = {"kin": "eurosat", "overlap": "2 km2"}
        cell = cell.model_copy(update={"design": known, "warnings": {"overlap": "2 km2"}})
        work.pretrain(lambda *_: None, job=cell.pretrain.model_dump(mode="json"), **shared)
        assert Answer.DONE == work.fine_tune(lambda *_: None, cell=cell.model_dump(mode="json"), **shared)
        (record,) = [found for found in store.records() if found.key == cell.key]
        assert (bn, "leave-one-out", "none") == tuple(record.design[name] for name in ("bn", "selection", "length"))
        assert known.items() <= record.design.items()
        assert "2 km2" == record.warnings["overlap"]
        assert {
            "labels_used": 9,
            "train": 9,
            "selection": 9,
            "beyond": 0,
            "steps": 0,
        }.items() <= record.counts.items()
        assert 1 / 3 == pytest.approx(record.trivial)
        assert {"backbones": "timm:test_resnet", "eval_sizes": "native"} == record.axes
        scores[bn] = record.score
    assert all(0 <= score <= 1 for score in scores.values())
    assert 1 == len(list(store.cards()))


def test_cells_of_the_same_weights_and_images_share_their_features(planned, images, tmp_path, monkeypatch):
    """Subsets, amounts and classifiers do; what the features do not depend on changes no number."""
    store = Store(tmp_path / "store")
    store.open_for_writing()
    shared = {"store": str(store.root), "device": "cpu", "threads": 1}
    study = {"backbones": ["timm:test_resnet"], "data": {"demo-scenes": images}}
    cells = planned("target", subsets=3, fractions=[0.5, 1.0], **study)
    work.pretrain(lambda *_: None, job=cells[0].pretrain.model_dump(mode="json"), **shared)
    work.fine_tune(lambda *_: None, cell=cells[0].model_dump(mode="json"), **shared)
    (kept,) = store.root.glob("features/*/values.npy")
    with monkeypatch.context() as without_networks:
        without_networks.delattr(weights, "restore")
        for cell in cells[1:]:
            work.fine_tune(lambda *_: None, cell=cell.model_dump(mode="json"), **shared)
    assert [kept] == list(store.root.glob("features/*/values.npy"))
    scores = {record.key: record.metrics for record in store.records()}
    assert len(cells) == len(scores)
    shutil.rmtree(store.root / "features")
    shutil.rmtree(store.root / "records")
    for cell in cells[::-1]:
        work.fine_tune(lambda *_: None, cell=cell.model_dump(mode="json"), **shared)
    assert scores == {record.key: record.metrics for record in store.records()}
