import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from bench.cli.corpus import corpus as command
from bench.core.errors import BenchError
from bench.corpus.storage.reader import Corpus

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def arguments(world):
    folders = {"--scenes": "scenes", "--landcover": "landcover", "--out": "corpus"}
    named = [part for option, name in folders.items() for part in (option, str(world / name))]
    return ["build", *named, "--product", "globeland30", "--size", "64", "--workers", "1"]


def test_build_and_info_print_the_counts(arguments, world):
    built = CliRunner().invoke(command, arguments)
    assert 0 == built.exit_code, built.output
    info = CliRunner().invoke(command, ["info", str(world / "corpus")])
    assert 0 == info.exit_code
    for output in (built.output, info.output):
        assert "50 tiles of 64 x 64" in output
        assert "Gaofen-1" in output
        assert "cultivated land" in output
    assert "GlobeLand30" in info.output


def test_a_synthetic_corpus_is_called_so_by_build_info_and_report(arguments, world):
    built = run(*arguments, "--synthetic")
    info = run("info", world / "corpus")
    assert 0 == run("report", world / "corpus", "--out", world / "page").exit_code
    for text in (built.output, info.output, (world / "page" / "index.html").read_text()):
        assert "50 synthetic tiles of 64 x 64" in text


def test_a_users_mistake_is_one_line_and_exit_code_2(arguments):
    arguments[arguments.index("globeland30")] = "globeland"
    program = "from bench.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "corpus", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert 2 == done.returncode
    lines = [line for line in done.stderr.splitlines() if line.startswith("bench:")]
    assert 1 == len(lines)
    assert "unknown land-cover product 'globeland'" in lines[0]
    assert "Traceback" not in done.stderr


def test_the_corpus_rooms_never_import_torch():
    program = (
        "import sys, bench.cli.corpus, bench.corpus.build.pipeline, bench.corpus.storage.reader\n"
        "assert 'torch' not in sys.modules and 'skimage' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def built(arguments, world):
    assert 0 == CliRunner().invoke(command, arguments).exit_code
    return world / "corpus"


def test_a_sample_a_filter_a_split_and_a_merge_are_one_command_each(built, world):
    assert "25 tiles" in run("sample", built, "--fraction", "0.5", "--out", world / "half").output
    assert "tiles of 64" in run("filter", built, "--class", "forest", "--out", world / "forest").output
    done = run("split", built, "--part", "a=0.5", "--part", "b=0.5", "--out", world / "parts")
    assert 0 == done.exit_code, done.output
    assert {"a", "b"} == {path.name for path in (world / "parts").iterdir()}
    merged = run("merge", world / "parts" / "a", world / "parts" / "b", "--out", world / "whole")
    assert "50 tiles" in merged.output
    assert "merge of" in run("info", world / "whole").output


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["sample", "--out", "x"], "takes --count or --fraction"),
        (["sample", "--fraction", "1.5", "--out", "x"], "not in \\(0, 1\\]"),
        (["split", "--part", "train", "--out", "x"], "not NAME=SHARE"),
        (["split", "--part", "../x=1", "--out", "x"], "no usable name"),
        (["filter", "--class", "woods", "--out", "x"], "no class 'woods'"),
    ],
)
def test_mistakes_in_derived_corpora_are_told_in_one_line(built, options, problem):
    done = run(options[0], built, *options[1:])
    assert isinstance(done.exception, BenchError)
    assert re.search(problem, str(done.exception))


def test_check_finds_a_tile_that_changed_on_disk(built):
    assert "50 tiles as they were written" in run("check", built).output
    shard = next((built / "shards").iterdir())
    content = bytearray(shard.read_bytes())
    content[3 * 64 * 64 * 7 + 5] ^= 1
    shard.write_bytes(content)
    done = run("check", built)
    assert re.search(r"1 tiles differ from their digests \(7", str(done.exception))


def test_check_finds_proportions_that_changed_on_disk(built):
    import numpy as np

    landcover = np.load(built / "landcover.npy")
    np.save(built / "landcover.npy", landcover[::-1])
    assert "differ from the hash" in str(run("check", built).exception)


def test_any_threshold_can_be_set_and_is_stated(arguments, world):
    assert "no tile of" in str(run(*arguments, "--rule", "dark_level=255").exception)
    assert 0 == run(*arguments, "--rule", "contrast=0.01").exit_code
    assert 0.01 == Corpus.open(world / "corpus").manifest.rules["contrast"]


@pytest.mark.parametrize(
    ("setting", "problem"), [("darkness=3", "unknown rule 'darkness'"), ("dark_level=x", "not a number"),
                             ("contrast=7", "between 0 and 1")]
)  # fmt: skip
def test_a_threshold_without_sense_is_refused(arguments, setting, problem):
    assert problem in str(run(*arguments, "--rule", setting).exception)


def test_images_are_built_from_the_command_line_and_options_of_scenes_are_refused(tmp_path):
    for number in range(3):
        Image.fromarray(np.full((16, 16, 3), number // 2, dtype=np.uint8)).save(tmp_path / f"{number}.png")
    asked = ["build", "--images", str(tmp_path), "--out", str(tmp_path / "c"), "--workers", "1"]
    built = CliRunner().invoke(command, asked)
    assert "3 tiles of 16 x 16" in built.output, built.output
    assert "Tiles with pixels of an earlier tile: 1, pixels of one in another folder: 0" in built.output
    refused = CliRunner().invoke(command, [*asked, "--stretch", "0:255"])
    assert "--stretch says nothing of --images: leave it out" in str(refused.exception)
    both = CliRunner().invoke(command, [*asked, "--scenes", str(tmp_path)])
    assert "takes --scenes or --images: give one of them" in str(both.exception)
