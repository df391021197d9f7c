"""Curves for TensorBoard, by mmengine's own backend; where they are wanted is an option of this machine, in no key."""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.core.errors import StudyError

# mmengine's name of what writes the files.
BACKEND = "TensorboardVisBackend"
# Digits of a key that tell two jobs of one name apart.
_SHOWN = 8


def check_installed() -> None:
    """Refuse before anything runs where the package is absent.

    Raises:
        StudyError: it is.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise StudyError("--tensorboard needs tensorboard: uv pip install 'geokr-bench[tensorboard]'")


def folder_of(root: Path | str | None, label: str, key: str) -> Path | None:
    """Folder of one job, which TensorBoard shows as a run; None where nothing is asked.

    Args:
        root: that TensorBoard is started with.
        label: of the job.
        key: of the job.
    """
    plain = re.sub(r"[^\w.=-]+", "-", label)
    return None if root is None else Path(root) / f"{plain}-{key[:_SHOWN]}"


class Board:
    """Writes the scalars of one training; use as a context manager.

    Args:
        folder: of the training; None writes nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._backend: Any = None
        if folder is not None:
            from mmengine.visualization import TensorboardVisBackend

            self._backend = TensorboardVisBackend(str(folder))

    @property
    def on(self) -> bool:
        """Whether anything is written: what costs time to gather is gathered then alone."""
        return self._backend is not None

    def add(self, values: Mapping[str, float], step: int) -> None:
        """Write values of one step."""
        if self._backend is not None:
            self._backend.add_scalars(dict(values), step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._backend is not None:
            self._backend.close()
