"""bf16 is used where the device multiplies it in hardware, and only there."""

from pathlib import Path

import pytest
import torch

from bench.core import precision
from bench.core.determinism import make_deterministic
from bench.core.errors import StudyError

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def processor(monkeypatch):
    """Function that gives this processor the two ways, or neither, of multiplying bf16."""

    def make(*, avx512=False, amx=False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)

    return make


@pytest.mark.parametrize(("avx512", "amx"), [(True, False), (False, True), (True, True)])
def test_a_processor_with_either_instruction_set_uses_bf16(processor, avx512, amx):
    processor(avx512=avx512, amx=amx)
    assert precision.native_bf16(CPU) is True
    assert "bf16" == precision.resolve("auto", CPU)


def test_a_processor_with_neither_stays_in_fp32(processor):
    processor()
    assert precision.native_bf16(CPU) is False
    assert "fp32" == precision.resolve("auto", CPU)


@pytest.mark.parametrize(
    ("capability", "chosen"), [((7, 5), "fp32"), ((8, 0), "bf16"), ((8, 9), "bf16"), ((9, 0), "bf16")]
)
def test_a_gpu_uses_bf16_from_compute_capability_8_on_whatever_the_processor_has(
    processor, monkeypatch, capability, chosen
):
    processor(avx512=chosen == "fp32")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    assert chosen == precision.resolve("auto", GPU)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("asked", ["fp32", "bf16"])
def test_a_precision_that_is_named_is_used_wherever_it_runs(processor, native, asked):
    processor(avx512=native)
    assert asked == precision.resolve(asked, CPU)


def test_this_processor_is_judged_by_the_instructions_that_the_system_lists():
    listed = Path("/proc/cpuinfo")
    flags = set(listed.read_text().split()) if listed.is_file() else set()
    if "flags" not in flags:
        pytest.skip("the system lists no instruction sets of an x86 processor")
    # A system may list AMX and refuse a process its use, so that only the other direction is certain.
    if "avx512_bf16" in flags:
        assert precision.native_bf16(CPU)
    if not flags & {"avx512_bf16", "amx_tile"}:
        assert not precision.native_bf16(CPU)


@pytest.mark.parametrize(("chosen", "kind"), [("bf16", torch.bfloat16), ("fp32", torch.float32)])
def test_a_product_of_matrices_is_worked_out_in_the_chosen_precision(chosen, kind):
    matrix = torch.ones(4, 4)
    with precision.autocast(chosen, CPU):
        assert kind == (matrix @ matrix).dtype
    assert torch.float32 == (matrix @ matrix).dtype


def words():
    return torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision


@pytest.fixture
def tf32_before():
    """A process that worked in TF32, as PyTorch's convolutions do by themselves."""
    precision.allow_tf32(allowed=True)
    yield
    precision.allow_tf32(allowed=False)


@pytest.mark.usefixtures("tf32_before")
@pytest.mark.parametrize(("asked", "word"), [("fp32", "ieee"), ("bf16", "ieee"), ("tf32", "tf32")])
def test_tf32_is_used_where_it_is_asked_for_and_nowhere_else(asked, word):
    assert asked == precision.settle(asked, GPU)
    assert (word, word) == words()


@pytest.mark.usefixtures("tf32_before")
def test_a_job_begins_without_the_tf32_of_the_one_before():
    make_deterministic(0, torch.get_num_threads())
    assert ("ieee", "ieee") == words()


def test_tf32_is_refused_where_there_is_none():
    with pytest.raises(StudyError, match="precision tf32 is that of NVIDIA's GPUs, and this runs on cpu"):
        precision.settle("tf32", CPU)
