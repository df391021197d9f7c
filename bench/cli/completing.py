"""What a shell may complete: the names that options and arguments take. Nothing here imports torch.

click calls these in a process of its own for each press of the key, so that they import what they list when they are
called.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def one_of(known: Callable[[], Iterable[str]], *, files: bool = False) -> Complete:
    """Complete one name.

    Args:
        known: gives the names.
        files: whether a user's own file may stand there too.
    """

    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = [CompletionItem(name) for name in known() if name.startswith(incomplete)]
        return found or ([CompletionItem(incomplete, type="file")] if files else [])

    return complete


def some_of(known: Callable[[], Iterable[str]]) -> Complete:
    """Complete the last of several names with commas between them, by those that are not there yet."""

    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        taken = before.split(",")
        names = [name for name in known() if name.startswith(last) and name not in taken]
        return [CompletionItem(f"{before}{comma}{name}") for name in names]

    return complete


def _methods() -> Iterable[str]:
    import methods

    return methods.registry.all()


def _tasks() -> Iterable[str]:
    import tasks

    return tasks.registry.all()


def _datasets() -> Iterable[str]:
    from tasks import datasets

    return datasets.registry.listed()


def _backbones() -> Iterable[str]:
    from bench import backbones

    return backbones.registry.all()


def _protocols() -> Iterable[str]:
    from tasks.protocols import known_protocols

    return known_protocols()


def _studies() -> Iterable[str]:
    from bench.studies.loading import shipped_studies

    return shipped_studies()


def _tunings() -> Iterable[str]:
    from bench.studies.tuning.spaces import TUNINGS

    return TUNINGS.names()


def _products() -> Iterable[str]:
    from bench.corpus.landcover.registry import registry

    return registry.all()


def _papers() -> Iterable[str]:
    from results import published

    return published.names()


def _published_weights() -> Iterable[str]:
    from bench.core.published import tables

    return tables()


def keys(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the key of weights in the store that the command line names so far."""
    from bench.core.errors import BenchError
    from bench.store.store import Store

    try:
        cards = list(Store(Path(context.params.get("store") or "runs")).cards())
    except BenchError:  # a line of an error would end up in the middle of what is typed
        return []
    return [
        CompletionItem(card["key"], help=f"{card.get('row') or card['method']} {card['backbone']} seed {card['seed']}")
        for card in cards
        if card["key"].startswith(incomplete)
    ]


methods = some_of(_methods)
tasks = some_of(_tasks)
datasets = some_of(_datasets)
backbones = some_of(_backbones)
dataset = one_of(_datasets, files=True)
protocol = one_of(_protocols, files=True)
studies = one_of(_studies, files=True)
tunings = one_of(_tunings, files=True)
products = one_of(_products, files=True)
papers = one_of(_papers)
published_weights = one_of(_published_weights)
