import pytest

from bench.core import configs
from bench.core.errors import StudyError


def test_the_shipped_studies_protocols_and_products_are_found():
    folder = configs.folder()
    for name in ("leaderboard", "landcover/globeland30"):
        assert (folder / f"{name}.yaml").is_file()
    assert (folder / "protocols").is_dir()


def test_values_are_merged_key_by_key_and_lists_are_replaced():
    base = {
        "methods": ["moco", "geokr"],
        "options": {"geokr": {"alpha": 0.9, "epochs": 2}, "moco": {"epochs": 3}},
        "seeds": 3,
    }
    over = {"methods": ["byol"], "options": {"geokr": {"alpha": 0.5}}, "name": "mine"}
    expected = {
        "methods": ["byol"],
        "options": {"geokr": {"alpha": 0.5, "epochs": 2}, "moco": {"epochs": 3}},
        "seeds": 3,
        "name": "mine",
    }
    assert expected == configs.merge(base, over)


def test_a_merge_leaves_what_it_was_given_alone():
    base, over = {"a": {"b": 1}}, {"a": {"c": 2}}
    configs.merge(base, over)
    assert ({"a": {"b": 1}}, {"a": {"c": 2}}) == (base, over)


@pytest.mark.parametrize(
    ("base", "over"), [({"a": {"b": 1}}, {"a": 2}), ({"a": 2}, {"a": {"b": 1}}), ({"a": {"b": 1}}, {"a": None})]
)
def test_keys_and_a_plain_value_replace_each_other(base, over):
    assert over == configs.merge(base, over)


def test_a_file_of_keys_and_values_is_read(tmp_path):
    (tmp_path / "a.yaml").write_text("name: mine\nseeds: 3\n")
    assert {"name": "mine", "seeds": 3} == configs.read_values(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name: [", "is not readable YAML"),
        (b"name: \xff", "is not readable YAML"),
        (b"- one\n- two", "must hold keys and values"),
        (b"", "must hold keys and values"),
        (b"!!python/object/apply:os.getcwd []", "is not readable YAML"),
    ],
)
def test_a_file_of_something_else_is_refused_in_one_line(tmp_path, content, said):
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(StudyError, match=rf"a\.yaml {said}") as caught:
        configs.read_values(tmp_path / "a.yaml")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_absent_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"nowhere\.yaml is not readable"):
        configs.read_values(tmp_path / "nowhere.yaml")
