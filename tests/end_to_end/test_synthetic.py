"""Whether a row is synthetic is what its data set was declared to be, whatever the study calls it."""

import importlib.util
from pathlib import Path

import pytest
import yaml
from running import bench

from bench.core import files
from bench.store.records import read_record
from tasks import datasets
from tasks.protocol_parts import Slices
from tasks.protocols import load_protocol


@pytest.fixture
def scenes(tmp_path):
    path = Path(__file__).resolve().parents[1] / "data" / "scene_folders.py"
    spec = importlib.util.spec_from_file_location("generator", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.write_ucmerced(tmp_path / "raw", per_class=4, size=32)


def test_a_drawn_set_in_the_place_of_a_real_one_gives_synthetic_rows(scenes, tmp_path):
    with files.new_folder(tmp_path / "set") as work:
        datasets.get("demo-scenes").prepare(scenes, work, Slices(size=32), lambda *_: None)
    protocol = load_protocol("demo/scenes").model_dump(mode="json", exclude_unset=True)
    protocol |= {"id": "tests/scenes", "dataset": "ucmerced", "slices": {"size": 32, "overlap": 0.0}}
    protocol["schedule"] |= {"total": 1, "look_every": 0, "batch": 4}
    protocol["selection"] = "last"
    (tmp_path / "protocol.yaml").write_text(yaml.safe_dump(protocol))
    study = {
        "name": "small",
        "data": {"ucmerced": str(tmp_path / "set")},
        "methods": ["random"],
        "backbones": ["resnet18"],
        "tasks": ["cls"],
        "protocols": {"cls": [str(tmp_path / "protocol.yaml")]},
        "fractions": [1.0],
        "seeds": 1,
        "engine": {"workers": 1, "device": "cpu"},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    done = bench("run", "--study", tmp_path / "study.yaml", "--store", tmp_path / "store")
    assert 0 == done.returncode, done.stderr
    (path,) = (tmp_path / "store" / "records").glob("*.json")
    assert read_record(path).synthetic
