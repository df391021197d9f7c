"""Errors a user can mend: each is one line that says what is wrong, where, and what to do."""

from collections.abc import Sequence


class BenchError(Exception):
    """Base of all errors shown to a user as one line, without a traceback, with exit code 2."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class StudyError(BenchError):
    """A study, an option or a protocol asks for something that does not exist or does not fit."""


class CorpusError(BenchError):
    """A scene, a land-cover raster or a built corpus cannot be used."""


class DataError(BenchError):
    """A downstream data set, raw or prepared, cannot be used."""


class StoreError(BenchError):
    """A store or something in it cannot be read or written."""


class WeightsError(BenchError):
    """A weights file is absent, unsafe, or does not fit the backbone."""


class NotFoundError(BenchError):
    """A machine that was asked has nothing at an address."""


class DivergedError(BenchError):
    """A training's loss or weights are no longer finite: the job has failed, and has no result."""


class FailedError(BenchError):
    """Some jobs of a run failed, and all others are done.

    Attributes:
        failures: a line for each that failed.
    """

    def __init__(self, message: str, failures: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.failures = list(failures)
