"""Study files: reading them, putting a command's values over them, and refusing names that mean nothing.

A study file may extend another (`bench.core.configs`); it has a name of its own all the same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import methods
import tasks
from bench import backbones, engines
from bench.core.configs import ConfigKind, merge
from bench.core.documents import parse
from bench.core.errors import StudyError
from bench.core.suggest import among
from bench.engines.engine import EngineOptions
from bench.pretraining.options import TrainingOptions
from bench.studies.axes import hoist, start_name
from bench.studies.rows import FROM, Row, as_list
from bench.studies.study import Study
from bench.studies.until import check_until
from bench.studies.weight_rows import add_weights, by_name
from tasks.protocols import load_protocol

# Two ways to say how many labels: a study states one, and one that extends it may state the other.
INSTEAD = {"labels": "fractions", "fractions": "labels"}


def _over(base: dict[str, Any], study: dict[str, Any]) -> dict[str, Any]:
    # Records say who asked for them, and a budget has one unit.
    given_up = {"name"} | ({"budget"} & study.keys()) | {INSTEAD[key] for key in study.keys() & INSTEAD.keys()}
    kept = {key: value for key, value in base.items() if key not in given_up}
    _choose_engine(kept, study.get("engine"))
    return merge(kept, study)


def _choose_engine(values: dict[str, Any], stated: Any) -> None:
    """Take back the options of an engine, where another kind is stated in its place."""
    engine, kind = values.get("engine"), stated.get("kind") if isinstance(stated, dict) else None
    if isinstance(engine, dict) and kind is not None and kind != engine.get("kind", engines.DEFAULT):
        values["engine"] = {key: value for key, value in engine.items() if key in EngineOptions.model_fields}


STUDIES = ConfigKind("study", ".", StudyError, join=_over)


shipped_studies = STUDIES.names


def load_study(path: Path | str, overrides: dict[str, Any]) -> Study:
    """Read a study and put the command line's values over it.

    Args:
        path: a YAML file, or the name of one shipped in `configs`.
        overrides: dotted keys and their values, such as `{"pretrain.epochs": 2}`.

    Raises:
        StudyError: the file or a value in it is wrong; the message names file and key.
    """
    file = STUDIES.find(str(path))
    values = STUDIES.read(file)
    hoist(values)
    add_weights(values)
    named = by_name(values.get("methods"))
    starts = as_list(overrides.get("init", values.get("init"))) or []
    stated = {key.partition(".")[0] for key in overrides}
    for key in stated & INSTEAD.keys():
        if INSTEAD[key] not in stated:
            values.pop(INSTEAD[key], None)
    _choose_engine(values, {"kind": overrides.get("engine.kind")})
    for key, value in overrides.items():
        if key.startswith("budget."):  # another unit replaces the file's
            values.pop("budget", None)
        _put(values, key, [_pick(name, named, starts) for name in value] if key == "methods" else value)
    add_weights(values)  # those that a command adds to the rows that it picks
    study = parse(Study, values, file, StudyError, _elsewhere(values))
    check_study(study)
    return study


def _pick(name: Any, named: dict[Any, Any], starts: Any) -> Any:
    """The entry of a row that a command names: as the study wrote it, or from one of its starts."""
    if not isinstance(name, str):
        return name
    base, _, start = name.rpartition(FROM)
    found = [init for init in starts[1:] if base and start_name(init) == start] if isinstance(starts, list) else []
    if name in named or not found:
        return named.get(name, name)
    row = Row.read(named.get(base, base))
    return {row.method: {**row.options, "as": name, "repeat_from": row.repeat_from, "init": found[0]}}


def _put(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        inner = values.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise StudyError(f"--set {dotted}: {parent} holds a value, not keys")
        values = inner
    values[last] = value


def _elsewhere(values: dict[str, Any]) -> Iterator[str]:
    """Keys that mean something in a study and are no fields of it: the engine's options, and those of what trains."""
    engine = values.get("engine")
    kind = str(engine.get("kind", engines.DEFAULT)) if isinstance(engine, dict) else engines.DEFAULT
    yield from (f"engine.{option}" for option in engines.get(kind).options.model_fields)
    yield from (f"pretrain.{option}" for option in TrainingOptions.model_fields)


def check_study(study: Study) -> None:
    """Refuse names that mean nothing, and options that do not fit: what a data model alone does not see.

    Raises:
        StudyError: there is one.
    """
    if not study.tasks:
        raise StudyError(f"study {study.name}: tasks is empty: name at least one, such as seg")
    for row in study.rows():
        study.options_of(row)
        if row.label is not None and (not row.name.strip() or row.name in methods.registry.all()):
            raise StudyError(
                f"methods: a row of {row.method} cannot be called {row.name!r}, which is a method's name or blank"
            )
    _check_references(study)
    _check_keys(study)
    if study.until:
        check_until(study.until, study.seeds, study.pretrain_seeds)
    for backbone in map(backbones.registry.get, study.backbones):
        for row in study.rows():
            study.options_of(row).check_backbone(backbone)
    _check_tasks(study)


def _check_tasks(study: Study) -> None:
    for task in study.tasks:
        tasks.get(task)
        if not study.protocols.get(task):
            raise StudyError(f"study {study.name}: task {task!r} has no protocols: add protocols.{task}")
    study.all_protocols()  # refuses a size that no protocol can be fed at
    offered = {load_protocol(name).dataset for task in study.tasks for name in study.protocols[task]}
    for dataset in study.datasets or []:
        if dataset not in offered:
            raise StudyError(f"no asked protocol has data set {dataset!r}{among(dataset, sorted(offered))}")


def _check_references(study: Study) -> None:
    for row in study.rows():
        why = methods.get(row.method).no_reference
        if why and row.name in study.references:
            raise StudyError(f"references: {row.name} cannot be one: {why}")


def _check_keys(study: Study) -> None:
    """Refuse options of a method, or labels of a task, that there is not."""
    for method in study.options:
        methods.get(method)
    for task in study.labels if isinstance(study.labels, dict) else ():
        tasks.get(task)
