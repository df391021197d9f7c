"""Registries are listed in one style, as text and as JSON, without torch."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from running import bench

from bench import engines
from bench.cli import data, listing
from methods import registry as methods
from tasks import datasets, heads, registry

COMMANDS = {
    "methods": (listing.methods, methods),
    "tasks": (listing.tasks, registry),
    "heads": (listing.heads, heads.registry),
    "engines": (listing.engines, engines.registry),
    "data": (data.data, datasets.registry),
}


def ask(name, *arguments):
    done = CliRunner().invoke(COMMANDS[name][0], arguments)
    assert 0 == done.exit_code, done.output
    return done.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_entry_is_listed_with_its_summary_as_text_and_as_json(name):
    entries = COMMANDS[name][1].all()
    listed = json.loads(ask(name, "--json"))
    assert list(entries) == list(listed)
    assert {key: spec.summary for key, spec in entries.items()} == {
        key: each["summary"] for key, each in listed.items()
    }
    text = ask(name)
    assert [f"{key}: {spec.summary}" for key, spec in entries.items()] == [
        line for line in text.splitlines() if line and not line.startswith(" ")
    ]
    assert text == ask(name, "list")


def test_facts_of_an_entry_stand_below_it_and_what_it_lacks_is_left_out():
    listed = json.loads(ask("methods", "--json"))
    assert ["landcover", "tiles"] == listed["geokr"]["needs"]
    assert "needs" not in listed["random"]
    assert "    needs      landcover, tiles\n" in ask("methods", "show", "geokr")


def test_an_option_is_shown_with_default_limits_and_source():
    shown = json.loads(ask("methods", "show", "geokr-student", "--json"))
    assert "geokr-student" == shown["name"]
    lr = {"required": False, "default": 0.001, "kind": "float, > 0"}
    assert lr.items() <= shown["options"]["lr"].items()
    assert ("student", "what sets geokr-student apart") == tuple(
        shown["options"]["export"][key] for key in ("default", "source")
    )
    assert "  workers = auto   (int, > 0 | auto)\n" in ask("engines", "show", "local")


def test_an_unknown_entry_is_one_line_with_the_known_ones():
    done = bench("engines", "show", "slurm")
    assert (2, "bench: unknown engine 'slurm': choose from local, ray (bench engines lists them)\n") == (
        done.returncode,
        done.stderr,
    )


def test_lists_import_no_torch(tmp_path):
    code = (
        "import sys; from bench.cli import cli\n"
        f"for name in {list(COMMANDS)!r}:\n"
        "    cli.main([name], standalone_mode=False)\n"
        "    assert 'torch' not in sys.modules, name"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"BENCH_DATA": str(tmp_path)})


def test_the_package_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "bench", "engines"], capture_output=True, text=True, check=True)
    assert done.stdout == bench("engines").stdout
    broken = subprocess.run([sys.executable, "-m", "bench", "nowhere"], capture_output=True, text=True, check=False)
    assert 2 == broken.returncode
    assert "bench: unknown command 'nowhere': choose from" in broken.stderr


@pytest.mark.parametrize("name", methods.all())
def test_every_option_of_a_method_is_shown_with_its_source(name):
    shown = ask("methods", "show", name)
    options = methods.get(name).options.model_fields
    assert all(f"  {option} = " in shown for option in options)
    assert len(options) == shown.count("source: ")
