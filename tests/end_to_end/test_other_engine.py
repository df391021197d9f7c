"""An engine of another package: found by its entry point, with options of its own, and equal records."""

import json
import os

import pytest
import yaml
from running import bench, records

MODULE = '''
from bench.engines import EngineSpec
from bench.engines.engine import EngineOptions, Resources, perform


class HereOptions(EngineOptions):
    """Options of this engine.

    Attributes:
        diary: file that takes the names of the calls.
    """

    diary: str


class Here:
    """Runs one call at a time in the command's own process, for a debugger."""

    def __init__(self, options):
        self._diary, self._calls = options.diary, []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.cancel()

    def submit(self, call):
        self._calls.append(call)

    def events(self, timeout):
        while self._calls:
            call = self._calls.pop()
            with open(self._diary, "a") as stream:
                print(call.name, file=stream)
            yield perform(call, lambda done, total, text: None)

    def cancel(self):
        self._calls.clear()

    def stop(self, seconds):
        self.cancel()

    def resources(self):
        return Resources(slots=1)


spec = EngineSpec(name="here", summary="In this process.", factory="here_engine:Here", options=HereOptions)
'''


@pytest.fixture
def installed(tmp_path):
    """The environment of a command beside which the package is installed."""
    site = tmp_path / "site"
    facts = site / "here_engine-1.dist-info"
    facts.mkdir(parents=True)
    (site / "here_engine.py").write_text(MODULE)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: here-engine\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[geokr_bench.engines]\nhere = here_engine:spec\n")
    return os.environ | {"PYTHONPATH": str(site), "COLUMNS": "200"}


def test_an_engine_of_another_package_runs_a_study_to_the_same_records(finished, study, installed, tmp_path):
    values = yaml.safe_load(study.read_text())
    values["engine"] = {"kind": "here", "device": "cpu", "diary": str(tmp_path / "diary")}
    values |= {"methods": ["random"], "fractions": [1.0], "seeds": 1}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(values))
    done = bench("run", "--study", tmp_path / "study.yaml", "--store", tmp_path / "store", env=installed)
    assert 0 == done.returncode, done.stderr
    made = records(tmp_path / "store")
    assert 1 == len(made)
    assert made.items() <= records(finished[0]).items()
    (record,) = made.values()
    assert [record["weights"], record["key"]] == (tmp_path / "diary").read_text().split()


def test_it_is_listed_with_its_options_and_they_are_checked(study, installed, tmp_path):
    listed = json.loads(bench("engines", "--json", env=installed).stdout)
    assert ["local", "ray", "here"] == list(listed)
    shown = json.loads(bench("engines", "show", "here", "--json", env=installed).stdout)
    assert ["kind", "threads", "ranks", "device", "diary"] == list(shown["options"])
    asked = ["plan", "--study", study, "--store", tmp_path, "--set", "engine={kind: here, diary: d, workers: 2}"]
    refused = bench(*asked, env=installed)
    assert (2, 1) == (refused.returncode, refused.stderr.count("\n")), refused.stderr
    assert "unknown key 'engine.workers'" in refused.stderr
