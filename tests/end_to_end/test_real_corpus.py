"""GeoKR pretrains on a corpus that the public command built from real scenes with real land cover."""

import pytest
import torch
from running import bench

import methods
from bench import backbones
from bench.core.context import Context
from bench.corpus.storage.reader import Corpus
from bench.pretraining import loop as pretraining


@pytest.mark.real
def test_geokr_trains_on_a_corpus_of_real_scenes(real_data, tmp_path):
    patches = real_data / "geo_landcover" / "terramind"
    done = bench(
        "corpus", "build", "--scenes", patches / "S2RGB", "--landcover", patches / "LULC",
        "--product", "io-lulc-terramind", "--out", tmp_path / "corpus", "--size", "64",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    corpus = Corpus.open(tmp_path / "corpus")
    assert corpus.landcover.sum(axis=1) == pytest.approx(1, abs=1e-5)
    spec = methods.get("geokr")
    options = spec.options(epochs=3, batch=16, size=64, teacher_updates=3)
    length = options.length(len(corpus))
    torch.manual_seed(0)
    method = spec.load()(backbones.build("resnet18"), options, corpus, length)
    before = method.export()["conv1.weight"].clone()
    context = Context(torch.device("cpu"), tmp_path, 0, lambda *_: None)
    losses = pretraining.train(method, corpus, context).losses
    assert 0 < losses["landcover"] < 3
    assert not torch.equal(before, method.export()["conv1.weight"])
