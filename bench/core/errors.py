"""Errors a user can mend: each is one line that says what is wrong, where, and what to do."""


class BenchError(Exception):
    """Base of all errors shown to a user as one line, without a traceback, with exit code 2."""


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
