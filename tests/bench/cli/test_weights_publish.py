"""Weights are published with a card that says all that is known, and load back in three libraries."""

import json
import os
import subprocess
import sys

import pytest
import safetensors.torch
import timm
import torch
import torchvision
import yaml
from click.testing import CliRunner
from hub import hub  # noqa: F401 - a fixture
from synthetic_records import synthetic_study, write_records
from textured_corpus import corpus  # noqa: F401 - a fixture

from bench import backbones
from bench.backbones.weights import save
from bench.cli.weights import weights
from bench.core.errors import BenchError
from bench.core.keys import sealed
from bench.store.store import Store
from tasks import mmcv_ext

mmcv_ext.provide()

KEY = "00000000000000aa"
CARD = {
    "key": KEY,
    "backbone": "resnet18",
    "method": "geokr",
    "method_version": 4,
    "options": {"size": 32, "batch": 8},
    "seed": 7,
    "steps": 100,
    "losses": {"landcover": 0.2},
    "curve": {"landcover": [1.0, 0.4, 0.2]},
    "features": {"start": {"spread": 0.07, "rank": 18.0}, "end": {"spread": 0.07, "rank": 9.0}},
    "facts": {"tiles": 800.0, "flops": 1e12},
    "input": {"channels": "RGB", "range": [0, 1], "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4], "source": "ours"},
    "provenance": {"device": "cpu", "libraries": {"torch": "2.15"}, "bench": "0.1.0", "revision": "abc"},
    "cost": {"train_seconds": 12.0},
    "warnings": {},
    "synthetic": False,
}


@pytest.fixture
def store(tmp_path, corpus):  # noqa: F811 - the fixture
    """Weights none of which is what a library starts with, and records of them."""
    opened = Store(tmp_path / "store")
    opened.open_for_writing()
    torch.manual_seed(0)
    network = backbones.build("resnet18")
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.mul_(torch.empty_like(value).uniform_(0.8, 1.2))
    save(opened.weights(KEY), network.state_dict(), CARD | {"corpus_hash": corpus.hash})
    records = synthetic_study()
    write_records(opened.root, [r.model_copy(update={"weights": KEY}) if r.method == "geokr" else r for r in records])
    return opened.root


def ask(store, *arguments):
    asked = ["publish", KEY, "--store", store, "--name", "mine", *arguments]
    return CliRunner().invoke(weights, list(map(str, asked)))


def change_card(store, **changes):
    path = store / "weights" / KEY / "card.json"
    path.write_text(json.dumps(sealed(json.loads(path.read_text()) | changes)))


TERMS = ("--licence", "cc-by-4.0", "--corpus-licence", "CC0")


def test_three_libraries_load_the_weights_back_and_compute_the_same(store, tmp_path):
    import mmseg.models

    out = tmp_path / "mine"
    done = ask(store, "--to", out, *TERMS)
    assert 0 == done.exit_code, done.output
    images = torch.rand(2, 3, 64, 64)
    ours = timm.create_model(f"local-dir:{out}", pretrained=True).eval()
    assert [0.4, 0.5, 0.6] == list(ours.pretrained_cfg["mean"])
    (file,) = out.glob("mine-torchvision-*.safetensors")
    theirs = torchvision.models.resnet18().eval()
    missing, unexpected = theirs.load_state_dict(safetensors.torch.load_file(file), strict=False)
    assert (["fc.weight", "fc.bias"], []) == (missing, unexpected)
    theirs.fc = torch.nn.Identity()
    (file,) = out.glob("mine-mmseg-*.pth")
    third = mmseg.models.ResNet(18, out_indices=(3,))
    third.init_cfg = {"type": "Pretrained", "checkpoint": str(file)}
    third.init_weights()
    third.eval()
    with torch.no_grad():
        found = [ours(images), theirs(images), third(images)[0].mean((2, 3))]
    for other in found[1:]:
        assert (found[0] - other).abs().max() <= 1e-5 * found[0].abs().max()


def test_files_bear_the_beginning_of_their_sums(store, tmp_path):
    from bench.core import files

    out = tmp_path / "mine"
    assert 0 == ask(store, "--to", out, *TERMS).exit_code
    named = [path for path in out.iterdir() if path.name.startswith("mine-")]
    assert 3 == len(named)
    for path in named:
        assert path.stem.endswith(files.sha256(path)[:8])


def test_the_card_has_front_matter_input_corpus_scores_and_verdicts(store, corpus, tmp_path):  # noqa: F811
    out = tmp_path / "mine"
    assert 0 == ask(store, "--to", out, "--corpus", corpus.path, *TERMS).exit_code
    text = (out / "README.md").read_text()
    front = yaml.safe_load(text.split("---")[1])
    assert ("cc-by-4.0", "timm") == (front["license"], front["library_name"])
    assert (out / "curve.svg").read_text().startswith("<?xml")
    for part in (
        "| less mean | 0.4, 0.5, 0.6 |",
        f"| content hash | {corpus.hash} |",
        "| licence of the images | CC0 |",
        "Li et al., Geographical Knowledge-Driven Representation Learning",
        "energy was not measured",
        "(curve.svg)",
        "| demo/city | ",
        "## Verdicts",
        "geokr",
    ):
        assert part in text


def test_a_corpus_that_is_another_is_refused(store, corpus, tmp_path):  # noqa: F811
    change_card(store, corpus_hash="0" * 32)
    done = ask(store, "--to", tmp_path / "mine", "--corpus", corpus.path, *TERMS)
    assert "these weights were trained on 0000" in str(done.exception)


@pytest.mark.parametrize(
    ("changes", "arguments", "line"),
    [
        ({}, ("--corpus-licence", "CC0"), "without a licence may be used by nobody: give --licence"),
        ({}, ("--licence", "mit"), "on which terms its images are is not known"),
        ({"steps": 0}, TERMS, "was not trained here: there is nothing of ours to publish"),
        ({"warnings": {"features-collapsed": "rank 1"}}, TERMS, "has warnings (features-collapsed: rank 1)"),
        ({"synthetic": True}, TERMS, "was trained on synthetic images"),
    ],
)
def test_what_nobody_should_trust_or_may_use_is_refused(changes, arguments, line, store, tmp_path):
    change_card(store, **changes)
    done = ask(store, "--to", tmp_path / "mine", *arguments)
    assert isinstance(done.exception, BenchError)
    assert line in str(done.exception)
    assert not (tmp_path / "mine").exists()


def test_despite_publishes_doubtful_weights_and_their_card_says_so(store, tmp_path):
    change_card(store, warnings={"features-collapsed": "rank 1"}, synthetic=True)
    done = ask(store, "--to", tmp_path / "mine", *TERMS, "--despite", "warnings", "--despite", "synthetic")
    assert 0 == done.exit_code, done.output
    text = (tmp_path / "mine" / "README.md").read_text()
    assert "**Warning, features-collapsed**: rank 1." in text
    assert "pretrained on synthetic images" in text


@pytest.mark.parametrize("target", ["hub:", "hub:me", "hub:../x", "hub:me/..", "hub:me/a/b", "hub:me/a;b"])
def test_a_repository_that_is_none_is_refused(target, store):
    assert "write it as hub:USER/NAME" in str(ask(store, "--to", target, *TERMS).exception)


def test_the_hub_gets_all_files_and_no_log_the_token(store, hub, caplog):  # noqa: F811 - the fixture
    done = ask(store, "--to", "hub:me/mine", *TERMS)
    assert 0 == done.exit_code, done.output
    commits = [body for path, _, body in hub.asked if "/commit/" in path]
    sent = {json.loads(line)["value"].get("path") for body in commits for line in body.splitlines()}
    assert {"README.md", "model.safetensors", "config.json", "card.json"} <= sent
    assert all("hf_secret" in (token or "") for path, token, _ in hub.asked if "/commit/" in path)
    assert "hf_secret" not in done.output + caplog.text
    assert "sent 8 files to me/mine" in done.output


LOADED = """
import timm, torch
model = timm.create_model("hf-hub:me/mine", pretrained=True).eval()
with torch.no_grad():
    print(model(torch.linspace(0, 1, 3 * 64 * 64).view(1, 3, 64, 64)).double().sum().item())
"""


@pytest.mark.nightly
def test_timm_loads_what_was_sent_from_the_hub(store, hub, tmp_path):  # noqa: F811 - the fixture
    assert 0 == ask(store, "--to", "hub:me/mine", *TERMS).exit_code
    environment = os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, env=environment)
    images = torch.linspace(0, 1, 3 * 64 * 64).view(1, 3, 64, 64)
    network = backbones.build("resnet18")
    network.load_state_dict(safetensors.torch.load_file(store / "weights" / KEY / "backbone.safetensors"))
    with torch.no_grad():
        expected = network.eval()(images)[-1].mean((2, 3)).double().sum().item()
    assert expected == pytest.approx(float(done.stdout), rel=1e-5)
    assert hub.files


def test_a_hub_that_refuses_is_told_in_one_line_without_the_token(store, hub):  # noqa: F811 - the fixture
    hub.refuses = True
    done = ask(store, "--to", "hub:me/mine", *TERMS)
    assert isinstance(done.exception, BenchError)
    assert "the hub answers 401 for me/mine" in str(done.exception)
    assert "hf_secret" not in str(done.exception) + done.output


def test_a_dry_run_writes_the_folder_and_sends_nothing(store, hub, tmp_path, monkeypatch):  # noqa: F811 - the fixture
    monkeypatch.chdir(tmp_path)
    done = ask(store, "--to", "hub:me/mine", *TERMS, "--dry-run")
    assert 0 == done.exit_code, done.output
    assert "would be sent to me/mine: nothing was" in done.output
    assert 'timm.create_model("hf-hub:me/mine"' in (tmp_path / "mine" / "README.md").read_text()
    assert not hub.asked
