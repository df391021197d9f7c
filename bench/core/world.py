"""Which demo world is drawn: every part's random streams follow from the seed of the world."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bench.core.seeding import derive

# The world of the committed leaderboard (docs/decisions/079): everything was chosen on worlds 1 to 3.
DEFAULT = 2026

_world = ContextVar("world", default=DEFAULT)


def world_seed() -> int:
    """The seed of the world whose parts are asked for."""
    return _world.get()


@contextmanager
def of_world(seed: int | None) -> Iterator[None]:
    """Ask for parts of the world of a seed; None leaves it as it is."""
    token = _world.set(world_seed() if seed is None else seed)
    try:
        yield
    finally:
        _world.reset(token)


def of_part(world: int, part: str) -> int:
    """Root of the random streams of one part of a world."""
    return derive(world, "demo", part)
