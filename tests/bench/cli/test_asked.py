"""What `bench run` writes down as asked: the study's rows, whichever of them a command runs."""

import numpy as np
import pytest
import yaml

from bench.cli.study import LISTS, asked_of, study_from
from bench.core import files
from bench.studies.inputs import Inputs
from tasks.labels.image_class import LABEL
from tasks.writing import SliceWriter


@pytest.fixture
def asked(tmp_path):
    """Function that gives the questions of a command on a study of GeoKR and MoCo: `asked(methods="geokr")`."""
    with files.new_folder(tmp_path / "set") as work:
        writer = SliceWriter(work, 80, 4, ["a", "b"], LABEL)
        for at in range(80):
            writer.add(np.full((4, 4, 3), at, np.uint8), at % 2, f"image-{at}")
        writer.finish({"palette": [[0, 0, 0]] * 2, "synthetic": True})
    study = tmp_path / "mine.yaml"
    values = {"extends": "demo", "name": "mine", "tasks": ["cls"], "fractions": [1.0]}
    study.write_text(yaml.safe_dump(values | {"data": {"demo-scenes": str(tmp_path / "set")}}))

    def of_command(**options):
        given = dict.fromkeys([*LISTS, "seeds", "store", "device", "workers"])
        given |= {"study": str(study), "settings": (), "no_references": False} | options
        return asked_of(given, study_from(given), Inputs(print, tmp_path))

    return of_command


def test_fewer_methods_ask_the_same_questions(asked):
    whole = asked()
    assert {("geokr", "random"), ("moco", "random")} == {(each.a, each.b) for each in whole.questions}
    assert whole.hash == asked(methods="geokr").hash == asked(seeds=9).hash


def test_a_method_that_only_the_command_names_is_asked_about_too(asked):
    more = asked(methods="byol,geokr")
    assert {"geokr", "moco", "byol"} == {each.a for each in more.questions}


def test_rows_that_cannot_go_with_the_other_options_are_no_hindrance(asked):
    """A budget refuses options of length of its own, and those of moco are of the file."""
    settings = ("options.moco.epochs=3",)
    assert {"geokr"} == {each.a for each in asked(methods="geokr", settings=settings).questions}
