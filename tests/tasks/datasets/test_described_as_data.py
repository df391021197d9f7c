"""A data set is a file of facts beside a reader; the files are found by listing their folder."""

import pytest
import yaml

from bench.core import configs
from bench.core.errors import DataError, StudyError
from tasks import datasets
from tasks.datasets import read_spec
from tasks.protocol_parts import Slices
from tasks.protocols import known_protocols, load_protocol

FACTS = {
    "name": "mine",
    "summary": "two images",
    "reader": "tasks.datasets.scene_folders:read_ucmerced",
    "homepage": "nowhere",
    "licence": "mine",
    "citation": "me",
    "layout": "Images/<class>/*.png",
}


def _write(folder, values, name="mine"):
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


def test_every_file_of_the_folder_is_a_data_set_with_a_reader_that_is_there():
    files = {file.stem for file in (configs.folder() / "datasets").glob("*.yaml")}
    assert files == set(datasets.registry.all())
    for spec in datasets.registry.all().values():
        assert callable(spec.load())


def test_every_protocol_names_a_data_set_that_is_there():
    named = {load_protocol(name).dataset for name in known_protocols()}
    assert {name for name in named if not name.startswith("torchgeo:")} <= set(datasets.registry.all())
    assert named == {datasets.get(name).name for name in named}


def test_a_file_of_facts_is_read_into_a_spec(tmp_path):
    spec = read_spec(_write(tmp_path, FACTS | {"images": 2, "archives": ["mine"], "md5": {"mine.zip": "00"}}))
    assert ("mine", "two images", 2, ("mine",), {"mine.zip": "00"}) == (
        spec.name, spec.summary, spec.images, spec.archives, spec.md5,
    )  # fmt: skip
    assert not spec.synthetic


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"licence": None}, "licence"),
        ({"speed": 3}, "speed"),
        ({"images": "many"}, "images"),
        ({"name": "other"}, "must be the file's name 'mine'"),
    ],
)
def test_a_wrong_fact_is_named_with_its_file(tmp_path, change, said):
    with pytest.raises(StudyError, match=rf"mine\.yaml: .*{said}"):
        read_spec(_write(tmp_path, FACTS | change))


def test_options_are_refused_where_a_data_set_has_none(tmp_path):
    with pytest.raises(DataError, match="data set mine takes no options, got bands"):
        read_spec(_write(tmp_path, FACTS)).prepare(tmp_path, tmp_path, Slices(size=64), lambda *_: None, {"bands": "1"})
