"""Entries of the harness and of other installed packages, by name."""

import sys

import pytest

from bench.core.errors import StudyError
from bench.core.registry import Registry, Spec
from bench.core.suggest import nearest

OURS = [Spec(name=name, summary="", factory=f"math:{name}") for name in ("sin", "cos")]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a package that adds entries of a kind of its own."""

    def install(**names):
        (tmp_path / "added.py").write_text(
            "from bench.core.registry import Spec\n"
            + "".join(f"{key} = Spec(name={name!r}, summary='', factory='math:pi')\n" for key, name in names.items())
        )
        points = "".join(f"{key} = added:{key}\n" for key in names)
        (tmp_path / "added-1.0.dist-info").mkdir()
        (tmp_path / "added-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: added\nVersion: 1.0\n")
        (tmp_path / "added-1.0.dist-info" / "entry_points.txt").write_text(f"[geokr_bench.functions]\n{points}")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "added", raising=False)

    return install


def test_entries_of_other_packages_come_after_ours(installed):
    installed(one="tan")
    assert ["sin", "cos", "tan"] == list(Registry("functions", "function", OURS).all())
    assert ["sin", "cos"] == list(Registry("other", "function", OURS).all())


def test_an_entry_is_loaded_when_it_is_used(installed):
    installed(one="pi")
    assert 3.14 < Registry("functions", "function", OURS).get("pi").load() < 3.15
    assert 0 == Registry("functions", "function", OURS).get("sin").load()(0)


def test_a_name_that_is_taken_is_refused_with_the_entry_point_that_takes_it(installed):
    installed(one="cos")
    with pytest.raises(StudyError, match=r"entry point added:one registers function 'cos' a second time: rename it"):
        Registry("functions", "function", OURS).all()


def test_an_unknown_name_is_answered_with_all_where_there_are_few():
    with pytest.raises(StudyError, match=r"^unknown function 'tan': choose from sin, cos$"):
        Registry("functions", "function", OURS).get("tan")


@pytest.mark.parametrize(
    ("name", "listed"),
    [("name7", ["name7", "name37", "name27"]), ("nam12", ["name12", "name2", "name1"]), ("zzz", None)],
)
def test_of_many_names_the_nearest_are_listed_and_some_where_none_is_near(name, listed):
    known = [f"name{i}" for i in range(40)]
    found = nearest(name, known)
    assert listed in (found, None)
    assert 3 == len(set(found) & set(known))
