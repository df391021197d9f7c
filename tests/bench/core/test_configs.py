"""One `extends` for studies, protocols and land-cover products."""

import pytest
import yaml

from bench.core import configs
from bench.core.configs import ConfigKind
from bench.core.errors import DataError
from bench.corpus.landcover.registry import PRODUCTS, load_product
from bench.studies.loading import STUDIES, load_study
from tasks.protocols import PROTOCOLS, load_protocol

PLAIN = ConfigKind("recipe", "recipes", DataError)


def write(path, **values):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values))
    return path


def test_a_chain_of_three_joins_keys_and_replaces_lists(tmp_path):
    write(tmp_path / "a.yaml", sweet=True, oven={"hot": 200, "fan": False}, steps=["mix", "bake"])
    write(tmp_path / "b.yaml", extends="a.yaml", oven={"fan": True}, salt=1)
    file = write(tmp_path / "c.yaml", extends="b.yaml", oven={"hot": 180}, steps=["eat"])
    expected = {"sweet": True, "oven": {"hot": 180, "fan": True}, "steps": ["eat"], "salt": 1}
    assert expected == PLAIN.read(file)


def test_a_path_is_relative_to_the_file_that_says_it(tmp_path, monkeypatch):
    write(tmp_path / "ours" / "base.yaml", where="ours")
    write(tmp_path / "ours" / "middle.yaml", extends="base.yaml")
    file = write(tmp_path / "mine" / "deep" / "top.yaml", extends="../../ours/middle.yaml")
    write(tmp_path / "elsewhere" / "base.yaml", where="elsewhere")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert {"where": "ours"} == PLAIN.read(file)


def test_an_absolute_path_is_taken_as_it_is(tmp_path):
    base = write(tmp_path / "far" / "base.yaml", where="far")
    assert {"where": "far"} == PLAIN.read(write(tmp_path / "top.yaml", extends=str(base)))


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_a_cycle_is_one_line_that_names_its_files(tmp_path, names):
    for name, base in zip(names, (*names[1:], names[0]), strict=True):
        write(tmp_path / f"{name}.yaml", extends=f"{base}.yaml")
    with pytest.raises(DataError) as caught:
        PLAIN.read(tmp_path / "a.yaml")
    walked = " -> ".join(str(tmp_path / f"{name}.yaml") for name in (*names, "a"))
    assert f"{tmp_path / 'a.yaml'} extends itself: {walked}: take one `extends` out" == str(caught.value)


def test_a_cycle_through_another_spelling_of_a_path_is_found(tmp_path):
    write(tmp_path / "in" / "a.yaml", extends="../in/b.yaml")
    write(tmp_path / "in" / "b.yaml", extends="./a.yaml")
    with pytest.raises(DataError, match="extends itself"):
        PLAIN.read(tmp_path / "in" / "a.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "extends: other.yaml",
            r"top\.yaml extends an unknown recipe '.*other\.yaml'.*: name a \.yaml file that exists",
        ),
        ("extends: [a]", r"top\.yaml: extends must be a recipe's name or file, got \['a'\]"),
        ("- 1", r"top\.yaml must hold keys and values"),
        ("", r"top\.yaml must hold keys and values"),
        ("a: [", r"top\.yaml is not readable YAML"),
        (b"a: \xff", r"top\.yaml is not readable YAML"),
        ("!!python/object/apply:os.getcwd []", r"top\.yaml is not readable YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line_of_its_kinds_error(tmp_path, text, said):
    (tmp_path / "top.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=said) as caught:
        PLAIN.read(tmp_path / "top.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [STUDIES, PROTOCOLS, PRODUCTS])
def test_every_shipped_file_is_found_by_its_name_and_no_other_file_is(kind):
    names = kind.names()
    assert names
    files = {kind.find(name) for name in names}
    assert len(names) == len(files)
    assert all(file.is_relative_to(configs.folder() / kind.place) for file in files)
    with pytest.raises(kind.error, match=f"unknown {kind.word} '../{names[0]}'"):
        kind.find(f"../{names[0]}")


def test_a_study_a_protocol_and_a_product_extend_by_name_and_by_path(tmp_path):
    write(tmp_path / "base" / "study.yaml", extends="demo", name="base", seeds=7)
    study = load_study(write(tmp_path / "study.yaml", extends="base/study.yaml", name="mine"), {})
    assert ("mine", 7, load_study("demo", {}).fractions) == (study.name, study.seeds, study.fractions)

    write(tmp_path / "base" / "protocol.yaml", extends="geokr-2021/potsdam", fractions=[0.5])
    own = write(tmp_path / "protocol.yaml", extends="base/protocol.yaml", title="Mine")
    protocol, shipped = load_protocol(str(own)), load_protocol("geokr-2021/potsdam")
    assert ("Mine", [0.5], shipped.hash) == (protocol.title, protocol.fractions, protocol.hash)

    own = write(tmp_path / "product.yaml", extends="io-lulc", name="mine")
    assert load_product(str(own)).codes == load_product("io-lulc").codes


def test_a_new_source_of_a_whole_part_speaks_for_all_of_it(tmp_path):
    sources = load_protocol("geokr-2021/potsdam").sources
    assert "split.ratio" in sources or "split" in sources
    own = write(tmp_path / "own.yaml", extends="geokr-2021/potsdam", sources={"schedule": "ours, to try"})
    changed = load_protocol(str(own)).sources
    assert ["schedule"] == [name for name in changed if name.startswith("schedule")]
    assert {name: said for name, said in sources.items() if not name.startswith("schedule")} == {
        name: said for name, said in changed.items() if name != "schedule"
    }
    assert load_protocol(str(own)).sources["schedule"] != sources.get("schedule")


def test_a_part_of_a_configuration_is_joined_and_neither_side_is_changed():
    base, over = {"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"c": []}, "d": {"e": 3}}
    assert {"a": {"b": 1, "c": []}, "d": {"e": 3}} == configs.merge(base, over)
    assert ({"a": {"b": 1, "c": [1]}, "d": 2}, {"a": {"c": []}, "d": {"e": 3}}) == (base, over)


@pytest.mark.parametrize("over", [{"a": 2}, {"a": None}, {"a": [1]}])
def test_a_plain_value_takes_the_place_of_keys_and_keys_that_of_a_value(over):
    assert over == configs.merge({"a": {"b": 1}}, over)
    assert {"a": {"b": 1}} == configs.merge(over, {"a": {"b": 1}})
