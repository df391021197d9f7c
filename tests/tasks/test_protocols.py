"""Protocol files load, every value has a source, and the hash follows the values alone."""

from pathlib import Path

import pytest
import yaml

from bench.core import configs
from bench.core.errors import StudyError
from tasks import datasets, protocols, registry
from tasks.protocols import VALUES, Protocol, known_protocols, load_protocol

ALL = known_protocols()
DROPPED = {"title", "sources", "fractions", "labels", "of"}


@pytest.mark.parametrize("name", ALL)
def test_a_shipped_protocol_loads_and_names_a_known_task_and_data_set(name):
    protocol = load_protocol(name)
    assert protocol.task in registry.all()
    assert protocol.dataset in datasets.registry.all()
    assert protocol.selects != "val" or protocol.split.ratio is None or protocol.split.ratio[1] > 0


@pytest.mark.parametrize("name", ALL)
def test_every_value_of_a_protocol_says_paper_or_ours(name):
    protocol = load_protocol(name)
    for part in VALUES:
        named = {key: source for key, source in protocol.sources.items() if key.split(".")[0] == part}
        before = Protocol.model_fields[part].get_default(call_default_factory=True)
        assert named or getattr(protocol, part) == before
        assert all(source.startswith(("paper", "ours")) for source in named.values())


@pytest.mark.parametrize("name", ALL)
def test_a_protocol_survives_the_way_to_a_worker(name):
    protocol = load_protocol(name)
    assert Protocol.model_validate(protocol.model_dump(mode="json")).hash == protocol.hash


def test_no_two_protocols_share_a_hash():
    assert len({load_protocol(name).hash for name in ALL}) == len(ALL)


# Another value of each name whose values are words, or that is None where it is not stated.
OTHERS = {
    "length": "steps",
    "precision": "fp32",
    "by": "image",
    "decay": "cosine",
    "name": "AdamW",
    "draw": "random",
    "bn": "target",
    "statistics": "data",
    "selection": "within",
    "tuning": {"lr": [1.0, 3.0]},
    "labels": ["5shot"],
    "of": "demo/city",
    "size": 64,
    "seed": 7,
    "classes": {"a": ["building"]},
}


def _changed(values, key):
    value = values[key]
    if value is None or isinstance(value, str):
        return OTHERS.get(key, f"{value}x")
    if isinstance(value, float):
        return value / 2 if value else 0.5
    if isinstance(value, int):
        return value + 1
    return value[:-1] if isinstance(value, list) else value


def _leaves(values, path=()):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key)


def test_the_hash_changes_with_every_value_and_ignores_titles_and_sources():
    base = load_protocol("geokr-2021/vaihingen")
    values = base.model_dump(mode="json")
    checked = 0
    for path in _leaves(values):
        changed = yaml.safe_load(yaml.safe_dump(values))
        at = changed
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = [4, 1, 1] if path[-1] == "ratio" else _changed(at, path[-1])
        if path[-1] == "areas":
            continue
        changed["sources"] |= dict.fromkeys(VALUES, "ours")
        same = Protocol.model_validate(changed).hash == base.hash
        assert same == (path[0] in DROPPED), path
        checked += 1
    assert checked > 25


def test_a_twin_of_equal_steps_differs_from_its_base_only_in_length():
    for name in ALL:
        if name.endswith("-steps"):
            twin, base = load_protocol(name), load_protocol(name.removesuffix("-steps"))
            assert (base.schedule.length, twin.schedule.length) == ("epochs", "steps")
            assert twin.sources["schedule"].startswith("ours")
            kept = {"slices", "split", "classes", "network", "augment", "metric", "dataset", "task"}
            assert twin.model_dump(include=kept) == base.model_dump(include=kept)


# A protocol by lists of a user's divides the images that they name, which no synthetic set has.
PAPERS = [name for name in ALL if not name.startswith("demo/") and load_protocol(name).split.by != "list"]


def _twins(name):
    """The demo protocols whose file takes its values from a protocol's."""
    files = {demo: configs.folder() / "protocols" / f"{demo}.yaml" for demo in ALL if demo.startswith("demo/")}
    return [demo for demo, file in files.items() if yaml.safe_load(file.read_text())["extends"] == name]


@pytest.mark.parametrize("name", PAPERS)
def test_every_protocol_has_a_demo_twin_that_differs_in_data_set_and_size_only(name):
    (demo,) = _twins(name)
    twin, base = load_protocol(demo), load_protocol(name)
    assert twin.dataset.startswith("demo-")
    assert twin.split.by == base.split.by
    assert twin.schedule.length == base.schedule.length
    kept = {"task", "augment", "metric"} | ({"classes"} if base.classes else set())
    assert twin.model_dump(include=kept) == base.model_dump(include=kept)


@pytest.mark.parametrize("name", [demo for base in PAPERS for demo in _twins(base) if demo.count("/") > 1])
def test_a_twin_by_its_papers_name_keeps_network_and_optimiser_too(name):
    twin, base = load_protocol(name), load_protocol(name.removeprefix("demo/"))
    assert (twin.network, twin.optimiser) == (base.network, base.optimiser)


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
        ({"id": "other"}, "must be the file's path"),
        ({"schedule": LAST, "selection": "within"}, "selection: within has nothing to choose from: let schedule.look_"),
        (
            {"schedule": LAST, "tuning": {"lr": [1, 3]}},
            "a tuning is chosen by labels: write selection: within, cv or val",
        ),
        ({"selection": "last", "tuning": {"lr": [1, 3]}}, "a tuning is chosen by labels"),
        ({"tuning": {"lr": [3]}}, "tuning: a grid has at least two points"),
        ({"tuning": {"head": [1, 1]}}, "tuning: a grid names each value once"),
        ({"tuning": {"steps": [1, 0]}}, "tuning.steps.1"),
    ],
)
def test_a_wrong_protocol_is_refused_in_one_line_that_names_file_and_value(own_protocols, changes, said):
    file = own_protocols("mine", **changes)
    with pytest.raises(StudyError) as caught:
        load_protocol("mine")
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_protocol_is_refused_with_the_nearest_ones():
    with pytest.raises(
        StudyError, match=r"unknown protocol 'demo/citi': name a \.yaml file that exists, or choose from .*demo/city"
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


@pytest.mark.parametrize("name", [name for name in ALL if load_protocol(name).of])
def test_a_variant_differs_from_its_base_in_what_it_asks_about(name):
    """A row's two scores, in a table, are of one data set, one division and one way to choose."""
    variant, base = load_protocol(name), load_protocol(load_protocol(name).of)
    kept = {"task", "dataset", "slices", "classes", "network", "augment", "metric", "draw"}
    assert variant.model_dump(include=kept) == base.model_dump(include=kept)
    assert variant.hash != base.hash
