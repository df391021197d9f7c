"""What is known by name, as frames."""

import bench as gb
import methods
import tasks


def test_every_method_and_task_has_a_row():
    assert set(methods.registry.listed()) == set(gb.methods().index)
    assert set(tasks.registry.listed()) == set(gb.tasks().index)
    assert gb.methods().loc["geokr", "trains"]
    assert "landcover" in gb.methods().loc["geokr", "needs"]


def test_protocols_are_counted_by_task():
    found = gb.protocols()
    assert ("seg", "demo-city") == tuple(found.loc["demo/city", ["task", "dataset"]])
    assert found["task"].value_counts().to_dict() == gb.tasks()["protocols"].to_dict()
