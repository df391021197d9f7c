"""`bench plan` shows what each row's optimiser is given."""

import io

import pytest
from rich.console import Console
from textured_corpus import corpus  # noqa: F401 - a fixture

import methods
from bench.cli.plan import _pretrain_table
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import plan_pretraining


def shown(corpus, tmp_path, batch):  # noqa: F811 - the fixture
    rows = {
        "methods": ["random", "moco"],
        "references": [],
        "corpus": str(corpus.path),
        "seeds": 1,
        "pretrain_seeds": 1,
    }
    study = load_study(
        "demo", rows | {"budget": "paper", "pretrain": {"batch": batch}, "options": {"moco": {"queue": 64}}}
    )
    stream = io.StringIO()
    Console(file=stream, width=200).print(_pretrain_table(plan_pretraining(study, Inputs(print)), Store(tmp_path)))
    return stream.getvalue()


@pytest.mark.parametrize("batch", [16, 32])
def test_the_learning_rate_follows_the_batch_by_the_methods_own_rule(batch, corpus, tmp_path):  # noqa: F811
    text = shown(corpus, tmp_path, batch)
    assert "peak lr" in text
    (line,) = [each for each in text.splitlines() if "moco" in each]
    rate = methods.get("moco").options(batch=batch).peak_lr()
    assert rate == pytest.approx(0.03 * batch / 256)  # He et al. 2020: 0.03 for 256 images
    assert f"{rate:.3g}" in line
