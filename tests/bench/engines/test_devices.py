"""Which GPUs are there, without one: what a scheduler chose, and what the driver's tool lists."""

import pytest

from bench.engines import devices
from bench.engines.devices import VISIBLE, visible_gpus

TWO = "GPU 0: NVIDIA H200 (UUID: GPU-a9f6)\nGPU 1: NVIDIA H200 (UUID: GPU-b1c2)\n"
DIVIDED = """GPU 0: NVIDIA H100 (UUID: GPU-a9f6)
  MIG 3g.40gb     Device  0: (UUID: MIG-1111)
  MIG 3g.40gb     Device  1: (UUID: MIG-2222)
GPU 1: NVIDIA H100 (UUID: GPU-b1c2)
"""


@pytest.fixture(autouse=True)
def with_cuda(monkeypatch):
    monkeypatch.setattr(devices, "_torch_knows_cuda", lambda: True)
    monkeypatch.delenv(VISIBLE, raising=False)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ("0,1", ["0", "1"]),
        ("3", ["3"]),
        ("GPU-a9f6, MIG-1111", ["GPU-a9f6", "MIG-1111"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("2,-1,3", ["2"]),  # CUDA stops reading at what it does not know
    ],
)
def test_what_a_scheduler_chose_is_all_there_is(monkeypatch, chosen, found):
    monkeypatch.setattr(devices, "_query", lambda *_: TWO)
    monkeypatch.setenv(VISIBLE, chosen)
    assert found == visible_gpus()


@pytest.mark.parametrize(
    ("listed", "found"), [(TWO, ["0", "1"]), (DIVIDED, ["MIG-1111", "MIG-2222", "1"]), ("", []), ("No devices\n", [])]
)
def test_else_the_driver_lists_gpus_and_the_instances_of_divided_ones(monkeypatch, listed, found):
    monkeypatch.setattr(devices, "_query", lambda *_: listed)
    assert found == visible_gpus()


def test_a_torch_without_cuda_has_no_gpus(monkeypatch):
    monkeypatch.setattr(devices, "_torch_knows_cuda", lambda: False)
    monkeypatch.setenv(VISIBLE, "0,1")
    assert [] == visible_gpus()
