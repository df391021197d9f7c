"""Does the house burn? What processes, signals, disks, clocks and hostile files can do, done for real.

python -m benchmarks.robustness.kills --kills 200 --seed 0   # SIGKILL at random moments, of every process of a run
python -m benchmarks.robustness.signals                      # told to stop, Ctrl-C, a terminal that closes, asleep
python -m benchmarks.robustness.together --runs 16           # runs that share a store
python -m benchmarks.robustness.disks                        # full, read-only, no file handles, the clock set back
python -m benchmarks.robustness.memory                       # a limit on memory, and the kernel's killer
python -m benchmarks.robustness.files --mutations 2000       # damaged files of every kind that is read
python -m benchmarks.robustness.names                        # hostile archives, checkpoints and names
python -m benchmarks.robustness.versions                     # stores of every schema that there was
python -m benchmarks.robustness.week                         # a store of 10,000 records and 500 weights

Each prints a table, writes it with `--json FILE`, and has exit code 1 where a goal is missed. They need Linux;
`disks` and `memory` mount file systems and make control groups, which root may, and say what they leave out for others.
`docs/reports/robustness.md` has the figures.
"""

import json
from pathlib import Path

import click


def show(figures: dict[str, object], as_json: Path | None) -> None:
    """Print figures as a table of two columns, and write them where that is asked."""
    width = max(map(len, figures))
    for name, value in figures.items():
        text = ", ".join(f"{part} {each}" for part, each in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name:{width}}  {text}")
    if as_json is not None:
        as_json.write_text(json.dumps(figures, indent=1) + "\n")
