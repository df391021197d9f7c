"""A store after weeks of use: how long a user waits for each command that reads it.

    python -m benchmarks.robustness.week --records 10000 --weights 500 [--json FILE]

The store is made from committed records: each is copied with other seeds and a key of its own until there are enough, and
weights of a few numbers stand beside the cards. Each command is a process of its own, imports and all.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.robustness.readers import ROOT

# What a user waits for without going away, in seconds; what is opened once a day may take longer.
PATIENCE = {
    "table": 30,
    "table --format csv": 30,
    "stats": 60,
    "verdict": 60,
    "verify": 60,
    "plan": 60,
    "report": 90,
    "leaderboard page": 120,
    "weights list": 10,
    "store info": 10,
    "store gc --dry-run": 30,
}


def grow(store: Path, committed: Path, records: int, weights: int) -> None:
    """Fill a store with so many records and weights, all of them valid and of this version."""
    import numpy as np
    import safetensors.numpy

    from bench.core import files
    from bench.core.keys import content_hash, sealed
    from bench.store.records import SCHEMA, read_record
    from bench.store.store import Store
    from results.outcomes import FOLDER

    opened = Store(store)
    opened.open_for_writing()
    for name in ("designs", "questions", "subsets"):
        shutil.copytree(committed / name, store / name)
    originals = [read_record(path) for path in sorted((committed / "records").glob("*.json"))]
    repeats = 1 + max(record.seed for record in originals)
    cards: dict[str, str] = {}
    made = turn = 0
    while made < records:
        for record in originals[: records - made]:
            # A repeat of its own: other seeds, other weights, and scores a little off, as another training has.
            seeds = {name: (seed + 1_000_003 * turn) % 2**31 for name, seed in record.seeds.items()}
            key = content_hash([record.key, turn])
            card = cards.setdefault(f"{record.weights} {turn}", content_hash([record.weights, turn]))
            changes: dict[str, Any] = {
                "key": key,
                "seed": record.seed + repeats * turn,
                "seeds": seeds,
                "weights": card,
            }
            evidence = committed / FOLDER / f"{record.key}.npz"
            if evidence.is_file():
                (store / FOLDER).mkdir(exist_ok=True)
                shutil.copy(evidence, store / FOLDER / f"{key}.npz")
            value = record.model_copy(update=changes | {"schema_version": SCHEMA, "digest": None}).to_json()
            (store / "records").mkdir(exist_ok=True)
            (store / "records" / f"{key}.json").write_text(json.dumps(value, indent=1, sort_keys=True))
            made += 1
        turn += 1
    rest = [f"unused {number}" for number in range(max(0, weights - len(cards)))]
    for name in [*cards, *rest][:weights]:
        original, _, number = name.partition(" ")
        folder = store / "weights" / cards.get(name, content_hash(name))
        folder.mkdir(parents=True)
        source = committed / "weights" / original / "card.json"
        told = json.loads((source if source.is_file() else min(committed.glob("weights/*/card.json"))).read_text())
        seed = (told["seed"] + 1_000_003 * int(number)) % 2**31
        (folder / "backbone.safetensors").write_bytes(safetensors.numpy.save({"a": np.zeros(1000, dtype=np.float32)}))
        told |= {"key": folder.name, "seed": seed, "sha256": files.sha256(folder / "backbone.safetensors")}
        files.write_json(folder / "card.json", sealed(told))


def measure(folder: Path, records: int, weights: int, study: str, committed: Path) -> dict[str, Any]:
    """Seconds and exit code of each command on a grown store."""
    store = folder / "store"
    begun = time.monotonic()
    grow(store, committed, records, weights)
    figures: dict[str, Any] = {"grown in s": round(time.monotonic() - begun, 1)}
    more = {
        "plan": ["--study", study],
        "report": ["--study", study, "--out", str(folder / "report.md")],
        "leaderboard page": ["--out", str(folder / "page")],
        "store gc --dry-run": ["--days", "0"],
    }
    print(f"{'command':24}{'seconds':>9}{'CPU s':>8}{'stated':>8}{'exit':>6}")
    for name, stated in PATIENCE.items():
        words = [Path(sys.executable).with_name("bench"), *name.split(), "--store", str(store), *more.get(name, [])]
        before, begun = os.times(), time.monotonic()
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)
        seconds, after = time.monotonic() - begun, os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        figures[name] = {
            "seconds": round(seconds, 1),
            "cpu": round(spent, 1),
            "stated": stated,
            "exit": done.returncode,
        }
        print(f"{name:24}{seconds:9.1f}{spent:8.1f}{stated:8}{done.returncode:6}", flush=True)
        if done.returncode:
            print(done.stderr[-500:])
    return figures


@click.command()
@click.option("--records", default=10_000, show_default=True)
@click.option("--weights", default=500, show_default=True)
@click.option("--study", default="leaderboard", show_default=True, help="Whose plan and report are made.")
@click.option(
    "--committed",
    type=click.Path(path_type=Path),
    default=ROOT / "results" / "leaderboard",
    help="Records to grow from.",
)
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the figures here.")
def main(records: int, weights: int, study: str, committed: Path, out: Path | None) -> None:
    """Time the commands that read a large store."""
    with tempfile.TemporaryDirectory() as work:
        figures = measure(Path(work), records, weights, study, committed)
    if out:
        out.write_text(json.dumps({"records": records, "weights": weights, **figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
