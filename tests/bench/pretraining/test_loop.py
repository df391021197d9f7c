"""A pretraining that cannot have worked ends with an error or leaves a named warning; a sound one leaves none."""

import math

import pytest
import torch
from torch.nn.functional import cosine_similarity
from torch.optim.lr_scheduler import LambdaLR

import methods
from bench import backbones
from bench.backbones import weights
from bench.backbones.normalisation import IMAGENET
from bench.core.context import Context
from bench.core.determinism import make_deterministic
from bench.core.errors import DivergedError
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.storage.reader import Corpus
from bench.demo.sites import SITES
from bench.demo.world import WorldSpec, ensure_world
from bench.pretraining import loop as pretraining
from bench.pretraining.method import Method
from bench.pretraining.options import TrainingOptions
from bench.store.store import Store
from bench.studies import work
from bench.studies.jobs import PretrainJob
from methods.simclr import SimCLR

SMALL = {"epochs": 2, "batch": 16, "size": 32, "precision": "fp32"}


class Broken(Method):
    """Cross-entropy-like loss of a constant, with a fault that a test plants at one step, counted from 1."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.level = torch.nn.Parameter(torch.ones(()))
        self.register_buffer("counted", torch.zeros(()))
        self.seen = 0
        self.fault = (0, "")

    def forward(self, batch):
        del batch
        self.seen += 1
        at, fault = self.fault
        loss = self.level.square()
        return {"good": loss, "bad": loss * math.nan if self.seen == at and fault == "loss" else 2 * loss}

    def configure(self):
        optimiser = torch.optim.SGD(self.parameters(), lr=0.1)
        return optimiser, LambdaLR(optimiser, lambda _: 1.0)

    def after_step(self, step):
        if (step, "buffer") == self.fault:
            self.counted.fill_(math.inf)


def prepare(kind, corpus: Corpus, backbone: str = "squeezenet1_1", **options) -> Method:
    make_deterministic(7, 1)
    values = options.pop("options", TrainingOptions).model_validate({**SMALL, **options})
    return kind(backbones.build(backbone), values, corpus, values.length(len(corpus)))


def context_at(tmp_path) -> Context:
    return Context(torch.device("cpu"), tmp_path, 1, lambda *_: None)


def test_a_loss_that_is_not_a_number_ends_the_job_at_its_step_and_leaves_no_checkpoint(corpus, tmp_path, monkeypatch):
    """Step 7 of 12: the loss, the ones before, and what to try, in one line."""
    monkeypatch.setattr(pretraining, "CHECKPOINT_SECONDS", -1.0)
    method = prepare(Broken, corpus)
    method.fault = (7, "loss")
    with pytest.raises(DivergedError) as raised:
        pretraining.train(method, corpus, context_at(tmp_path))
    assert str(raised.value).startswith("loss bad (nan) is not finite at step 7 of 12; the last losses were good ")
    assert str(raised.value).endswith(": lower the learning rate")
    assert "\n" not in str(raised.value)
    assert method.seen == 7
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", [1, 12])
def test_a_buffer_that_overflows_ends_the_job_though_the_loss_stays_finite(corpus, tmp_path, step):
    method = prepare(Broken, corpus)
    method.fault = (step, "buffer")
    with pytest.raises(DivergedError, match=f"weights counted are not finite after step {step} of 12"):
        pretraining.train(method, corpus, context_at(tmp_path))


def test_weights_that_are_not_finite_are_never_saved(corpus, tmp_path, monkeypatch):
    """Between two regular looks at the weights the loss stays finite: the checkpoint itself has to look."""
    monkeypatch.setattr(pretraining, "CHECKPOINT_SECONDS", -1.0)
    saved = []
    save = pretraining._save

    def save_and_tell(parts, position, path):
        saved.append(position.batch)
        save(parts, position, path)

    monkeypatch.setattr(pretraining, "_save", save_and_tell)
    method = prepare(Broken, corpus)
    method.fault = (5, "buffer")
    with pytest.raises(DivergedError, match=r"not finite after step 5 of 12 \(they were after step 4\)"):
        pretraining.train(method, corpus, context_at(tmp_path))
    assert saved == [1, 2, 3, 4]
    assert list(tmp_path.iterdir()) == []


def job_of(name: str, corpus: Corpus, **options) -> PretrainJob:
    values = methods.get(name).options.model_validate({**SMALL, **options})
    return PretrainJob(
        key="aa",
        method=name,
        options=values.model_dump(mode="json"),
        backbone="resnet18",
        corpus=str(corpus.path),
        corpus_hash=corpus.hash,
        seed=1,
        identity=values.identity(),
    )


def pretrain(store: Store, job: PretrainJob) -> dict:
    store.open_for_writing()
    work.pretrain(lambda *_: None, job=job.model_dump(), store=str(store.root), device="cpu", threads=1)
    return next(store.cards())


def test_a_learning_rate_of_a_million_ends_the_job_though_its_loss_stays_finite(corpus, tmp_path):
    """Adam moves every weight by the learning rate, and the cross-entropy of such weights is finite but senseless."""
    store = Store(tmp_path / "store")
    with pytest.raises(DivergedError, match=r"loss landcover \(.*e\+\d+\).* has exploded at step \d+ of 12") as raised:
        pretrain(store, job_of("geokr", corpus, lr=1e6, teacher_updates=3))
    assert str(raised.value).endswith("lower the learning rate (lr is 1e+06)")
    assert not store.has_weights("aa")


def test_an_overflow_leaves_no_weights_and_a_retry_does_not_start_from_what_is_broken(corpus, tmp_path, monkeypatch):
    """At a learning rate of 1e30 the second step overflows, again and again."""
    monkeypatch.setattr(pretraining, "CHECKPOINT_SECONDS", -1.0)
    store = Store(tmp_path / "store")
    said = []
    for _ in range(2):
        with pytest.raises(
            DivergedError, match=r"is not finite at step \d of 12.*lower the learning rate \(lr is 1e\+30\)"
        ) as raised:
            pretrain(store, job_of("geokr-classification", corpus, lr=1e30))
        said.append(str(raised.value))
        assert not store.has_weights("aa")
        assert not (store.job("aa") / "checkpoint.pt").exists()
    assert said[0] == said[1]


def test_a_training_that_learns_nothing_stays_at_the_loss_of_constant_predictions(corpus, tmp_path):
    """Steps too small to see: a new network's logits tell no tile from another."""
    card = pretrain(Store(tmp_path / "store"), job_of("geokr-classification", corpus, lr=1e-12))
    assert ["loss-constant"] == list(card["warnings"])
    # Sampling is balanced, so that the three classes come equally often.
    assert card["warnings"]["loss-constant"].endswith(f"constant predictions reach {math.log(3):.4f}")


def test_an_ordinary_training_leaves_no_warning_and_its_card_says_what_was_measured(corpus, tmp_path):
    card = pretrain(Store(tmp_path / "store"), job_of("geokr-classification", corpus, epochs=6))
    assert {} == card["warnings"]
    assert card["losses"]["class"] < math.log(3)
    assert {"start", "end"} == card["features"].keys()
    assert all(each["rank"] > 1 and 0 < each["spread"] < 1 for each in card["features"].values())


class PositivesOnly(SimCLR):
    """SimCLR without what keeps features apart: no negatives, and no batch norm in its head."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.head = torch.nn.Linear(self.backbone.channels[-1], self.options.dim)

    def forward(self, batch):
        views = torch.cat([self.view(batch.images, batch.generator) for _ in range(2)])
        first, second = self.head(self.backbone.pooled(views)).chunk(2)
        return {"contrast": -cosine_similarity(first, second).mean()}

    def constant_losses(self):
        return {}

    def configure(self):
        optimiser = torch.optim.SGD(self.parameters(), lr=self.options.lr, momentum=0.9)
        return optimiser, LambdaLR(optimiser, lambda _: 1.0)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Corpus:
    """Tiles of three of the demo's scenes."""
    root = tmp_path_factory.mktemp("demo")
    world = ensure_world(root, spec=WorldSpec(sites=SITES[:3], scene_size=256, city_images=1, city_size=96))
    return build_corpus(world.scenes, world.landcover, "globeland30", root / "corpus", size=32)


def test_features_that_collapse_are_named_and_those_of_a_sound_training_are_not(demo, tmp_path):
    """Both start from the same network; positive pairs alone are matched best by features that are all alike."""
    spec, sound = methods.get("simclr"), methods.get("geokr-classification")
    run = {"epochs": 3, "batch": 32}
    broken = prepare(PositivesOnly, demo, options=spec.options, dim=16, lr=0.1, **run)
    collapsed = pretraining.train(broken, demo, context_at(tmp_path))
    whole = pretraining.train(
        prepare(sound.load(), demo, options=sound.options, lr=3e-4, **run), demo, context_at(tmp_path)
    )
    assert whole.features["start"] == collapsed.features["start"]
    assert "features-collapsed" not in whole.warnings
    assert ["features-collapsed"] == list(collapsed.warnings)
    # The loss alone says that all is well: -1 is the least there is.
    assert collapsed.losses["contrast"] < -0.99
    assert collapsed.features["end"]["spread"] < collapsed.features["start"]["spread"] / 10


def test_weights_whose_features_overflow_are_refused_before_the_first_step(corpus, tmp_path):
    torch.manual_seed(0)
    state = backbones.build("squeezenet1_1").state_dict()
    state["features.12.expand3x3.weight"][0] = math.nan
    weights.save(tmp_path / "start", state, {"input": IMAGENET.to_json()})
    job = job_of("geokr-classification", corpus, init=str(tmp_path / "start" / weights.FILE))
    job = job.model_copy(update={"backbone": "squeezenet1_1"})
    with pytest.raises(DivergedError, match=r"features of the weights it starts from are not finite: .*option init"):
        pretrain(Store(tmp_path / "store"), job)
