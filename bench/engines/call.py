"""What an engine runs and what it tells about it."""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Call:
    """One call of a function in a worker.

    Attributes:
        name: identifies the call among those of a run.
        function: `module:function` of `(report, **arguments) -> value`; the module is imported in the worker.
        arguments: plain values.
        log: file that takes what the call prints.
    """

    name: str
    function: str
    arguments: dict[str, Any]
    log: str


@dataclass(frozen=True)
class Event:
    """What happened to a call.

    Attributes:
        name: the call's name.
        kind: it moved on, returned, raised, or its worker died.
        value: `(done, total, text)` of a progress; the returned value; or a failure's `error` (one line),
            `traceback`, `user` (whether it is a mistake the user can mend) and, where it is so, `diverged` (whether a
            training's numbers were no longer finite, so that trying again would end the same).
    """

    name: str
    kind: Literal["progress", "returned", "raised"]
    value: Any = field(default=None)
