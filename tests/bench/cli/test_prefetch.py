"""`bench prefetch`: after it, a study plans on a machine that reaches nothing."""

import functools
import http.server
import json
import socket
import threading

import foreign_checkpoints as made
import pytest
import yaml
from click.testing import CliRunner
from textured_corpus import corpus  # noqa: F401 - a fixture

from bench.cli.prefetch import command
from bench.core import files, published
from bench.core.errors import WeightsError
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def study(tmp_path, monkeypatch, corpus):  # noqa: F811 - the fixture
    """A study of one set with a row of published weights, which lie behind a real server."""
    home = tmp_path / "home"
    monkeypatch.setenv("BENCH_DATA", str(home))
    (tmp_path / "www").mkdir()
    file = made.moco(made.state_of(), tmp_path / "www")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path / "www"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    values = published.find("gassl-resnet50").model_dump(mode="json", exclude={"name"})
    values |= {"url": f"http://127.0.0.1:{server.server_port}/{file.name}", "sha256": files.sha256(file)[:8]}
    values |= {"backbone": made.NETWORK, "licence": "CC-BY-4.0", "channels": ["red", "green", "blue"]}
    values["input"] = {"mean": [0.0] * 3, "std": [255.0] * 3, "of": "uint8"}
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "mine.yaml").write_text(yaml.safe_dump({"mine": values}))
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
    yield str(tmp_path / "far.yaml")
    server.shutdown()
    server.server_close()


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
