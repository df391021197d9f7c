"""`bench data` prepares, verifies, lists and counts, and refuses in one line with exit code 2."""

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running import bench

ROOT = Path(__file__).resolve().parents[3]


def _bench(home, *arguments):
    return bench("data", *arguments, env=os.environ | {"BENCH_DATA": str(home), "COLUMNS": "200"}, cwd=ROOT)


@pytest.fixture
def rsscn7(tmp_path):
    spec = importlib.util.spec_from_file_location("generator", ROOT / "tests" / "data" / "scene_folders.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.write_rsscn7(tmp_path / "raw", per_class=8, size=400)


def test_a_set_is_prepared_verified_listed_and_its_subsets_counted(rsscn7, tmp_path):
    home = tmp_path / "home"
    made = _bench(home, "prepare", "rsscn7", "--source", rsscn7)
    assert (made.returncode, made.stdout.count("slices of ")) == (0, 1 + 7), made.stderr
    assert (home / "prepared" / "rsscn7-400-0" / "index.json").is_file()
    checked = _bench(home, "verify", "rsscn7")
    assert checked.returncode == 0
    assert "as it was prepared" in checked.stdout
    listed = _bench(home, "list").stdout
    assert str(home / "prepared" / "rsscn7-400-0") in listed
    assert "Zou et al." in listed
    counted = _bench(home, "subsets", "geokr-2021/rsscn7", "--seeds", "2", "--labels", "0.5,2shot")
    assert counted.returncode == 0, counted.stderr
    assert "21.00" in counted.stdout
    assert 7 * 2 == counted.stdout.count("2 (2.00)")
    assert "RiverLake" in counted.stdout


def test_a_changed_set_does_not_verify(rsscn7, tmp_path):
    out = tmp_path / "out"
    assert _bench(tmp_path, "prepare", "rsscn7", "--source", rsscn7, "--out", out).returncode == 0
    pixels = np.lib.format.open_memmap(out / "images.npy", mode="r+")
    pixels[3, 3, 3] ^= 1
    pixels.flush()
    done = _bench(tmp_path, "verify", "--folder", out)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "images.npy has changed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["prepare", "nowhere", "--source", "."], "unknown data set 'nowhere'"),
        (["prepare", "rsscn7", "--source", "absent"], "absent is not there"),
        (["prepare", "rsscn7", "--source", ".", "--protocol", "demo/city"], "is for data set demo-city"),
        (["prepare", "rsscn7", "--source", ".", "--option", "a=b"], "takes no options"),
        (["verify", "rsscn7"], "nothing is prepared"),
        (["subsets", "geokr-2021/rsscn7"], "no prepared data set"),
        (["subsets", "demo/city", "--labels", "1shut"], "'1shut' is no amount of labels"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path, arguments, said):
    done = _bench(tmp_path / "home", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert "Traceback" not in done.stderr


def test_a_broken_image_leaves_nothing_half_prepared(rsscn7, tmp_path):
    Image.new("RGBA", (4, 4)).save(rsscn7 / "bField" / "b002.png")
    (rsscn7 / "bField" / "b002.jpg").unlink()
    done = _bench(tmp_path / "home", "prepare", "rsscn7", "--source", rsscn7)
    assert done.returncode == 2
    assert "b002.png is a picture of mode RGBA" in done.stderr
    assert list((tmp_path / "home" / "prepared").iterdir()) == []


def test_what_a_study_prepared_of_the_demo_is_listed_verified_and_not_prepared_again(tmp_path):
    environment = os.environ | {"BENCH_DATA": str(tmp_path)}
    asked = [
        "--methods",
        "random",
        "--tasks",
        "cls",
        "--store",
        tmp_path / "store",
        "--set",
        "options.random.calibrate=none",
    ]
    assert ["no"] == list(
        {entry["prepared"] for entry in json.loads(_bench(tmp_path, "list", "--json").stdout).values()}
    )
    planned = bench("plan", *asked, env=environment)
    assert 0 == planned.returncode, planned.stderr
    listed = json.loads(_bench(tmp_path, "list", "--json").stdout)
    (folder,) = listed.pop("demo-scenes")["prepared"]
    assert {"no"} == {entry["prepared"] for entry in listed.values()}
    checked = _bench(tmp_path, "verify", "demo-scenes")
    assert (0, 1) == (checked.returncode, checked.stdout.count("as it was prepared")), checked.stderr
    assert checked.stdout.startswith(f"{folder}: 1312 slices")
    again = _bench(tmp_path, "prepare", "demo-scenes", "--source", tmp_path)
    assert 2 == again.returncode
    assert again.stderr.startswith(f"bench: {folder} exists already")
