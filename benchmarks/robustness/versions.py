"""Stores of every version that wrote records, and of versions to come: each is read, or refused with the way out.

    python -m benchmarks.robustness.versions [--json FILE]

The stores are kept in `tests/data/stores`: two real records of each schema, as they were committed when it was the newest,
with what was kept beside them then.
"""

import json
import shutil
import tempfile
from pathlib import Path

import click
from click.testing import CliRunner

from benchmarks.robustness.readers import ROOT

KEPT = ROOT / "tests" / "data" / "stores"
READING = (
    ("table",),
    ("table", "--format", "csv"),
    ("verdict",),
    ("stats",),
    ("verify",),
    ("weights", "list"),
    ("store", "info"),
    ("store", "gc", "--dry-run"),
)
WAYS_OUT = ("upgrade geokr-bench", "delete it and run the study again", "choose another --store")


def measure() -> dict[str, dict[str, str]]:
    """What each command said of each store: `read`, or the line of its refusal."""
    found = {}
    with tempfile.TemporaryDirectory() as work:
        for place in sorted(KEPT.iterdir()):
            folder = Path(work) / place.name
            shutil.copytree(place, folder)
            found[place.name] = {" ".join(words): _said(folder, words) for words in READING}
        for name, change in {
            "record of a newer schema": ("records", "schema", 99),
            "record without a schema": ("records", "schema", None),
            "record of schema 0": ("records", "schema", 0),
            "store.json of a newer schema": ("store.json", "schema", 2),
            "store.json without a schema": ("store.json", "schema", None),
        }.items():
            folder = Path(work) / name.replace(" ", "-")
            shutil.copytree(KEPT / "schema-5", folder)
            where, key, value = change
            files = [folder / where] if where.endswith(".json") else sorted((folder / where).glob("*.json"))
            for file in files:
                file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
            found[name] = {" ".join(words): _said(folder, words) for words in (("table",), ("weights", "list"))}
    return found


def _said(folder: Path, words: tuple[str, ...]) -> str:
    from bench.cli import cli
    from bench.core.errors import BenchError

    done = CliRunner().invoke(cli, [*words, "--store", str(folder)])
    if isinstance(done.exception, BenchError):
        return f"refused: {str(done.exception).replace(str(folder), 'STORE')}"
    if done.exit_code == 0:
        lines = [line for line in done.stderr.splitlines() if "left out" in line]
        return f"left out: {lines[0].replace(str(folder), 'STORE')}" if lines else "read"
    return f"exit code {done.exit_code}: {done.exception!r}"


def faults(found: dict[str, dict[str, str]]) -> list[str]:
    """Old stores that some command does not read, and refusals that name no way out."""
    return [
        f"{name}, {command}: {said}"
        for name, by_command in found.items()
        for command, said in by_command.items()
        if said.startswith("exit code")
        or (name.startswith("schema") and said != "read")
        or (said != "read" and not any(way in said for way in (*WAYS_OUT, "run a study first")))
    ]


@click.command()
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the figures here.")
def main(out: Path | None) -> None:
    """Read stores of other versions."""
    found = measure()
    for name, by_command in found.items():
        read = sum(said == "read" for said in by_command.values())
        other = next((said for said in by_command.values() if said != "read"), "")
        print(f"{name:32}{read} of {len(by_command)} commands read it  {other[:140]}")
    wrong = faults(found)
    print(f"{len(found)} stores, {len(wrong)} faults")
    for line in wrong:
        print(line)
    if out:
        out.write_text(json.dumps(found, indent=1) + "\n")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
