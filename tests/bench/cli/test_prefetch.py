"""`bench prefetch`: after it, a study plans on a machine that reaches nothing."""

import json
import socket

import foreign_checkpoints as made
import pytest
import yaml
from click.testing import CliRunner
from hosted_weights import hosting
from textured_corpus import corpus  # noqa: F401 - a fixture

from bench.cli.prefetch import command
from bench.core import files
from bench.core.errors import WeightsError
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan


@pytest.fixture
def study(tmp_path, monkeypatch, corpus):  # noqa: F811 - the fixture
    """A study of one set with a row of published weights, which lie behind a real server."""
    home = tmp_path / "home"
    monkeypatch.setenv("BENCH_DATA", str(home))
    asked = {
        "extends": "demo",
        "name": "far",
        "methods": ["random"],
        "weights": {"theirs": "hub:mine"},
        "backbones": [made.NETWORK],
        "tasks": ["probe"],
        "datasets": ["demo-scenes"],
        "corpus": str(corpus.path),
        "seeds": 1,
        "tuned_by": None,
        "options": {},
    }
    (tmp_path / "far.yaml").write_text(yaml.safe_dump(asked))
    with hosting(tmp_path / "www", home, channels=("red", "green", "blue")):
        yield str(tmp_path / "far.yaml")


def planned(study):
    return make_plan(load_study(study, {}), Inputs(print))


def test_what_a_study_reads_is_brought_and_listed_with_hashes(study, tmp_path, monkeypatch):
    with pytest.raises(WeightsError, match="fetch it with bench weights fetch mine"):
        planned(study)
    refused = CliRunner().invoke(command, ["--study", study], input="n\n")
    assert (True, True) == (refused.exit_code != 0, "is published under: CC-BY-4.0" in refused.output)

    done = CliRunner().invoke(command, ["--study", study, "--accept-licence"], catch_exceptions=False)
    assert 0 == done.exit_code
    kept = json.loads((tmp_path / "home" / "prefetched" / "far.json").read_text())
    by_kind = {each["kind"]: each for each in kept["found"]}
    assert {"weights", "corpus", "data set"} == set(by_kind)
    file = tmp_path / "www" / next((tmp_path / "www").iterdir()).name
    assert f"sha256:{files.sha256(file)}" == by_kind["weights"]["hash"]
    for each in kept["found"]:
        assert f"{each['kind']} {each['name']}: {each['path']} ({each['hash']})" in done.output

    def no_network(*_arguments, **_options):
        raise OSError("this node reaches nothing")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    assert kept["cells"] == len(planned(study).cells) > 0
