"""The one place that owns every switch of reproducibility."""

import os
import random

import numpy as np
import torch

from bench.core.precision import allow_tf32


def make_deterministic(seed: int, threads: int) -> None:
    """Seed every generator and choose reproducible algorithms.

    Args:
        seed: seed of Python's, numpy's and torch's global generators, in [0, 2**31).
        threads: threads of torch's operators; sums are split by thread, so the count is part of the result.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries draw from numpy's global generator
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    # cuBLAS needs a fixed workspace to add in a fixed order.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # A few CUDA kernels (2-D cross-entropy) have no deterministic form: warn and go on rather than stop.
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    # Filling memory that is about to be written costs time and only hides reads of uninitialised memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # set by a module class
    # One arithmetic a job, whatever this process did before; a training may settle another (`bench.core.precision`).
    allow_tf32(allowed=False)
    # cuDNN's search picks kernels by timing, which differs from run to run.
    torch.backends.cudnn.benchmark = False
