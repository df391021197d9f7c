"""Reading documents: JSON that a version of ours wrote, and what a data model finds wrong in one."""

import json
import re
import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from bench.core.errors import BenchError
from bench.core.files import because
from bench.core.suggest import closest, meant, nearest

M = TypeVar("M", bound=BaseModel)


def read_json(
    path: Path, error: type[BenchError], advice: str, schemas: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Read a JSON file of keys and values.

    Args:
        path: the file.
        error: raised with one line where it cannot be used.
        advice: what to do about a file that is torn, foreign or too old.
        schemas: the oldest and the newest `schema` that this version reads; None for a file without one.

    Raises:
        BenchError: of the class `error`.
    """
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as problem:
        raise error(f"{path} cannot be read{because(problem, advice)}") from None
    if not isinstance(value, dict):
        raise error(f"{path} must hold keys and values: {advice}")
    if schemas is not None:
        check_schema(value.get("schema"), schemas, path, error, advice)
    return value


def check_schema(schema: object, schemas: tuple[int, int], path: Path, error: type[BenchError], advice: str) -> None:
    """Refuse the schema of a document that this version does not read.

    Args:
        schema: what the document says.
        schemas: the oldest and the newest that this version reads.
        path: names the document in messages.
        error: raised with one line.
        advice: what to do about one that is too old, or has none.

    Raises:
        BenchError: of the class `error`.
    """
    oldest, newest = schemas
    if str(schema).isdecimal() and int(str(schema)) > newest:  # a newer version may write it as text
        raise error(f"{path} has schema {schema}, this version reads up to {newest}: upgrade geokr-bench")
    if not isinstance(schema, int) or schema < oldest:
        raise error(f"{path} has schema {schema!r}, this version reads from {oldest} on: {advice}")


def parse(
    model: type[M], values: Any, where: object, error: type[BenchError], also: Iterable[str] = (), listed_by: str = ""
) -> M:
    """Values as a data model.

    Args:
        model: the pydantic model.
        values: plain values by name.
        where: file, or option, that holds the values; begins the message.
        error: raised with the first finding in one line.
        also: dotted keys that mean something there beside the model's own, of which an unknown one may have been meant.
        listed_by: the command that lists the keys.

    Raises:
        BenchError: of the class `error`.
    """
    try:
        return model.model_validate(values)
    except ValidationError as problem:
        raise error(f"{where}: {first_problem(problem, model, also, listed_by)}") from None


def first_problem(
    error: ValidationError, model: type[BaseModel] | None = None, also: Iterable[str] = (), listed_by: str = ""
) -> str:
    """The first of pydantic's findings as `key: what, got value`; of a key that there is not, the one that was meant.

    A key that is unknown goes before one that is missing, which was meant by it as often as not.

    Args:
        error: what pydantic raised.
        model: that the values were to be; without it an unknown key is named alone.
        also: as of `parse`.
        listed_by: as of `parse`.
    """
    found = error.errors()
    first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    if first["type"] == "extra_forbidden":
        return _unknown_key(first["loc"], model, also, listed_by)
    where = "".join(f"{part}." for part in first["loc"]).rstrip(".")
    what = " ".join(first["msg"].removeprefix("Value error, ").split())  # a model within a model says several lines
    # What is missing has no value, and what is wrong as a whole is too long to be read.
    got = "" if first["type"] == "missing" or isinstance(first["input"], (dict, BaseModel)) else first["input"]
    near = ""
    if first["type"] == "literal_error" and isinstance(got, str):
        near = meant(got, re.findall(r"'([^']*)'", first["ctx"]["expected"]))
    return (f"{where}: " if where else "") + what + ("" if got == "" else f", got {reprlib.repr(got)}") + near


def _unknown_key(loc: tuple[int | str, ...], model: type[BaseModel] | None, also: Iterable[str], listed_by: str) -> str:
    path, key = ".".join(map(str, loc)), str(loc[-1])
    if model is None:
        return f"unknown key {path!r}"
    above = "".join(f"{part}." for part in loc[:-1])
    beside = _keys(_models_at(model, loc[:-1]))
    by_end = {name: f"{above}{name}" for name in beside}
    below = (
        f"{name}.{each}" for name, field in model.model_fields.items() for each in _keys(_models_in(field.annotation))
    )
    for dotted in (*below, *also):
        by_end.setdefault(dotted.rpartition(".")[2], dotted)
    # Another key's beginning does not make a near one: the last part is compared alone.
    near = key if key in by_end else closest(key, by_end)
    choice = f"{listed_by} lists them" if listed_by else f"choose from {', '.join(nearest(key, beside)) or 'none'}"
    if near is None:
        return f"unknown key {path!r}: {f'see {listed_by}' if listed_by else choice}"
    return f"unknown key {path!r}; did you mean {by_end[near]}?" + (f" ({choice})" if near in beside else "")


def _models_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[type[BaseModel]]:
    """The models that may stand at a place; numbers in lists and keys of dictionaries lead no further down."""
    models = [model]
    for part in loc:
        fields = [each.model_fields[str(part)] for each in models if str(part) in each.model_fields]
        models = [inner for field in fields for inner in _models_in(field.annotation)] if fields else models
    return models


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _keys(models: list[type[BaseModel]]) -> list[str]:
    return list(dict.fromkeys(field.alias or name for model in models for name, field in model.model_fields.items()))
