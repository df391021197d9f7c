"""Rows that train nothing in a study: what they read, on which boards they stand, and where they cannot enter."""

import pytest
import torch
from prepared_index import write_index
from textured_corpus import corpus  # noqa: F401 - a fixture

from bench.backbones import weights
from bench.core.errors import DataError, StudyError
from bench.core.keys import content_hash
from bench.core.seeding import derive
from bench.store.store import Store
from bench.studies import work
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan, plan_pretraining

ROWS = ["random", "random-raw", "image-stats", "mosaiks"]


@pytest.fixture
def data(tmp_path):
    """A prepared set of 100 images, of which a plan reads the index, and the bands."""
    return write_index(tmp_path / "data", 100)


def asked(tiles, **changes):
    known = {"corpus": str(tiles.path), "methods": ROWS, "backbones": ["resnet18", "vgg16"], "references": []}
    return load_study("demo", known | {"seeds": 1, "pretrain_seeds": 1} | changes)


def jobs(tiles, **changes):
    """The pretrainings by method and network."""
    plan = plan_pretraining(asked(tiles, **changes), Inputs(print))
    assert len(plan.pretrains) == len({job.key for job in plan.pretrains})
    return {(job.method, job.backbone): job for job in plan.pretrains}


def planned(tmp_path, tiles, data, **changes):
    found = {"data": {"demo-scenes": str(data)}, "tasks": ["cls"], "fractions": [0.1]}
    return make_plan(asked(tiles, **found | changes), Inputs(print, tmp_path))


def test_random_as_initialised_has_the_key_of_a_network_that_no_corpus_touched(corpus):  # noqa: F811
    of = {"method_version": 1, "options": {}, "corpus": None, "seed": derive(0, "pretrain", 0)}
    found = jobs(corpus, **{"options.random.calibrate": "none"})
    for method in ("random", "random-raw"):
        for backbone in ("resnet18", "vgg16"):
            expected = content_hash({"method": method, "backbone": backbone, **of})
            assert (expected, None) == (found[method, backbone].key, found[method, backbone].corpus)


def test_only_batch_norm_is_calibrated_and_only_on_a_corpus(corpus):  # noqa: F811
    raw = jobs(corpus, **{"options.random.calibrate": "none"})
    found = jobs(corpus, **{"options.random.calibrate": "corpus"})
    changed = {name for name in raw if raw[name].key != found[name].key}
    assert {("random", "resnet18")} == changed
    job = found["random", "resnet18"]
    assert (corpus.hash, {"calibrate": "corpus"}, {"calibration_tiles": 96}) == (
        job.corpus_hash,
        job.identity,
        job.facts,
    )
    assert {"calibration_tiles": 0} == found["random", "vgg16"].facts
    rows = {"methods": ["random", "random-raw"], "corpus": None, "options.random.calibrate": "corpus"}
    without = jobs(corpus, **rows)
    assert {name: raw[name].key for name in without} == {name: job.key for name, job in without.items()}


def test_fixed_features_are_drawn_once_for_all_backbones(corpus):  # noqa: F811
    found = jobs(corpus, methods=["mosaiks", "image-stats"])
    assert {("mosaiks", "mosaiks"), ("image-stats", "image-stats")} == found.keys()
    assert corpus.hash == found["mosaiks", "mosaiks"].corpus_hash
    assert found["image-stats", "image-stats"].corpus is None


def test_fixed_features_enter_no_fine_tuning_and_the_plan_says_so(tmp_path, corpus, data):  # noqa: F811
    plan = planned(tmp_path, corpus, data)
    assert {"random", "random-raw"} == {cell.pretrain.method for cell in plan.cells}
    assert {"random", "random-raw"} == {job.method for job in plan.pretrains}
    assert plan.left_out == tuple(
        f"{row} gives fixed features of images, which can only be probed: left out of demo/scenes"
        for row in ("image-stats", "mosaiks")
    )
    assert () == planned(tmp_path, corpus, data, methods=["random"]).left_out


def test_a_study_that_can_do_nothing_but_leave_out_is_refused(tmp_path, corpus, data):  # noqa: F811
    with pytest.raises(StudyError, match=r"mosaiks gives fixed .* nothing is left: ask for another task"):
        planned(tmp_path, corpus, data, methods=["mosaiks"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"references": ["random-raw"]}, "references: random-raw cannot be one: its batch norm normalises nothing"),
        ({"options.random-raw.calibrate": "corpus"}, "options of random-raw: unknown key 'calibrate'"),
        ({"options.random.calibrate": "target"}, "options of random: calibrate"),
        ({"options.mosaiks.epochs": 3}, "options of mosaiks: unknown key 'epochs'"),
        ({"backbones": ["mosaiks"]}, "unknown backbone 'mosaiks': choose from "),
    ],
)
def test_what_such_a_row_cannot_be_is_refused(corpus, changes, message):  # noqa: F811
    with pytest.raises(StudyError) as refused:
        asked(corpus, **changes)
    assert message in str(refused.value)


def test_random_as_initialised_is_no_reference_under_another_name_either(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text("{extends: demo, name: mine, methods: [{random-raw: {as: untouched}}], references: [untouched]}")
    with pytest.raises(StudyError, match="references: untouched cannot be one"):
        load_study(file, {})


def test_mosaiks_needs_a_corpus(corpus):  # noqa: F811
    with pytest.raises(DataError, match="needs a corpus"):
        jobs(corpus, corpus=None)


@pytest.mark.parametrize(("method", "network"), [("random", "resnet18"), ("mosaiks", "mosaiks")])
def test_a_worker_writes_weights_that_are_restored_by_the_name_on_their_card(tmp_path, corpus, method, network):  # noqa: F811
    job = jobs(corpus, **{"options.random.calibrate": "corpus"})[method, network]
    store = Store(tmp_path)
    store.open_for_writing()
    sent = job.model_dump(mode="json")
    assert "done" == work.pretrain(lambda *_: None, job=sent, store=str(tmp_path), device="cpu", threads=1)
    card, kept = store.card(job.key), weights.load(store.weights(job.key))
    assert (network, 0, job.facts) == (card["backbone"], card["steps"], card["facts"])
    restored = weights.restore(card["backbone"], kept.state, "a test").eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.isfinite(restored(images)[-1]).all()


def test_probed_features_stand_on_the_board_of_every_backbone(tmp_path, corpus, data):  # noqa: F811
    asked_for = {"tasks": ["probe"], "protocols": {"probe": ["demo/scenes-probe"]}, "methods": ["mosaiks", "random"]}
    asked_for |= {"fractions": [1.0]}  # one subset
    plan = planned(tmp_path, corpus, data, **asked_for)
    cells = [cell for cell in plan.cells if cell.pretrain.method == "mosaiks"]
    assert (["resnet18", "vgg16"], ()) == ([cell.backbone for cell in cells], plan.left_out)
    assert (2, 1) == (len({cell.key for cell in cells}), len({cell.pretrain.key for cell in cells}))
    assert [None, None] == [cell.board for cell in plan.cells if cell.pretrain.method == "random"]
    mixed = {"tasks": ["cls", "probe"], "protocols": {"cls": ["demo/scenes"], "probe": ["demo/scenes-probe"]}}
    both = planned(tmp_path, corpus, data, **asked_for | mixed)
    assert {"demo/scenes-probe"} == {cell.protocol.id for cell in both.cells if cell.pretrain.method == "mosaiks"}
    assert 1 == len(both.left_out)
