"""EuroSAT: its public layout as folder and archive, and its two protocols."""

import hashlib
import shutil
from collections import Counter

import numpy as np
import pytest

import tasks
from bench.core.errors import DataError
from bench.studies.inputs import Inputs
from bench.studies.study import Study
from tasks import datasets
from tasks.prepared import Prepared
from tasks.protocols import load_protocol
from tasks.splits import divide


def test_folders_are_classes_and_files_are_samples(generators, prepared, tmp_path):
    eurosat = generators("eurosat")
    data = prepared("eurosat", eurosat.write_eurosat(tmp_path / "raw"), tmp_path / "out", 64)
    assert list(eurosat.CLASSES) == data.classes
    assert [5] * 10 == data.class_counts.sum(axis=0).tolist()
    assert "AnnualCrop/AnnualCrop_1" == data.sources[0]
    assert 50 == len(data)


@pytest.mark.parametrize("root", ["EuroSAT_RGB", "2750"])
def test_an_archive_of_either_name_gives_the_set_that_its_folder_gives(generators, prepared, tmp_path, root):
    raw = generators("eurosat").write_eurosat(tmp_path / "raw", root=root)
    archive = shutil.make_archive(str(tmp_path / "EuroSAT"), "zip", raw)
    folder = prepared("eurosat", raw, tmp_path / "a", 64)
    assert folder.hash == prepared("eurosat", tmp_path / archive, tmp_path / "b", 64).hash


def test_a_copy_that_lacks_a_class_is_refused(generators, prepared, tmp_path):
    raw = generators("eurosat").write_eurosat(tmp_path / "raw")
    shutil.rmtree(raw / "EuroSAT_RGB" / "River")
    with pytest.raises(DataError, match="has no folders of the 10 classes AnnualCrop"):
        prepared("eurosat", raw, tmp_path / "out", 64)


def test_the_random_protocol_takes_four_fifths_of_every_class(generators, prepared, tmp_path):
    data = prepared("eurosat", generators("eurosat").write_eurosat(tmp_path / "raw"), tmp_path / "out", 64)
    protocol = load_protocol("eurosat/random-80-20")
    parts = divide(protocol.split, data)
    assert dict.fromkeys(range(10), 4) == Counter(data.labels[parts.train].tolist())
    assert dict.fromkeys(range(10), 1) == Counter(data.labels[parts.test].tolist())
    assert [] == parts.val
    assert protocol.sources["split.by"].startswith("ours")


def _study(data):
    return Study(
        name="lists", data={"eurosat": str(data.path)}, methods=["random"], backbones=["resnet18"], tasks=["cls"],
        protocols={"cls": ["eurosat/torchgeo"]},
    )  # fmt: skip


def test_torchgeos_protocol_is_refused_without_its_lists_and_with_others(generators, prepared, tmp_path):
    """What is asked for is TorchGeo's published file, which this tiny copy cannot have."""
    eurosat = generators("eurosat")
    data = prepared("eurosat", eurosat.write_eurosat(tmp_path / "raw"), tmp_path / "out", 64)
    protocol, inputs = load_protocol("eurosat/torchgeo"), Inputs(lambda _: None, tmp_path)
    with pytest.raises(DataError, match=r"eurosat-train\.txt: get it from https://hf\.co/.* and put it into") as error:
        inputs.dataset(_study(data), protocol)
    assert "\n" not in str(error.value)
    eurosat.write_lists(data.path)
    with pytest.raises(DataError, match=r"eurosat-train\.txt is not the published list \(md5 908f142e73d6acdf"):
        inputs.dataset(_study(data), protocol)


def test_with_its_lists_torchgeos_protocol_divides_by_them(generators, prepared, tmp_path):
    eurosat = generators("eurosat")
    data = prepared("eurosat", eurosat.write_eurosat(tmp_path / "raw"), tmp_path / "out", 64)
    protocol = load_protocol("eurosat/torchgeo")
    lists = {
        part: protocol.split.lists[part].model_copy(update={"md5": hashlib.md5(file.read_bytes()).hexdigest()})
        for part, file in eurosat.write_lists(data.path).items()
    }
    protocol = protocol.model_copy(update={"split": protocol.split.model_copy(update={"lists": lists})})
    parts = tasks.get("cls").load()(protocol, data).parts()
    assert (30, 10, 10) == (len(parts.train), len(parts.val), len(parts.test))
    assert {f"{name}/{name}_5" for name in eurosat.CLASSES} == {data.sources[at] for at in parts.test}


def test_the_sums_of_lists_are_in_the_hash_of_a_protocol_and_where_they_come_from_is_not():
    protocol = load_protocol("eurosat/torchgeo")
    other = protocol.split.lists | {"val": protocol.split.lists["val"].model_copy(update={"md5": "0" * 32})}
    changed = [{"lists": other}, {"lists_from": "elsewhere"}]
    hashes = [
        protocol.model_copy(update={"split": protocol.split.model_copy(update=change)}).hash for change in changed
    ]
    assert protocol.hash not in hashes[:1]
    assert [protocol.hash] == hashes[1:]


@pytest.mark.nightly
@pytest.mark.real
def test_the_real_archive_holds_27000_images_of_10_classes(real_data, prepared, tmp_path):
    data = prepared("eurosat", real_data / "EuroSAT_RGB.zip", tmp_path / "out", 64)
    assert datasets.get("eurosat").images == len(data) == 27000
    counts = [3000, 3000, 3000, 2500, 2500, 2000, 2500, 3000, 2500, 3000]
    assert counts == data.class_counts.sum(axis=0).tolist()
    assert {} == data.repeats()
    parts = divide(load_protocol("eurosat/random-80-20").split, data)
    assert (np.array(counts) * 4 // 5).tolist() == np.bincount(data.labels[parts.train]).tolist()
    assert "7cfdd4d98b22242b" == Prepared.open(data.path).hash
