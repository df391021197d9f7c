"""A method starts from the weights that its option `init` names."""

import torch
from torchvision.models import get_model

from bench.backbones import weights
from bench.store.store import Store
from bench.studies import work
from bench.studies.jobs import PretrainJob
from methods.options.contrastive import SimCLROptions


def test_a_pretraining_starts_from_the_named_file(corpus, tmp_path):
    """Three steps too small to see leave the file's weights."""
    torch.manual_seed(5)
    state = get_model("squeezenet1_1").state_dict()
    torch.save(state, tmp_path / "weights.pth")
    options = SimCLROptions(
        init=str(tmp_path / "weights.pth"), epochs=1, batch=32, size=32, hidden=16, dim=8, lr=1e-12, precision="fp32"
    )
    job = PretrainJob(
        key="aa",
        method="simclr",
        options=options.model_dump(mode="json"),
        backbone="squeezenet1_1",
        corpus=str(corpus.path),
        corpus_hash=corpus.hash,
        seed=1,
        identity=options.identity(),
    )
    store = Store(tmp_path / "store")
    store.open_for_writing()
    assert (
        work.pretrain(lambda *_: None, job=job.model_dump(), store=str(store.root), device="cpu", threads=1) == "done"
    )
    exported = weights.load(store.weights("aa")).state
    assert len(exported) > 40
    for name, value in exported.items():
        assert torch.allclose(value, state[name], atol=1e-6), name
