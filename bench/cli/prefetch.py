"""`bench prefetch`: everything that a study reads, brought to this machine, for nodes that reach no network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from bench.api.notices import inputs_of
from bench.cli.published import fetch_named
from bench.cli.study import study_from, study_options
from bench.core import files
from bench.core.paths import data_home
from bench.core.published import HUB, find
from bench.studies.design import design
from bench.studies.loading import STUDIES
from bench.studies.plan import make_plan


@click.command()
@study_options
@click.option(
    "--accept-licence", is_flag=True, help="Fetch weights without being asked; licences are named all the same."
)
def command(accept_licence: bool, **options: Any) -> None:
    """Bring what a study reads into the data folder, and say what that is, with hashes.

    Published weights (hub:NAME) are fetched, the demo's world and data sets are drawn and prepared, FLOPs and
    near-duplicates are counted. A run fetches nothing, ever: what it lacks it says before anything starts. Give the nodes
    this data folder, by BENCH_DATA; the list is kept in it as prefetched/STUDY.json.
    """
    weights = _published(options)  # without them the study is refused
    for name in weights:
        fetch_named(name, accepted=accept_licence)
    study = study_from(options)
    inputs = inputs_of(Console(stderr=True))
    plan = make_plan(study, inputs)
    design(study, inputs)  # what it counts is kept in the data folder
    found = [{"kind": "weights", "name": name, **_file(find(name.removeprefix(HUB)).path)} for name in weights]
    corpora = {job.corpus: str(job.corpus_hash) for job in plan.pretrains if job.corpus}
    found += [{"kind": "corpus", "name": Path(path).name, "path": path, "hash": key} for path, key in corpora.items()]
    for protocol in study.all_protocols():
        data = inputs.dataset(study, protocol)
        found.append({"kind": "data set", "name": protocol.dataset, "path": str(data.path), "hash": data.hash})
    found = [each for at, each in enumerate(found) if each not in found[:at]]
    for each in found:
        click.echo(f"{each['kind']} {each['name']}: {each['path']} ({each['hash']})")
    kept = data_home() / "prefetched" / f"{study.name}.json"
    files.write_json(kept, {"study": study.name, "cells": len(plan.cells), "found": found})
    click.echo(f"wrote {kept}")


def _published(options: dict[str, Any]) -> list[str]:
    """The published weights that a study and its command name anywhere, each once."""
    given = [text.partition("=")[2] for text in (*options["weights"], *options["settings"])]
    stated = [STUDIES.read(STUDIES.find(options["study"])), *given, *(options["init"] or "").split(",")]
    return list(dict.fromkeys(_named(stated)))


def _named(values: Any) -> Iterator[str]:
    if isinstance(values, str) and values.strip().startswith(HUB):
        yield values.strip()
    elif isinstance(values, dict | list):
        for each in values.values() if isinstance(values, dict) else values:
            yield from _named(each)


def _file(path: Path) -> dict[str, str]:
    return {"path": str(path), "hash": f"sha256:{files.sha256(path)}"}
