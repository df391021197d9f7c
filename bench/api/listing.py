"""What the harness knows by name, as frames: methods, tasks, protocols. Nothing here imports torch."""

from typing import TYPE_CHECKING

import methods as registered
import tasks as problems
from tasks.protocols import known_protocols, load_protocol

if TYPE_CHECKING:
    import pandas as pd


def methods() -> "pd.DataFrame":
    """The pretraining methods, by name: what each is, what its corpus must offer, whether it trains, where published."""
    import pandas as pd

    rows = [
        (spec.name, spec.summary, ", ".join(sorted(spec.needs)), spec.trains, spec.reference)
        for spec in registered.registry.listed().values()
    ]
    return pd.DataFrame(rows, columns=["method", "summary", "needs", "trains", "reference"]).set_index("method")


def tasks() -> "pd.DataFrame":
    """The downstream tasks, by name: what each is, whether it leaves the network as it is, how many protocols it has."""
    import pandas as pd

    counts = protocols()["task"].value_counts()
    rows = [
        (spec.name, spec.summary, spec.frozen, int(counts.get(spec.name, 0)))
        for spec in problems.registry.listed().values()
    ]
    return pd.DataFrame(rows, columns=["task", "summary", "frozen", "protocols"]).set_index("task")


def protocols() -> "pd.DataFrame":
    """The protocols that are shipped, by id: task, data set, title, headline metric and what chooses the weights."""
    import pandas as pd

    known = [load_protocol(name) for name in known_protocols()]
    rows = [(each.id, each.task, each.dataset, each.title, each.metric, each.selects) for each in known]
    columns = ["protocol", "task", "dataset", "title", "metric", "selection"]
    return pd.DataFrame(rows, columns=columns).set_index("protocol")
