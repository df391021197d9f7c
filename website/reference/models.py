"""Every key that a user can write, from the pydantic models that read it: studies, options of what is registered, records."""

import inspect
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import methods
from bench import engines
from bench.core.registry import Spec
from bench.store.records import Record
from bench.studies.axes import Axes, Block, CorpusLevel
from bench.studies.budget import Budget
from bench.studies.primary import Primary
from bench.studies.rows import Row
from bench.studies.study import Study
from bench.studies.until import Until
from tasks import heads
from website.markdown import code, plain, table
from website.pages import Pages

# The parts of a study file, each with the words that say where it stands.
STUDY: list[tuple[type[BaseModel], str, str]] = [
    (Study, "A study", "The keys of a study's file, and of `--set` on the command line."),
    (Row, "A row of `methods`", "Written as `{method: {option: value, as: NAME, repeat_from: N}}`."),
    (Budget, "`budget`", ""),
    (Axes, "`axes`", ""),
    (CorpusLevel, "A level of `axes.corpora`", ""),
    (Block, "A block of `axes.only`", ""),
    (Primary, "`primary`", ""),
    (Until, "`until`", ""),
]


def add_study_keys(pages: Pages) -> str:
    """The page of a study's keys; returns its path."""
    path = "reference/study-keys.md"
    intro = (
        "# Every key of a study\n\nMade from the models that read a study. [Studies](//docs/studies.md) says how the keys "
        "go together, with examples.\n"
    )
    engine = [
        (f"`engine`, kind {spec.name}", spec.options, plain(spec.summary)) for spec in engines.registry.all().values()
    ]
    parts = [
        *(_section(title, model, text) for model, title, text in STUDY),
        *(_section(*each) for each in engine),
    ]
    pages.add(path, "\n".join([intro, *parts]))
    return path


def add_options(pages: Pages) -> list[str]:
    """Pages of the options of every method and head; returns their paths."""
    kinds: list[tuple[str, str, str, Iterable[Spec]]] = [
        ("method", "methods", "Set under `options.<method>` of a study, or in a row.", methods.registry.all().values()),
        ("head", "heads", "Set in a protocol's `network`, beside `head`.", heads.registry.all().values()),
    ]
    paths = []
    for word, kind, text, specs in kinds:
        parts = [f"# Options of every {word}\n\n{text} [What each is](//docs/{_page(kind)}).\n"]
        for spec in specs:
            reference = getattr(spec, "reference", "")
            words = plain(spec.summary) + (f"\n\nSource: {plain(reference)}." if reference else "")
            parts.append(_section(f"`{spec.name}`", spec.options, words, spec.defaults))
        path = f"reference/options-of-{kind}.md"
        pages.add(path, "\n".join(parts))
        paths.append(path)
    return paths


def add_records(pages: Pages) -> str:
    """The page of what a record holds; returns its path."""
    path = "reference/records.md"
    intro = "# What a record holds\n\n`records/<key>.json` of [a store](//docs/store.md).\n"
    pages.add(path, intro + "\n" + keys(Record))
    return path


def _page(kind: str) -> str:
    return {"methods": "methods.md", "heads": "tasks.md#heads"}[kind]


def _section(title: str, model: type[BaseModel] | None, text: str, defaults: Mapping[str, object] = {}) -> str:
    written = keys(model, defaults) if model else "No options.\n"
    return f"## {title}\n\n{text}\n\n{written}" if text else f"## {title}\n\n{written}"


def keys(model: type[BaseModel], defaults: Mapping[str, object] = {}) -> str:
    """A table of a model's fields: name, type with limits, default, meaning and source."""
    described = attributes(model)
    rows = []
    for name, field in model.model_fields.items():
        value = _worded(defaults[name]) if name in defaults else _default(field)
        words = plain(field.description or described.get(name, ""))
        extra = field.json_schema_extra
        source = str(extra.get("source", "")) if isinstance(extra, dict) else ""
        rows.append((code(name), code(", ".join([_type(field.annotation), *_limits(field.metadata)])), value if isinstance(value, _Said) else code(value),
                     words + (f" Source: {plain(source)}." if source else "")))  # fmt: skip
    return table(["key", "type", "default", "meaning"], [tuple(map(str, row)) for row in rows])


class _Said(str):
    """A default that is words and not a value."""

    __slots__ = ()


def _default(field: FieldInfo) -> object:
    if field.is_required():
        return _Said("required")
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return _Said("none")
    return _worded(value)


def _worded(value: object) -> object:
    if isinstance(value, BaseModel):
        return _Said("its own defaults")
    if isinstance(value, (list, dict, str)) and not value:
        return _Said("empty")
    return str(value).lower() if isinstance(value, bool) else value


def attributes(model: type) -> dict[str, str]:
    """What the docstrings of a class and its bases say of each attribute, by Google's style."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        text = inspect.cleandoc(each.__doc__ or "")
        block = re.search(r"^Attributes:\n((?:    .*\n?|\n)*)", text, re.MULTILINE)
        for entry in re.finditer(
            r"^    ([\w, ]+): ((?:.*\n?)(?:     .*\n?)*)", block[1] if block else "", re.MULTILINE
        ):
            for name in entry[1].split(", "):
                found[name] = " ".join(entry[2].split())
    return found


def _type(annotation: Any) -> str:  # noqa: PLR0911  # a case a line
    """A type as a user would say it, such as `list of float, > 0`."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return ", ".join([_type(parts[0]), *_limits(parts[1:])])
    if origin in {Union, UnionType}:
        return " | ".join(map(_type, parts))
    if origin is Literal:
        return " | ".join(map(str, parts))
    if origin in {list, set, frozenset} or (origin is tuple and parts[1:] == (...,)):
        return f"list of {_type(parts[0])}"
    if origin is tuple:
        return f"[{', '.join(map(_type, parts))}]"
    if origin is not None and issubclass(origin, Mapping):
        return f"{_type(parts[1])} by {_type(parts[0])}"
    names = {"NoneType": "none", "Any": "any", "str": "text", "dict": "mapping"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, name)


def _limits(metadata: Iterable[Any]) -> list[str]:
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    inner = [part for each in metadata for part in (each.metadata if isinstance(each, FieldInfo) else [each])]
    return [f"{sign} {getattr(part, name)}" for part in inner for name, sign in signs.items() if hasattr(part, name)]
