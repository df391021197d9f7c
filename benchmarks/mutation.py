"""A mutation pass over one room: `python -m benchmarks.mutation results/stats`; exits 1 where too little is noticed.

`[tool.mutmut]` in `pyproject.toml` names every room and all their tests. Here one room is changed and its own tests alone
must notice, in a copy of what is committed.
"""

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

import click

# What mutmut writes of a mutant: 1 and 3 for noticed, else that it ran out of time or of memory, which a test run would
# notice too.
NOTICED = {1, 3, 24, 36, 152, 255, -24, -11, -9}
UNTESTED = {5, 33}


@click.command()
@click.argument("room")
@click.argument("names", nargs=-1)
@click.option("--processes", default=2, show_default=True, help="Mutants at the same time.")
@click.option("--least", default=0.85, show_default=True, help="Share that must be noticed.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder for the copy, to look at survivors in.")
def main(room: str, names: tuple[str, ...], processes: int, least: float, keep: Path | None) -> None:
    """Mutate a ROOM such as results/stats, or of its functions those of NAMES, such as 'results.stats.paired.*'."""
    with tempfile.TemporaryDirectory() as work:
        copy = keep or Path(work) / "copy"
        if not copy.exists():
            subprocess.run(["git", "clone", "-q", ".", copy], check=True)
        configuration = copy / "pyproject.toml"
        configuration.write_text(of_room(configuration.read_text(), room))
        subprocess.run(
            [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes), *names],
            cwd=copy,
            check=False,  # it exits 1 where a mutant survives
            stdout=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        found = scores(copy / "mutants" / room)
    for module, counts in found.items():
        click.echo(
            f"{module:20} {counts['noticed']:5} of {counts.total():5} noticed, {counts['untested']} without a test"
        )
    noticed = sum(counts["noticed"] for counts in found.values())
    judged = sum(counts.total() for counts in found.values())
    click.echo(f"{room}: {noticed} of {judged} noticed, {noticed / max(judged, 1):.1%}")
    if noticed < least * judged or not judged:
        raise click.exceptions.Exit(1)


def of_room(configuration: str, room: str) -> str:
    """The text of a `pyproject.toml` whose last section, `[tool.mutmut]`, is narrowed to one room and its tests."""
    head, _, _ = configuration.partition("[tool.mutmut]")
    wanted = {"only_mutate": [f"{room}/*"], "pytest_add_cli_args_test_selection": [f"tests/{room}"]}
    values = tomllib.loads(configuration)["tool"]["mutmut"] | wanted
    # What JSON writes of texts, numbers and lists of them is TOML too.
    return "\n".join([f"{head}[tool.mutmut]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""])


def scores(mutants: Path) -> dict[str, Counter[str]]:
    """By module: mutants that were noticed, that survived, and that no test reaches; those not run are left out."""
    found = {}
    for path in sorted(mutants.glob("**/*.meta")):
        codes = json.loads(path.read_text())["exit_code_by_key"].values()
        counts = Counter(_sort(code) for code in codes if code is not None)
        if counts:
            found[path.name.removesuffix(".py.meta")] = counts
    return found


def _sort(code: int) -> str:
    if code in NOTICED:
        return "noticed"
    return "untested" if code in UNTESTED else "survived"


if __name__ == "__main__":
    main()
