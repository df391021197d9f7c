"""Methods that learn from land cover which is not the tiles' own: what they see, and what their keys say."""

import json

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from bench import backbones
from bench.core.errors import CorpusError, StudyError
from bench.corpus.build.derive import take
from bench.corpus.storage.batches import Batches
from bench.corpus.storage.reader import Corpus
from bench.pretraining import loop as pretraining
from bench.pretraining.method import Length
from bench.store.store import Store
from bench.studies import work
from bench.studies.inputs import Inputs
from bench.studies.jobs import Answer
from bench.studies.loading import load_study
from bench.studies.plan import plan_pretraining
from methods.geokr import GeoKR, LandCoverClassification
from methods.options.geokr import ClassificationOptions, GeoKROptions


def build(corpus, **options) -> GeoKR:
    values = GeoKROptions.model_validate({"batch": 8, "size": 32, **options})
    return GeoKR(backbones.build("resnet18"), values, corpus, Length(10, 5))


def seen_as(corpus, seed=7, **options):
    """The corpus as a GeoKR with these options sees it."""
    return GeoKROptions.model_validate(options).supervise(corpus, seed)


CONTROLS = [{"land_cover": "shuffled"}, {"land_cover": "noisy", "noise_share": 0.5}, {"land_cover": "rotated"}]


@pytest.mark.parametrize("options", [*CONTROLS, {"land_cover": "coarse"}])
def test_losses_and_sampler_read_the_controls_land_cover_and_not_the_tiles_own(corpus, options):
    seen = seen_as(corpus, **options)
    assert not np.array_equal(corpus.landcover, seen.landcover)
    assert np.array_equal(seen.landcover.argmax(axis=1), seen.dominant)
    batches = Batches(seen, 8, seed=1)
    batch = batches[0]
    fed = pretraining.feed(batches, 0, 1, torch.device("cpu"))
    assert np.array_equal(seen.landcover[batch.indices], fed.landcover.numpy())
    for model in (build(seen, **options), build_classification(seen, **options)):
        weights = model.sample_weights()
        sums = [weights[seen.dominant == k].sum() for k in np.unique(seen.dominant)]
        assert sums == pytest.approx([1.0] * len(sums))


def build_classification(corpus, **options):
    values = ClassificationOptions.model_validate({"batch": 8, "size": 32, **options})
    return LandCoverClassification(backbones.build("resnet18"), values, corpus, Length(10, 5))


def test_a_shuffled_sampler_does_not_know_the_tiles_own_classes(corpus):
    """Weights go by the classes of the vectors that were passed on, so equal weights say nothing of a tile's own class."""
    seen = seen_as(corpus, land_cover="shuffled")
    weights = build(seen, land_cover="shuffled").sample_weights()
    counts = np.bincount(corpus.dominant)
    assert weights == pytest.approx(1 / counts[seen.dominant])
    assert not np.allclose(weights, 1 / counts[corpus.dominant])


@pytest.mark.parametrize("make", [build, build_classification])
def test_a_method_is_never_given_other_land_cover_than_its_options_name(corpus, make):
    with pytest.raises(CorpusError, match="option land_cover=shuffled was given a corpus with true land cover"):
        make(corpus, land_cover="shuffled")
    with pytest.raises(CorpusError, match="option land_cover=true was given a corpus with shuffled land cover"):
        make(seen_as(corpus, land_cover="shuffled"))


def test_the_seed_of_a_pretraining_decides_the_shuffle(corpus):
    first, again, other = (seen_as(corpus, seed, land_cover="shuffled").landcover for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_share_of_noise_goes_with_noise_alone():
    for wrong in ({"land_cover": "noisy"}, {"noise_share": 0.5}, {"land_cover": "shuffled", "noise_share": 0.5}):
        with pytest.raises(ValidationError, match="land_cover=noisy and noise_share go together"):
            GeoKROptions.model_validate(wrong)
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        GeoKROptions(land_cover="noisy", noise_share=1.5)


def test_a_bare_true_of_yaml_is_the_tiles_own_land_cover():
    assert GeoKROptions.model_validate({"land_cover": True}) == GeoKROptions()
    with pytest.raises(ValidationError):
        GeoKROptions.model_validate({"land_cover": False})


@pytest.mark.parametrize("options", [GeoKROptions, ClassificationOptions])
def test_the_tiles_own_land_cover_leaves_keys_as_they_were_before_there_were_controls(options, corpus):
    default = options()
    assert {"land_cover", "noise_share", "weight_decay"}.isdisjoint(default.identity())
    assert default.content_of(corpus) == {}
    noisy = options(land_cover="noisy", noise_share=0.25)
    assert noisy.identity() == default.identity() | {"land_cover": "noisy", "noise_share": 0.25}
    shuffled = options(land_cover="shuffled")
    assert shuffled.identity() == default.identity() | {"land_cover": "shuffled"}
    assert shuffled.content_of(corpus) == {}


def test_what_a_control_column_holds_enters_the_key(corpus):
    hashes = {name: GeoKROptions(land_cover=name).content_of(corpus) for name in ("rotated", "coarse")}
    expected = {name: {"land_cover_hash": corpus.controls[name].hash} for name in hashes}
    assert hashes == expected
    assert hashes["rotated"] != hashes["coarse"]


@pytest.mark.parametrize("name", ["rotated", "coarse"])
def test_a_corpus_without_the_control_is_refused_before_anything_runs(corpus, name):
    options = GeoKROptions(batch=8, teacher_updates=9, land_cover=name)
    options.check(corpus)
    without = Corpus(corpus.path, corpus.manifest.model_copy(update={"controls": {}}))
    with pytest.raises(StudyError, match=f"option land_cover={name} needs .*bench corpus build --controls"):
        options.check(without)
    GeoKROptions(batch=8, teacher_updates=9, land_cover="shuffled").check(without)


def test_a_control_that_more_than_a_tenth_of_the_tiles_lack_is_refused(corpus):
    def with_missing(count):
        entry = corpus.controls["rotated"].model_copy(update={"missing": count})
        return Corpus(corpus.path, corpus.manifest.model_copy(update={"controls": {"rotated": entry}}))

    options = GeoKROptions(batch=8, teacher_updates=9, land_cover="rotated")
    options.check(with_missing(9))
    with pytest.raises(StudyError, match="land_cover=rotated: 10 of 96 tiles have no land cover there, more than 10%"):
        options.check(with_missing(10))


def job_of(corpus, method="geokr", **options):
    """The pretraining that a study plans of a method."""
    small = {"batch": 32, "size": 32}
    asked = {
        "corpus": str(corpus.path),
        "methods": [method],
        "references": [],
        "pretrain": small,
        "budget": {"steps": 3},
        "seeds": 1,
    }
    own = {"teacher_updates": 2} if method == "geokr" else {}
    study = load_study("demo", {**asked, "options": {method: own | options}})
    (job,) = plan_pretraining(study, Inputs(print)).pretrains
    return job


def test_every_land_cover_has_a_key_of_its_own(corpus):
    asked = [{}, *CONTROLS, {"land_cover": "coarse"}, {"land_cover": "noisy", "noise_share": 0.25}]
    assert len({job_of(corpus, **options).key for options in asked}) == len(asked)
    assert job_of(corpus).key == job_of(corpus, land_cover="true").key


def test_a_control_of_other_content_moves_the_keys_that_read_it_and_no_others(corpus, tmp_path):
    whole = np.arange(len(corpus))
    one, other = (take(corpus, whole, tmp_path / name, "all") for name in ("one", "other"))
    file = other.path / "corpus.json"
    manifest = json.loads(file.read_text())
    manifest["controls"]["rotated"]["hash"] = "0" * 32
    file.write_text(json.dumps(manifest))
    rotated = {"land_cover": "rotated"}
    assert one.hash == other.hash == corpus.hash
    assert job_of(one, **rotated).key == job_of(corpus, **rotated).key != job_of(other, **rotated).key
    assert job_of(one, land_cover="coarse").key == job_of(other, land_cover="coarse").key
    assert job_of(one).key == job_of(other).key
    assert job_of(one, "byol").key == job_of(other, "byol").key


def test_a_pretraining_learns_the_control_and_its_card_says_which(corpus, tmp_path):
    cards = {}
    for name in ("true", "rotated", "coarse", "shuffled"):
        job = job_of(corpus, "geokr-representation", land_cover=name)
        where = {"store": str(tmp_path), "device": "cpu", "threads": 1}
        Store(tmp_path).open_for_writing()
        assert work.pretrain(lambda *_: None, job=job.model_dump(mode="json"), **where) == Answer.DONE
        cards[name] = json.loads((tmp_path / "weights" / job.key / "card.json").read_text())
    assert len({card["losses"]["landcover"] for card in cards.values()}) == 4
    assert cards["rotated"]["options"]["land_cover_hash"] == corpus.controls["rotated"].hash
    assert cards["shuffled"]["options"]["land_cover"] == "shuffled"
    assert {"land_cover", "land_cover_hash"}.isdisjoint(cards["true"]["options"])
