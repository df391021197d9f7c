"""What the mutation pass reads and writes; the pass itself takes minutes and is run at night."""

import json
import tomllib

from running import ROOT

from benchmarks.mutation import of_room, scores


def test_one_room_and_its_tests_are_left_of_the_projects_configuration():
    whole = (ROOT / "pyproject.toml").read_text()
    narrow = tomllib.loads(of_room(whole, "results/stats"))
    before = tomllib.loads(whole)
    assert ["results/stats/*"] == narrow["tool"]["mutmut"]["only_mutate"]
    assert ["tests/results/stats"] == narrow["tool"]["mutmut"]["pytest_add_cli_args_test_selection"]
    for key in ("source_paths", "also_copy", "do_not_mutate_patterns", "timeout_multiplier"):
        assert before["tool"]["mutmut"][key] == narrow["tool"]["mutmut"][key]
    del before["tool"]["mutmut"], narrow["tool"]["mutmut"]
    assert before == narrow


def test_a_mutant_that_hangs_is_noticed_and_one_that_was_not_run_is_left_out(tmp_path):
    for name, codes in (("a", [1, 1, 36, 0, 33, None]), ("b", [None]), ("c", [-9, 0])):
        (tmp_path / f"{name}.py.meta").write_text(json.dumps({"exit_code_by_key": dict(enumerate(codes))}))
    found = scores(tmp_path)
    assert {"a", "c"} == set(found)
    assert {"noticed": 3, "survived": 1, "untested": 1} == found["a"]
    assert {"noticed": 1, "survived": 1} == found["c"]
