"""What has a name: methods, tasks, heads, backbones, data sets, products and engines, from their registries."""

from typing import Any

import methods
import tasks
from bench import backbones, engines
from bench.core.registry import Registry
from bench.corpus.landcover.registry import registry as products
from tasks import heads
from tasks.datasets import registry as data_sets
from website.markdown import code, plain, table
from website.pages import Pages

REGISTRIES: dict[str, Registry[Any]] = {
    "Methods": methods.registry,
    "Tasks": tasks.registry,
    "Heads": heads.registry,
    "Backbones": backbones.registry,
    "Data sets": data_sets,
    "Land-cover products": products,
    "Engines": engines.registry,
}


def add_registered(pages: Pages) -> str:
    """The page of all registered names; returns its path."""
    parts = ["# Everything that has a name\n\nOther packages add to these: [extending](//docs/extending.md).\n"]
    for title, registry in REGISTRIES.items():
        specs = registry.all().values()
        rows = [[code(spec.name), plain(spec.summary), plain(getattr(spec, "reference", ""))] for spec in specs]
        columns = 3 if any(source for _, _, source in rows) else 2
        heading = ["name", "what it is", "source"][:columns]
        parts.append(f"## {title}\n\n{table(heading, [row[:columns] for row in rows])}")
    path = "reference/names.md"
    pages.add(path, "\n".join(parts))
    return path
