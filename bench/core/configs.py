"""Configuration files: where the shipped ones lie, and how a file that `extends` another is read.

A file may say `extends: NAME`, which is the name of a shipped file of its kind, or the path of a `.yaml` file relative
to itself. What it does not say stands as there: keys within keys are joined, anything else (lists too) is replaced.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.core.errors import BenchError, StudyError
from bench.core.suggest import among, file_meant

Values = dict[str, Any]
ENDINGS = (".yaml", ".yml")


def folder() -> Path:
    """The `configs` folder: inside an installed wheel, or at the root of a checkout."""
    here = Path(__file__).resolve().parent.parent
    shipped = here / "_configs"
    return shipped if shipped.is_dir() else here.parent / "configs"


def is_path(name: str) -> bool:
    """Whether a name is that of a user's own file; all others are names of shipped ones."""
    return name.endswith(ENDINGS)


def read_values(file: Path, error: type[BenchError] = StudyError) -> Values:
    """The keys and values of one YAML file, as they stand there.

    Raises:
        BenchError: of the class `error`: the file is not readable, not YAML, or holds something else.
    """
    try:
        values = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as problem:
        raise error(f"{file} is not readable YAML: {' '.join(str(problem).split())}") from None
    if not isinstance(values, dict):
        raise error(f"{file} must hold keys and values, such as `name: mine`")
    return values


def merge(base: Values, over: Values) -> Values:
    """Put values over those that a file extends: keys within keys, anything else (lists too) replaced whole."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged


@dataclass(frozen=True)
class ConfigKind:
    """Files of one kind: studies, protocols, land-cover products.

    Attributes:
        word: one of the kind, for messages.
        place: folder of the shipped ones, relative to `configs`.
        error: raised with one line where a file cannot be used.
        pattern: the shipped files below `place`; a name is a file's path without its ending.
        join: puts a file's values over those that it extends.
        complete: makes what a file says independent of where it lies, of its values and its path.
        listed_by: the command that lists them, for messages.
    """

    word: str
    place: str
    error: type[BenchError]
    pattern: str = "*.yaml"
    join: Callable[[Values, Values], Values] = merge
    complete: Callable[[Values, Path], Values] | None = None
    listed_by: str = ""

    def names(self) -> list[str]:
        """Names of the shipped files."""
        root = folder() / self.place
        return sorted(str(file.relative_to(root).with_suffix("")) for file in root.glob(self.pattern))

    def find(self, name: str, beside: Path = Path()) -> Path:
        """The file of a shipped name, or the user's own at a path relative to `beside`.

        Raises:
            BenchError: there is none; the message says which was meant, or what there is.
        """
        file = beside / name if is_path(name) else folder() / self.place / f"{name}.yaml"
        if not (file.is_file() if is_path(name) else name in self.names()):
            if is_path(name):
                near = file_meant(file)
                raise self.error(f"unknown {self.word} {str(file)!r}{near}: name a .yaml file that exists")
            raise self.error(f"unknown {self.word} {name!r}{among(name, self.names(), self.listed_by)}")
        return file

    def read(self, file: Path) -> Values:
        """The values of a file over those of the file that it extends, and so on.

        Raises:
            BenchError: one of the files is unreadable, not YAML, not keys and values, or extends what is not there or,
                in the end, itself.
        """
        return self._read(file, ())

    def _read(self, file: Path, extending: tuple[Path, ...]) -> Values:
        chain = (*extending, file)
        if file.resolve() in (earlier.resolve() for earlier in extending):
            raise self.error(f"{file} extends itself: {' -> '.join(map(str, chain))}: take one `extends` out")
        values = read_values(file, self.error)
        if self.complete is not None:
            values = self.complete(values, file)
        base = values.pop("extends", None)
        if base is None:
            return values
        if not isinstance(base, str):
            raise self.error(f"{file}: extends must be a {self.word}'s name or file, got {base!r}")
        try:
            found = self.find(base, file.parent)
        except self.error as error:
            raise self.error(f"{file} extends an {error}") from None
        return self.join(self._read(found, chain), values)
