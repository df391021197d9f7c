"""The README's three ways in work as they are printed, in an empty folder with a checkpoint and a folder of images."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from running import ROOT

WAYS = dict(re.findall(r"<!-- way: (\w+) -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL))
COLOURS = {"field": (90, 140, 60), "town": (130, 120, 110), "water": (30, 60, 120)}


@pytest.fixture
def desk(tmp_path):
    """What a user would have: `mine.ckpt`, as a training left it, and `photos`, a folder a class."""
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(40):
            blocks = rng.normal(0, 20, (8, 8, 3)).repeat(8, 0).repeat(8, 1)
            image = np.clip(np.array(colour) + rng.normal(0, 25, (64, 64, 3)) + blocks, 0, 255).astype(np.uint8)
            Image.fromarray(image).save(tmp_path / "photos" / name / f"{name}_{number:03d}.png")
    torch.manual_seed(0)
    state = timm.create_model("test_resnet").state_dict()
    torch.save({"state_dict": {f"model.backbone.{key}": value for key, value in state.items()}}, tmp_path / "mine.ckpt")
    return tmp_path


def test_there_are_three_ways_of_at_most_five_lines():
    assert {"weights", "method", "data"} == set(WAYS)
    assert [] == [name for name, text in WAYS.items() if not 1 <= len(text.strip().splitlines()) <= 5]


@pytest.mark.nightly
@pytest.mark.parametrize("way", WAYS)
def test_a_way_works_as_it_is_printed(way, desk):
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}:{os.environ['PATH']}", "BENCH_DATA": str(desk / "data")}
    script = ["bash", "-euo", "pipefail", "-c", WAYS[way]]
    done = subprocess.run(script, cwd=desk, env=environment, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    written = {"weights": "judged-page/index.html", "method": "tried/records", "data": "mine.md"}
    assert (desk / written[way]).exists()
