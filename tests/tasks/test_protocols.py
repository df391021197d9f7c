"""Protocol files load, every value has a source, and the hash follows the values alone."""

import pytest
import yaml

from bench.core import configs
from tasks import datasets, registry
from tasks.protocols import VALUES, Protocol, known_protocols, load_protocol

ALL = known_protocols()
DROPPED = {"title", "sources", "fractions", "labels", "subsets", "of"}
# Another value of what is a word, or of what may be absent.
OTHERS = {
    "length": "steps",
    "precision": "fp32",
    "by": "image",
    "decay": "cosine",
    "name": "AdamW",
    "draw": "by-source",
    "selection": "within",
    "bn": "target",
    "statistics": "data",
    "classes": {"a": ["building"]},
    "labels": ["1shot"],
    "tuning": {"lr": [1.0, 3.0]},
    "size": 32,
    "of": "demo/city",
}


@pytest.mark.parametrize("name", ALL)
def test_a_shipped_protocol_loads_and_names_a_known_task_and_data_set(name):
    protocol = load_protocol(name)
    assert protocol.task in registry.all()
    assert datasets.get(protocol.dataset).name == protocol.dataset
    assert protocol.selects != "val" or protocol.split.ratio is None or protocol.split.ratio[1] > 0


@pytest.mark.parametrize("name", ALL)
def test_every_value_of_a_protocol_says_paper_or_ours(name):
    protocol = load_protocol(name)
    for part in VALUES:
        named = {key: source for key, source in protocol.sources.items() if key.split(".")[0] == part}
        assert named or getattr(protocol, part) == Protocol.model_fields[part].get_default(call_default_factory=True)
        assert all(source.startswith(("paper", "ours")) for source in named.values())


@pytest.mark.parametrize("name", ALL)
def test_a_protocol_survives_the_way_to_a_worker(name):
    protocol = load_protocol(name)
    assert Protocol.model_validate(protocol.model_dump(mode="json")).hash == protocol.hash


def test_no_two_protocols_share_a_hash():
    assert len({load_protocol(name).hash for name in ALL}) == len(ALL)


def _changed(values, key):
    value = values[key]
    if isinstance(value, float):
        return value / 2 if value else 0.5
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) or value is None:
        return OTHERS.get(key, f"{value}x")
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
        changed["sources"] |= dict.fromkeys((*VALUES, "schedule.precision"), "ours")
        same = Protocol.model_validate(changed).hash == base.hash
        assert same == (path[0] in DROPPED), path
        checked += 1
    assert checked > 25


@pytest.mark.parametrize("name", ALL)
def test_a_shipped_protocol_says_by_which_rule_it_selects(name):
    assert load_protocol(name).selection is not None


def test_values_that_came_later_leave_the_hash_of_what_was_done_before_as_it_was():
    base = load_protocol("geokr-2021/vaihingen")
    values = base.model_dump(mode="json", exclude={"draw", "tuning", "evaluation", "bn", "of", "labels", "subsets"})
    for selection in ("val", None):
        assert base.hash == Protocol.model_validate(values | {"selection": selection}).hash
    assert base.hash != Protocol.model_validate(values | {"selection": "last"}).hash


@pytest.mark.parametrize("name", [name for name in ALL if load_protocol(name).of])
def test_a_variant_names_a_protocol_of_the_same_task_and_data_set_and_metric(name):
    variant = load_protocol(name)
    kept = {"task", "dataset", "classes", "metric"}
    assert load_protocol(variant.of).model_dump(include=kept) == variant.model_dump(include=kept)
    # It may ask about the head, and then says so.
    assert load_protocol(variant.of).network == variant.network or "head" in variant.network


def test_kinds_of_label_and_numbers_of_classes_enter_the_hash_where_they_are_said():
    base = load_protocol("isprs/vaihingen-area")
    values = base.model_dump(mode="json")
    assert "labels" not in values["slices"]
    hashes = {base.hash}
    for changes in ({"slices": {**values["slices"], "labels": "full"}}, {"classes": 5}, {"classes": 6}):
        sources = values["sources"] | {"classes": "ours", "slices": "ours"}
        hashes.add(Protocol.model_validate(values | changes | {"sources": sources}).hash)
    assert 4 == len(hashes)


def test_labels_of_a_protocol_are_amounts_and_go_before_its_fractions():
    values = load_protocol("geokr-2021/ucmerced").model_dump(mode="json")
    assert ["5%", "10%", "20%", "50%", "100%"] == [amount.text for amount in Protocol.model_validate(values).amounts]
    values |= {"labels": ["1-shot", 50], "sources": values["sources"] | {"labels": "ours"}}
    assert ["1shot", "50"] == [amount.text for amount in Protocol.model_validate(values).amounts]


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
def test_every_protocol_has_a_demo_twin_of_its_task_classes_and_metric(name):
    (demo,) = _twins(name)
    twin, base = load_protocol(demo), load_protocol(name)
    assert twin.dataset.startswith("demo-")
    # The demo's own protocols never have slices of one image on both sides; its pairs alone have parts.
    whole = demo.count("/") == 1 and base.task in {"seg", "cloud", "probe-seg"}
    whole |= base.split.by == "given" and twin.dataset != "demo-change"
    assert twin.split.by == ("image" if whole else base.split.by)
    assert twin.schedule.length == base.schedule.length
    kept = {"task", "metric"} | ({"classes"} if base.classes else set())
    assert twin.model_dump(include=kept) == base.model_dump(include=kept)


@pytest.mark.parametrize("name", [demo for base in PAPERS for demo in _twins(base) if demo.count("/") > 1])
def test_a_twin_by_its_papers_name_keeps_network_optimiser_and_augmentation_too(name):
    """A head other than the paper's may be narrower, for two cores."""
    twin, base = load_protocol(name), load_protocol(name.removeprefix("demo/"))
    assert (twin.optimiser, twin.augment) == (base.optimiser, base.augment)
    assert twin.network == base.network or "head" in twin.network
    assert twin.network.get("head") == base.network.get("head")


@pytest.mark.parametrize("name", [name for name in ALL if "isprs/" in name])
def test_divisions_of_our_own_have_the_head_that_reviewers_know(name):
    assert "upernet" == load_protocol(name).network["head"]


@pytest.mark.parametrize("name", [name for name in ALL if load_protocol(name).of])
def test_a_variant_differs_from_its_base_in_what_it_asks_about(name):
    """A row's two scores, in a table, are of one data set, one division and one way to choose."""
    variant, base = load_protocol(name), load_protocol(load_protocol(name).of)
    kept = {"task", "dataset", "slices", "classes", "augment", "metric", "draw"}
    assert variant.model_dump(include=kept) == base.model_dump(include=kept)
    assert variant.hash != base.hash
