"""Reading documents: JSON that a version of ours wrote, and what a data model finds wrong in one."""

import json
import reprlib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bench.core.errors import BenchError
from bench.core.files import because

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


def parse(model: type[M], values: Any, where: object, error: type[BenchError]) -> M:
    """Values as a data model.

    Args:
        model: the pydantic model.
        values: plain values by name.
        where: file, or option, that holds the values; begins the message.
        error: raised with the first finding in one line.

    Raises:
        BenchError: of the class `error`.
    """
    try:
        return model.model_validate(values)
    except ValidationError as problem:
        raise error(f"{where}: {first_problem(problem)}") from None


def first_problem(error: ValidationError) -> str:
    """The first of pydantic's findings as `key: what, got value`."""
    first = error.errors()[0]
    where = "".join(f"{part}." for part in first["loc"]).rstrip(".")
    what = " ".join(first["msg"].removeprefix("Value error, ").split())  # a model within a model says several lines
    # What is missing has no value, and what is wrong as a whole is too long to be read.
    got = "" if first["type"] == "missing" or isinstance(first["input"], (dict, BaseModel)) else first["input"]
    return (f"{where}: " if where else "") + what + ("" if got == "" else f", got {reprlib.repr(got)}")
