"""One function makes every generator and algorithm repeatable; in a process of its own, for its switches stay."""

import os
import subprocess
import sys

import pytest
from running import ROOT

PROGRAM = """
import os, random, sys
import numpy as np
import torch
from bench.core.determinism import make_deterministic

torch.backends.cudnn.benchmark = True
make_deterministic(int(sys.argv[1]), int(sys.argv[2]))
print(random.random(), np.random.rand(), torch.rand(()).item())
print(torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark)
print(torch.is_deterministic_algorithms_warn_only_enabled(), os.environ["CUBLAS_WORKSPACE_CONFIG"])
"""


def run(seed, threads, **environment):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seed), str(threads)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def first():
    return run(3, 1)


def test_the_same_seed_draws_the_same_numbers_in_another_process(first):
    assert first == run(3, 1)


def test_another_seed_draws_other_numbers_from_each_generator(first):
    other = run(4, 2, CUBLAS_WORKSPACE_CONFIG=":16:8")
    for one, two in zip(first[0].split(), other[0].split(), strict=True):
        assert one != two
    assert "2 True False" == other[1]
    # A workspace that the user chose stays.
    assert "True :16:8" == other[2]


def test_threads_algorithms_and_the_workspace_of_cublas_are_set(first):
    assert ["1 True False", "True :4096:8"] == first[1:]
