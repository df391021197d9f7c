"""A benchmark harness for pretraining in remote sensing: studies, plans, engines, jobs and the store.

`import bench as gb` gives the names of `__all__`, which docs/api.md shows at work. Each is imported when it is first used,
so that this import stays quick; every other name of these packages is not public.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.api.corpora import build_corpus, corpus_report
    from bench.api.listing import methods, protocols, tasks
    from bench.api.networks import load_weights, weights
    from bench.api.planning import Planned, plan
    from bench.api.plotting import Drawing, plot
    from bench.api.reading import frame, labels_to_match, stats, table, verdict
    from bench.api.running import run
    from bench.api.shown import Table, Verdict
    from bench.api.statistics import Statistics
    from bench.api.studies import study
    from bench.backbones.pretrained import Pretrained
    from bench.core.errors import BenchError, FailedError
    from bench.corpus.storage.reader import Corpus
    from bench.studies.study import Study

__version__ = "0.1.0"

__all__ = [
    "BenchError",
    "Corpus",
    "Drawing",
    "FailedError",
    "Planned",
    "Pretrained",
    "Statistics",
    "Study",
    "Table",
    "Verdict",
    "__version__",
    "build_corpus",
    "corpus_report",
    "frame",
    "labels_to_match",
    "load_weights",
    "methods",
    "plan",
    "plot",
    "protocols",
    "run",
    "stats",
    "study",
    "table",
    "tasks",
    "verdict",
    "weights",
]

# Where each public name is defined; the imports above say the same to type checkers.
_HOMES = {
    "bench.api.corpora": ("build_corpus", "corpus_report"),
    "bench.api.listing": ("methods", "protocols", "tasks"),
    "bench.api.networks": ("load_weights", "weights"),
    "bench.api.planning": ("Planned", "plan"),
    "bench.api.plotting": ("Drawing", "plot"),
    "bench.api.reading": ("frame", "labels_to_match", "stats", "table", "verdict"),
    "bench.api.running": ("run",),
    "bench.api.shown": ("Table", "Verdict"),
    "bench.api.statistics": ("Statistics",),
    "bench.api.studies": ("study",),
    "bench.backbones.pretrained": ("Pretrained",),
    "bench.core.errors": ("BenchError", "FailedError"),
    "bench.corpus.storage.reader": ("Corpus",),
    "bench.studies.study": ("Study",),
}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used (PEP 562)."""
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    found = getattr(importlib.import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted({*globals(), *__all__})
