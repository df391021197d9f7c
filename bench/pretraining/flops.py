"""What a step of a method computes, by torch's own counter, measured once and kept in the data folder.

The counter knows convolutions, matrix products and attention: nearly all of what a network computes. Norms,
activations and Fourier transforms are not counted. A multiplication and an addition are two operations.

A small step of the method itself is counted, on a few tiles and on the CPU in full precision, and divided by the tiles.
What a step computes grows with its batch; only SimCLR's loss grows with the square, which is 0.04% of a step of 256
tiles of 64 px on a ResNet-18 and 0.7% of one of 4096 (docs/decisions/051).
"""

from importlib.metadata import version
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict
from torch.utils.flop_counter import FlopCounterMode

from bench import backbones
from bench.backbones.sources import RANDOM
from bench.core import documents, files
from bench.core.errors import DataError
from bench.core.keys import content_hash
from bench.core.paths import data_home
from bench.corpus.storage.batches import Batches
from bench.corpus.storage.reader import Corpus
from bench.pretraining import ranks
from bench.pretraining.loop import feed
from bench.pretraining.method import Length
from bench.pretraining.options import TrainingOptions
from bench.pretraining.spec import MethodSpec

# Batch norm needs two tiles; a few more even out the draws of the augmentation, whose blurs are convolutions.
TILES = 4
# Of the options that every training has, those that do not change what a tile costs.
ELSEWHERE = frozenset(TrainingOptions.model_fields) - {"size", "views"}


class Flops(BaseModel):
    """Floating-point operations of a step for each of its tiles.

    Attributes:
        forward: of the forward passes of student and teacher.
        step: of forward and backward passes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    forward: float
    step: float


def count(spec: MethodSpec, options: TrainingOptions, backbone: str, corpus: Corpus, home: Path | None = None) -> Flops:
    """The FLOPs of a method on a backbone, from the data folder where they were measured before.

    Nothing random of the caller is touched, and the corpus only read.

    Args:
        spec: the method.
        options: as it is trained.
        backbone: name of the network.
        corpus: what it is trained on; its bands and classes count.
        home: the data folder.

    Raises:
        DataError: what was kept there cannot be read.
    """
    known = (home or data_home()) / "flops" / f"{_key(spec, options, backbone, corpus)}.json"
    if known.exists():
        kept = documents.read_json(known, DataError, "delete it")
        return documents.parse(Flops, kept, f"{known} holds no FLOPs, delete it", DataError)
    found = measure(spec, options, backbone, corpus)
    known.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(known, found.model_dump())
    return found


def _key(spec: MethodSpec, options: TrainingOptions, backbone: str, corpus: Corpus) -> str:
    return content_hash({
        "method": spec.name,
        "version": spec.version,
        "options": options.model_dump(mode="json", exclude=set(ELSEWHERE)),
        "backbone": backbone,
        "bands": len(corpus.bands),
        "classes": len(corpus.classes) if corpus.has_landcover else 0,
        **({"labels": len(corpus.labels.classes)} if corpus.labels else {}),
        "torch": torch.__version__,
        "library": version(backbones.get(backbone).library),  # which may change what its network is
    })  # fmt: skip


def measure(spec: MethodSpec, options: TrainingOptions, backbone: str, corpus: Corpus, tiles: int = TILES) -> Flops:
    """As `count`, measured now on so many tiles."""
    with torch.random.fork_rng(devices=[]), ranks.alone():
        torch.manual_seed(0)
        plain = options.model_copy(update={"batch": tiles, "init": RANDOM, "compile": False})
        seen = plain.supervise(corpus, 0)
        method = spec.load()(backbones.build(backbone, len(corpus.bands)), plain, seen, Length(1, 1)).train()
        batch = feed(Batches(seen, tiles, 0), 0, 0, torch.device("cpu"))
        with FlopCounterMode(display=False) as counter:
            losses = method(batch)
            forward = counter.get_total_flops()
            torch.autograd.backward(torch.stack(list(losses.values())).sum())
    return Flops(forward=forward / tiles, step=counter.get_total_flops() / tiles)


def forward(backbone: str, size: int = 64) -> float:
    """The FLOPs of a backbone's forward pass over one image of three bands and so many pixels a side."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        network = backbones.build(backbone, 3).eval()  # which tries one of timm's with an image
        with FlopCounterMode(display=False) as counter:
            network(torch.zeros(1, 3, size, size))
    return float(counter.get_total_flops())
