"""Every protocol of `configs/protocols`: its values, and for each whether a paper states it or it is ours."""

import json
from collections import defaultdict
from typing import Any

from pydantic import BaseModel

from tasks.protocol_parts import Evaluation, Optimiser, Schedule, Slices, Split, Tuning
from tasks.protocols import VALUES, Protocol, known_protocols, load_protocol
from website.markdown import code, plain, table
from website.pages import Pages
from website.reference.models import keys

FOLDER = "reference/protocols"
# The family of protocols whose id names no paper.
ALONE = "by-data-set"
PARTS: dict[str, type[BaseModel]] = {"slices": Slices, "split": Split, "optimiser": Optimiser, "schedule": Schedule, "evaluation": Evaluation,
         "tuning": Tuning}  # fmt: skip


def add_protocols(pages: Pages) -> list[str]:
    """A page for each family of protocols, one of all, and one of the keys; returns their paths, that of all first."""
    families: dict[str, list[Protocol]] = defaultdict(list)
    for name in known_protocols():
        families[name.partition("/")[0] if "/" in name else ALONE].append(load_protocol(name))
    rows = []
    for family, members in families.items():
        path = f"{FOLDER}/{family}.md"
        pages.add(path, f"# Protocols: {family}\n\n" + "\n".join(map(_section, members)))
        rows += [
            (f"[`{each.id}`](/{path}#{anchor(each.id)})", plain(each.title), code(each.task), code(each.dataset))
            for each in members
        ]
    index = f"{FOLDER}/index.md"
    pages.add(
        index,
        "# Every protocol\n\nA protocol is all of a data set's use that moves a number. "
        "[Tasks](//docs/tasks.md#protocols) says what the values mean, [the keys](/reference/protocol-keys.md) how a file "
        "writes them. Each value of a protocol names its source: a paper and where, or ours and why.\n\n"
        + table(["protocol", "title", "task", "data set"], rows),
    )
    parts = ["# Every key of a protocol\n", keys(Protocol)]
    parts += [f"## `{name}`\n\n{keys(model)}" for name, model in PARTS.items()]
    pages.add("reference/protocol-keys.md", "\n".join(parts))
    return [index, "reference/protocol-keys.md", *(f"{FOLDER}/{family}.md" for family in families)]


def anchor(name: str) -> str:
    """The id of a protocol's heading."""
    return name.replace("/", "-")


def _section(protocol: Protocol) -> str:
    facts = f"Task `{protocol.task}`, data set `{protocol.dataset}`, version {protocol.version}."
    if protocol.of:
        facts += f" A variant of `{protocol.of}`."
    rows = [
        (code(name), code(_written(value)), "<br>".join(said) or "as by default")
        for name in VALUES
        if (value := getattr(protocol, name)) is not None
        and ((said := _sources(protocol, name)) or _written(value) != "{}")
    ]
    head = f"## {protocol.id} {{ #{anchor(protocol.id)} }}\n\n{plain(protocol.title)}. {facts}\n\n"
    return head + table(["value", "is", "source"], rows)


def _sources(protocol: Protocol, name: str) -> list[str]:
    """What is said of a value, and of its parts."""
    said = []
    for key, source in protocol.sources.items():
        whole, _, part = key.partition(".")
        if whole == name:
            said.append(f"{plain(part)}: {plain(source)}" if part else plain(source))
    return said


def _written(value: Any) -> str:
    """A value as YAML would write it on one line, without what is as by default."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_written, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
