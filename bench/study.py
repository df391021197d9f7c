"""The study: what a user asks for, read from YAML and command-line options and checked before anything runs.

A study file may say `extends: NAME`, a shipped study or a file beside it: what it does not say stands as there, but the
name. Keys within keys are joined, lists are replaced.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import methods
import tasks
from bench import backbones, configs
from bench.errors import StudyError
from bench.options import PretrainOptions
from tasks.protocols import Protocol, load_protocol

Fraction = Annotated[float, Field(gt=0, le=1)]


class EngineOptions(BaseModel):
    """How work is run; none of it is part of a key.

    Attributes:
        workers: processes that each run one job at a time; `auto` takes one a core, at most 8.
        threads: threads in each worker; 1 keeps the numbers the same however many workers run.
        device: `auto` takes a GPU where there is one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: Annotated[int, Field(gt=0)] | Literal["auto"] = "auto"
    threads: int = Field(default=1, gt=0)
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")


class Study(BaseModel):
    """Methods x backbones x protocols x fractions x seeds.

    Attributes:
        name: goes into every record the study makes.
        corpus: `demo`, or a folder made by `bench corpus build`; None where no method needs one.
        data: prepared data sets by name, where they are not in the harness' data folder.
        methods: names from the methods registry.
        reference: initialisation that is added to the methods unless null; a table needs a row to compare with.
        backbones: names from the backbones registry.
        tasks: names from the tasks registry.
        datasets: names of the data sets to keep; None keeps all that the tasks' protocols have.
        protocols: protocols of each task: ids, or paths of YAML files.
        fractions: shares of the training labels; None takes each protocol's own list.
        seeds: repeats; each is one (subset seed, train seed) pair, the same for every method.
        pretrain_seeds: pretrainings of each method; repeat i starts from pretraining i modulo this number.
        seed: root of the seed tree.
        pretrain: options for every method that trains.
        options: options by method; they go before `pretrain`.
        engine: how work is run.
        store: folder of the results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    corpus: str | None = None
    data: dict[str, str] = Field(default_factory=dict)
    methods: list[str] = Field(min_length=1)
    reference: str | None = "random"
    backbones: list[str] = Field(min_length=1)
    tasks: list[str] = Field(min_length=1)
    datasets: list[str] | None = None
    protocols: dict[str, list[str]]
    fractions: Annotated[list[Fraction], Field(min_length=1)] | None = None
    seeds: int = Field(default=3, gt=0)
    pretrain_seeds: int = Field(default=1, gt=0)
    seed: int = Field(default=0, ge=0)
    pretrain: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    engine: EngineOptions = Field(default_factory=EngineOptions)
    store: str = "runs"

    def all_methods(self) -> list[str]:
        """The methods asked for, the reference first, each once."""
        names = [self.reference] if self.reference else []
        return list(dict.fromkeys(names + self.methods))

    def options_of(self, method: str) -> PretrainOptions:
        """A method's options: its defaults, then `pretrain`, then `options.<method>`.

        Raises:
            StudyError: an option is unknown or out of its range.
        """
        spec = methods.get(method)
        shared = self.pretrain if spec.trains else {}
        values = {**spec.defaults, **shared, **self.options.get(method, {})}
        try:
            return spec.options.model_validate(values)
        except ValidationError as error:
            raise StudyError(f"options of {method}: {first_problem(error)}") from None

    def all_protocols(self) -> list[Protocol]:
        """The protocols of the asked tasks and data sets, in the study's order."""
        found = [load_protocol(name) for task in self.tasks for name in self.protocols[task]]
        return [protocol for protocol in found if self.datasets is None or protocol.dataset in self.datasets]


def load_study(path: Path | str, overrides: dict[str, Any]) -> Study:
    """Read a study and put the command line's values over it.

    Args:
        path: a YAML file, or the name of one shipped in `configs`.
        overrides: dotted keys and their values, such as `{"pretrain.epochs": 2}`.

    Raises:
        StudyError: the file or a value in it is wrong; the message names file and key.
    """
    file = _find(path)
    values = _read(file)
    for key, value in overrides.items():
        _put(values, key, value)
    try:
        study = Study.model_validate(values)
    except ValidationError as error:
        raise StudyError(f"{file}: {first_problem(error)}") from None
    _check_names(study)
    return study


def _find(path: Path | str, beside: Path = Path()) -> Path:
    named = (beside / path, configs.folder() / f"{path}.yaml")
    found = next((file for file in named if file.is_file()), None)
    if found is None:
        raise StudyError(f"no study at {path}: give a YAML file, or one of {', '.join(shipped_studies())}")
    return found


def _read(file: Path, extending: tuple[Path, ...] = ()) -> dict[str, Any]:
    if file in extending:
        raise StudyError(f"{file} extends itself: {' -> '.join(map(str, (*extending, file)))}")
    values = configs.read_values(file)
    base = values.pop("extends", None)
    if base is None:
        return values
    if not isinstance(base, str):
        raise StudyError(f"{file}: extends must be a study's name or file, got {base!r}")
    inherited = _read(_find(base, file.parent), (*extending, file))
    inherited.pop("name", None)  # records say which study asked for them
    return configs.merge(inherited, values)


def shipped_studies() -> list[str]:
    """Names of the studies in `configs`."""
    return sorted(file.stem for file in configs.folder().glob("*.yaml"))


def first_problem(error: ValidationError) -> str:
    """Say the first of pydantic's findings as `key: what, got value`."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "value"
    return f"{where}: {first['msg']}, got {first['input']!r}"


def _put(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        inner = values.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise StudyError(f"--set {dotted}: {parent} holds a value, not keys")
        values = inner
    values[last] = value


def _check_names(study: Study) -> None:
    for method in study.all_methods():
        study.options_of(method)
    for method in study.options:
        methods.get(method)
    for backbone in study.backbones:
        backbones.check_name(backbone)
    for task in study.tasks:
        tasks.get(task)
        if not study.protocols.get(task):
            raise StudyError(f"study {study.name}: task {task!r} has no protocols: add protocols.{task}")
    offered = {load_protocol(name).dataset for task in study.tasks for name in study.protocols[task]}
    for dataset in study.datasets or []:
        if dataset not in offered:
            raise StudyError(f"no asked protocol has data set {dataset!r}: choose from {', '.join(sorted(offered))}")
