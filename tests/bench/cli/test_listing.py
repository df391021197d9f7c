"""`bench methods` and `bench tasks` list what there is, and every option with its source."""

import pytest
from click.testing import CliRunner

import methods
from bench.cli.listing import methods as listing
from bench.cli.listing import tasks

NAMES = list(methods.registry.all())


@pytest.mark.parametrize("name", NAMES)
def test_show_prints_every_option_with_its_source(name):
    result = CliRunner().invoke(listing, ["show", name])
    assert result.exit_code == 0
    for option in methods.get(name).options.model_fields:
        assert f"  {option} = " in result.output
    assert result.output.count("source: ") == len(methods.get(name).options.model_fields)


def test_the_lists_name_every_method_and_task():
    listed = CliRunner().invoke(listing, []).output
    assert all(f"{name}: " in listed for name in NAMES)
    assert "seg: " in CliRunner().invoke(tasks, []).output
