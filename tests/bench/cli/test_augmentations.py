"""The table method x augmentation is printed from what is used in training."""

import json
import subprocess
import sys

import yaml
from click.testing import CliRunner
from running import bench

import methods
from bench.cli import listing


def ask(*arguments):
    done = CliRunner().invoke(listing.methods, ["augmentations", *arguments])
    assert 0 == done.exit_code, done.output
    return done.output


def table(*arguments):
    return json.loads(ask("--json", *arguments))


def test_every_method_that_trains_has_a_line_and_markdown_says_the_same():
    rows = table()
    assert [name for name, spec in methods.registry.all().items() if spec.trains] == list(rows)
    assert ("paper", "0.08 to 1", "first -; second 0.2") == tuple(
        rows["byol"][key] for key in ("views", "crop", "solarise")
    )
    lines = ask().splitlines()
    assert f"| row | {' | '.join(rows['moco'])} |" == lines[0]
    assert [f"| {name} | {' | '.join(texts.values())} |" for name, texts in rows.items()] == lines[2:]


def test_the_rows_of_a_study_are_told_with_their_own_options(tmp_path):
    rows = [{"moco": {"blur": 0.1}}, {"moco": {"as": "small | grey", "views": "common"}}]
    study = {"name": "mine", "backbones": ["resnet18"], "tasks": ["seg"], "protocols": {"seg": ["demo/city"]}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({**study, "methods": rows, "views": "paper"}))
    asked = ("--study", str(tmp_path / "study.yaml"))
    told = table(*asked)
    assert ["random", "moco", "small | grey"] == list(told)
    assert {"-"} == set(told["random"].values())
    assert ("paper", "0.1, s.d. 0.1 to 2 px") == (told["moco"]["views"], told["moco"]["blur"])
    assert ("common", "-", "any") == tuple(told["small | grey"][key] for key in ("views", "blur", "quarter turns"))
    text = ask(*asked)
    assert "| small \\| grey |" in text


def test_an_unknown_study_is_one_line():
    done = bench("methods", "augmentations", "--study", "nowhere")
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))


def test_the_table_is_printed_without_torch():
    code = (
        "import sys; from click.testing import CliRunner; from bench.cli.listing import methods;"
        "print(CliRunner().invoke(methods, ['augmentations', '--study', 'demo']).exit_code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "0 False" == done.stdout.strip()
