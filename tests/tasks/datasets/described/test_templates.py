"""Path templates say what the parts of a path mean, and refuse what could be read in two ways."""

import os

import pytest

from bench.core.errors import DataError
from tasks.datasets.described.templates import MOST_FIELDS, Template, Tree, check


def _tree(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    return Tree.of(folder)


def _fields(template, tree):
    return {each.below: each.fields for each in Template(check(template)).find(tree)}


def test_fields_are_parts_of_a_path_and_a_field_twice_is_the_same_text(tmp_path):
    tree = _tree(tmp_path, "River/River_12.jpg", "River/Lake_1.jpg", "River/notes/River_3.jpg")
    assert {"River/River_12.jpg": {"class": "River", "number": "12"}} == _fields("{class}/{class}_{number:d}.jpg", tree)


def test_digits_leave_the_rest_of_a_name_to_the_field_before(tmp_path):
    tree = _tree(tmp_path, "old_town_3_0.png")
    assert [{"place": "old_town", "x": "3", "y": "0"}] == list(_fields("{place}_{x:d}_{y:d}.*", tree).values())


def test_a_layout_is_found_in_the_nearest_folder_that_has_it(tmp_path):
    tree = _tree(tmp_path, "set/images/a.png", "set/masks/a.png", "copy/of/set/images/a.png")
    assert ["set"] == [each.root for each in Template("images/{name}.png").find(tree)]


def test_a_layout_in_two_folders_is_refused_unless_a_folders_field_tells_them_apart(tmp_path):
    tree = _tree(tmp_path, "x/train/images/a.png", "y/val/images/a.png")
    assert {"x", "y"} == {each.root for each in Template("{part}/images/{name}.png").find(tree)}
    with pytest.raises(DataError, match=r"images/\{name\}.png in several folders"):
        Template("images/{name}.png").find(tree)


def test_two_files_that_no_field_tells_apart_are_refused(tmp_path):
    tree = _tree(tmp_path, "a/1.jpg", "b/1.jpg")
    with pytest.raises(DataError, match="are the same by"):
        Template("*/{name}.jpg").find(tree)


def test_strays_and_links_in_a_circle_are_passed_over(tmp_path):
    tree = _tree(tmp_path, "a/1.jpg", "a/._1.jpg", "__MACOSX/a/1.jpg", ".cache/2.jpg")
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert ("a/1.jpg",) == tree.files == Tree.of(tmp_path).files


@pytest.mark.parametrize("name", [b"\xff.jpg", b"a\nb.jpg", b"a\nb/c.jpg"])
def test_a_name_that_cannot_be_written_down_is_refused(tmp_path, name):
    (tmp_path / os.fsdecode(name)).parent.mkdir(exist_ok=True)
    (tmp_path / os.fsdecode(name)).touch()
    with pytest.raises(DataError, match="whose name is no text") as refused:
        Tree.of(tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/etc/{name}", "below the data set's folder"),
        ("../{name}.png", "below the data set's folder"),
        ("a//{name}", "below the data set's folder"),
        ("{name}{number}.png", "between them"),
        ("{name}*.png", "between them"),
        ("{Name}.png", r"written \{name\}"),
        ("{name:x}.png", r"written \{name\}"),
        ("_".join(f"{{f{letter}}}" for letter in "abcdefg"[: MOST_FIELDS + 1]), "at most 8 folders, and 3 fields"),
        ("/".join("{a}" for _ in range(9)), "at most 8 folders"),
    ],
)
def test_a_template_that_is_none_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        check(text)


def test_a_long_hostile_name_is_matched_quickly(tmp_path):
    tree = _tree(tmp_path, "_" * 240 + ".x")
    assert not Template("{a}_{b}_{c}_{d:d}.png").find(tree)
