"""What a protocol of a user's own may not say.

Apart from the shipped ones' tests: what these have read is forgotten for each of them.
"""

from pathlib import Path

import pytest
import yaml

from bench.core import configs
from bench.core.errors import StudyError
from tasks import protocols
from tasks.protocols import VALUES, load_protocol


@pytest.fixture
def own_protocols(tmp_path, monkeypatch):
    """A folder of protocols to break, with a good one in it."""
    folder = tmp_path / "protocols"
    folder.mkdir()
    good = yaml.safe_load((configs.folder() / "protocols" / "geokr-2021" / "vaihingen.yaml").read_text())
    good["sources"] |= {"selection": "ours", "tuning": "ours"}
    monkeypatch.setattr(configs, "folder", lambda: tmp_path)
    protocols.load_protocol.cache_clear()

    def write(name: str, **changes: object) -> Path:
        path = folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(good | {"id": name} | changes))
        return path

    yield write
    protocols.load_protocol.cache_clear()


# Nothing is looked at before the end.
LAST = {"length": "epochs", "total": 20, "batch": 16, "look_every": 20}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"optimiser": {"name": "SGD", "lr": -1}}, "optimiser.lr"),
        ({"speed": 3}, "speed"),
        ({"sources": {}}, "sources says nothing of slices"),
        ({"split": {"by": "slice"}}, "needs ratio and seed"),
        ({"split": {"by": "area"}}, "needs areas"),
        ({"labels": ["5shit"]}, "labels: '5shit' is no amount"),
        ({"draw": "sorted"}, "draw: "),
        ({"draw": "random"}, "sources says nothing of draw"),
        ({"subsets": 20}, "sources says nothing of subsets"),
        ({"subsets": 0}, "subsets: "),
        ({"id": "other"}, "must be the file's path"),
        ({"schedule": LAST, "selection": "within"}, "selection: within has nothing to choose from: let schedule.look_"),
        (
            {"schedule": LAST, "selection": None, "tuning": {"lr": [1, 3]}},
            "a tuning is chosen by labels: write selection: within, cv or val",
        ),
        ({"selection": "last", "tuning": {"lr": [1, 3]}}, "a tuning is chosen by labels"),
        ({"tuning": {"lr": [3]}}, "tuning: a grid has at least two points"),
        ({"tuning": {"head": [1, 1]}}, "tuning: a grid names each value once"),
        ({"tuning": {"steps": [1, 0]}}, "tuning.steps.1"),
        ({"classes": 5}, "sources says nothing of classes"),
        ({"classes": 1}, "classes"),
        ({"slices": {"size": 256, "labels": "thin"}}, "slices.labels"),
        ({"slices": {"size": 256, "labels": "full"}, "sources": {}}, "sources says nothing of slices.size"),
    ],
)
def test_a_wrong_protocol_is_refused_in_one_line_that_names_file_and_value(own_protocols, changes, said):
    file = own_protocols("mine", **changes)
    with pytest.raises(StudyError) as caught:
        load_protocol("mine")
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fractions_take_the_place_of_the_labels_that_an_extended_protocol_offers(tmp_path):
    base, child = tmp_path / "base.yaml", tmp_path / "child.yaml"
    labelled = {"id": "base", "labels": ["5shot", "100%"], "sources": {"labels": "ours"}}
    base.write_text(yaml.safe_dump({"extends": "geokr-2021/vaihingen"} | labelled))
    child.write_text(yaml.safe_dump({"extends": str(base), "id": "child", "fractions": [0.5]}))
    assert ["5shot", "100%"] == [amount.text for amount in load_protocol(str(base)).amounts]
    assert ["50%"] == [amount.text for amount in load_protocol(str(child)).amounts]


def test_an_unknown_protocol_is_refused_with_the_nearest_ones():
    with pytest.raises(
        StudyError, match=r"unknown protocol 'demo/citi'; did you mean demo/city\? \(bench tasks lists them\)"
    ):
        load_protocol("demo/citi")


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": LAST, "selection": "last"},
        {"schedule": LAST, "selection": "cv", "tuning": {"head": [1, 10]}},
        {"selection": "within"},
    ],
)
def test_a_protocol_that_looks_or_tunes_may_select(own_protocols, changes):
    own_protocols("mine", sources=dict.fromkeys(VALUES, "ours"), **changes)
    assert changes["selection"] == load_protocol("mine").selects
