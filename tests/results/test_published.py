import pytest
import yaml

from bench.core.errors import StudyError
from results import published


@pytest.mark.parametrize(("source", "rows"), [("geokr-2021", 598), ("cmid-2023", 46), ("gersp-2024", 51)])
def test_every_row_has_a_source_a_protocol_and_values_in_range(source, rows):
    table = published.read(source)
    assert rows == len(table)
    assert {source} == set(table["source"])
    assert table["protocol"].str.startswith(f"{source}/").all()
    assert table["fraction"].between(0, 1, inclusive="right").all()
    assert table["value"].between(0, 1).all()
    assert set(table["task"]) <= {"cls", "seg", "det", "cloud", "change"}


@pytest.mark.parametrize("source", published.names())
def test_what_is_printed_twice_is_printed_alike_and_counts_once(source):
    table = published.load(source)
    identity = ["dataset", "metric", "method", "backbone", "init", "fraction"]
    assert not table.duplicated(identity).any()
    assert (1 == published.read(source).groupby(identity)["value"].nunique()).all()


def test_values_of_the_papers_tables_are_as_printed():
    table = published.load("geokr-2021").set_index(["protocol", "variant", "backbone", "fraction"])["score"]
    # Table V, Table VII and Table X of the paper.
    assert 0.7015 == table["geokr-2021/vaihingen", "imagenet", "resnet50", 1.0]
    assert 0.5969 == table["geokr-2021/levir", "geokr (init=imagenet)", "resnet50", 0.1]
    assert 0.8310 == table["geokr-2021/rsscn7", "geokr-student", "resnet50", 0.05]


@pytest.mark.parametrize("source", published.names())
def test_every_source_is_described_and_its_notes_are_lines_of_text(source):
    described = published.about(source)
    assert {"title", "reference", "notes"} == set(described)
    assert set(described["notes"]) - {"all"} <= set(published.read(source)["protocol"])
    assert all(isinstance(note, str) for notes in described["notes"].values() for note in notes)


def test_an_unknown_source_is_refused_with_the_known_ones():
    with pytest.raises(StudyError, match=r"cmid-2023, geokr-2021, gersp-2024"):
        published.load("nobody-2020")


def test_the_description_file_names_exactly_the_sources_that_have_numbers():
    from pathlib import Path

    file = Path(published.__file__).with_name("sources.yaml")
    assert published.names() == sorted(yaml.safe_load(file.read_text()))
