"""Studies from Python: a named one or a file with values put over it, and where one is to run."""

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, Literal, Unpack

from pydantic import ValidationError

from bench import engines
from bench.core.documents import first_problem
from bench.core.errors import StudyError
from bench.studies.loading import check_study, load_study
from bench.studies.study import Study
from bench.studies.values import Changes, as_written

Place = str | PathLike[str]
# A study, or the name or file of one.
Named = Study | Place


def study(source: Place = "demo", settings: Mapping[str, Any] | None = None, /, **changes: Unpack[Changes]) -> Study:
    """A study of a YAML file, or one that is shipped, with values put over it.

    Args:
        source: the file, or the name of a shipped study.
        settings: values by dotted key, as `--set` takes them: `{"pretrain.epochs": 2}`.
        changes: values by key; each replaces the study's own whole. `weights` adds rows of weights of your own.

    Raises:
        StudyError: the file or a value is wrong; the message names file and key.
    """
    return load_study(fspath(source), as_written(dict(changes) | dict(settings or {})))


def given(
    study: Named,
    store: Place | None = None,
    *,
    workers: int | Literal["auto"] | None = None,
    device: str | None = None,
) -> Study:
    """The study that is meant, at the store and on the engine that a caller asks for.

    Raises:
        StudyError: there is no such study, it names what there is not, or its engine has no such option.
    """
    if isinstance(study, Study):
        found = study
        check_study(found)
    else:
        found = load_study(fspath(study), {})
    changes: dict[str, Any] = {} if store is None else {"store": fspath(store)}
    asked = {name: value for name, value in (("workers", workers), ("device", device)) if value is not None}
    if asked:
        try:
            changes["engine"] = engines.read_options(found.engine.model_dump() | asked)
        except ValidationError as error:
            raise StudyError(f"engine of study {found.name}: {first_problem(error)}") from None
    return found.model_copy(update=changes) if changes else found
