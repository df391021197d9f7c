"""Pretraining on one GPU, in one call: `python -m benchmarks.pretraining_on_a_gpu`; `--smoke` is tiny and runs anywhere.

Every method that trains, with ResNet-50 and ViT-S at 224 and 256 px, batches of 256, bf16 and channels last, with and
without `torch.compile`, on tiles and labelled images made here: images/s end to end (a corpus read from the disk, batched
views, the step), images/s on ready tensors (every step gets the first step's views), the most memory allocated, and which
share it reaches of the operations that this GPU does in a large matrix product. Then lightly's own modules in a plain
fp32 loop over its transforms, on the same tiles decoded, in a DataLoader of 16 workers.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import torch
import torchvision

import methods
from bench.corpus.storage.reader import Corpus
from bench.demo.sets import ensure_natural
from bench.pretraining import flops
from benchmarks.pretraining import METHODS, lightlys_pass
from benchmarks.rates import Case, make_options, rate, ready_tensors, refused, write_corpus


@dataclass(frozen=True)
class Scale:
    """How large everything is; `grid` x `grid` tiles of `tile` pixels make the corpus."""

    backbones: tuple[str, ...] = ("resnet50", "timm:vit_small_patch16_224")
    sizes: tuple[int, ...] = (224, 256)
    batch: int = 256
    steps: int = 41
    tile: int = 256
    grid: int = 32
    workers: int = 16
    compiled: tuple[bool, ...] = (False, True)


SMOKE = Scale(("timm:test_resnet", "timm:test_vit"), (32,), 4, 11, 32, 4, 2, (False,))
LIGHTLYS = "resnet50"


def peak(device: torch.device, side: int = 8192, times: int = 20) -> float:
    """Operations a second of a square product of bf16 matrices."""
    left = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    right = left.clone()
    for turn in range(2):
        if device.type == "cuda":
            torch.cuda.synchronize()
        begun = time.perf_counter()
        for _ in range(times if turn else 3):
            left @ right
        if device.type == "cuda":
            torch.cuda.synchronize()
    return 2 * side**3 * times / (time.perf_counter() - begun)


def lightlys_rate(name: str, scale: Scale, network: str, corpus: Corpus, size: int, device: torch.device) -> float:
    """Images/s of the second of two passes over at least four batches a worker."""
    tiles = corpus.tiles(torch.arange(4 * scale.workers * scale.batch).remainder(len(corpus)).numpy())
    make = lightlys_pass(name, tiles, scale.batch, size, scale.workers, getattr(torchvision.models, network), device)
    make()
    begun = time.perf_counter()
    make()
    return len(tiles) / (time.perf_counter() - begun)


def line(case: Case, most: float) -> str:
    """A row of the table; `most` are operations a second that the device can do."""
    if reason := refused(case):
        return f"| {case.method} | {case.backbone} | {case.size} | | refused: {reason} | | | |"
    on_gpu = case.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    whole = rate(case)
    memory = f"{torch.cuda.max_memory_allocated() / 2**30:.1f}" if on_gpu else ""
    with ready_tensors():
        ready = rate(case)
    spec, options, corpus = make_options(case)
    share = flops.count(spec, options, case.backbone, corpus).step * ready / most
    return (
        f"| {case.method} | {case.backbone} | {case.size} | {'yes' if case.compiled else 'no'} | {whole:.0f} "
        f"| {ready:.0f} | {whole / ready:.2f} | {memory} | {share:.0%} |"
    )


@click.command(help=__doc__.splitlines()[0])
@click.option("--smoke", is_flag=True, help="Tiny networks, 32 px, batches of 4, not compiled.")
@click.option("--methods", "names", help="Comma-separated methods; every one that trains by default.")
@click.option("--backbones", "networks", help="Comma-separated networks.")
def main(smoke: bool, names: str | None, networks: str | None) -> None:
    """Print the table."""
    scale = SMOKE if smoke else Scale()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not smoke:
        sys.exit("no GPU here: only --smoke runs without one")
    most = peak(device, 512 if smoke else 8192)
    card = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"{card}, torch {torch.__version__}, bf16 product {most / 1e12:.1f} TFLOP/s, {scale}")
    print(
        "| method | network | px | compiled | end to end, images/s | ready tensors, images/s | ratio | GiB | of peak |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    chosen = names.split(",") if names else [name for name, spec in methods.registry.all().items() if spec.trains]
    with tempfile.TemporaryDirectory() as folder:
        corpus = write_corpus(Path(folder), scale.grid, scale.grid, scale.tile)
        labelled = ensure_natural(Path(folder), size=scale.tile)
        for name in chosen:
            for network in networks.split(",") if networks else scale.backbones:
                for size in scale.sizes:
                    for compiled in scale.compiled:
                        case = Case(name, network, corpus, labelled, size, scale.batch, scale.steps, device, compiled)
                        print(line(case, most), flush=True)
        for name in METHODS:
            for size in scale.sizes:
                network = "resnet18" if smoke else LIGHTLYS
                found = lightlys_rate(name, scale, network, corpus, size, device)
                print(f"| lightly's {name} | {network} | {size} | no | {found:.0f} | | | | |", flush=True)


if __name__ == "__main__":
    main()
