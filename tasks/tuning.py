"""The grid of a protocol's `tuning`, each of its points a protocol of its own."""

import math
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from tasks.protocols import Protocol


@dataclass(frozen=True)
class Trial:
    """One point of the grid.

    Attributes:
        protocol: with this point's rate, length and evaluation.
        head: factor on the rate of what the backbone does not hold.
        values: the point by name, of what the grid varies.
    """

    protocol: Protocol
    head: float = 1.0
    values: dict[str, float | str] = field(default_factory=dict)


def grid(protocol: Protocol) -> list[Trial]:
    """All points, those nearest to the protocol's own values first: they win where scores are equal."""
    tuning, own = protocol.tuning, protocol.evaluation
    if tuning is None:
        return [Trial(protocol)]
    axes: dict[str, list[Any]] = {
        "lr": tuning.lr,
        "steps": tuning.steps,
        "head": tuning.head,
        "statistics": tuning.statistics or [own.statistics],
        "size": tuning.size or [own.size],
    }
    before = {"lr": 1.0, "steps": 1.0, "head": 1.0, "statistics": own.statistics, "size": own.size}
    varied = [name for name, values in axes.items() if len(values) > 1]
    points = [dict(zip(axes, point, strict=True)) for point in product(*axes.values())]
    points.sort(key=lambda point: (_distance(point), sum(point[name] != value for name, value in before.items())))
    return [_trial(protocol, point, {name: point[name] for name in varied}) for point in points]


def _distance(point: dict[str, Any]) -> float:
    return sum(abs(math.log(point[name])) for name in ("lr", "steps", "head"))


def _trial(protocol: Protocol, point: dict[str, Any], values: dict[str, float | str]) -> Trial:
    schedule, optimiser = protocol.schedule, protocol.optimiser
    # Looks and decay keep their places in a training that is longer or shorter; 0 looks stay 0.
    longer = {
        "total": max(1, round(schedule.total * point["steps"])),
        "look_every": round(schedule.look_every * point["steps"]),
    }
    rate = {"lr": optimiser.lr * point["lr"], "every": max(1, round(optimiser.every * point["steps"]))}
    fed = {"statistics": point["statistics"], "size": point["size"]}
    changed = {
        "schedule": schedule.model_copy(update=longer),
        "optimiser": optimiser.model_copy(update=rate),
        "evaluation": protocol.evaluation.model_copy(update=fed),
    }
    return Trial(protocol.model_copy(update=changed), point["head"], values)
