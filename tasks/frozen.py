"""Features of a frozen backbone: what is read from its maps, whose images batch norm has seen, and each computed once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

import tasks
from bench import backbones
from bench.backbones import weights
from bench.backbones.pyramid import Backbone
from bench.core.context import Context, Kept
from bench.core.errors import DivergedError
from bench.core.keys import content_hash
from bench.core.provenance import version_of
from bench.pretraining import batch_norm
from tasks.samples import Preprocessor, as_tensor, check_bands
from tasks.splits import Parts
from tasks.task import Start, Task

# Images at a time; nothing depends on it.
BATCH = 128


@dataclass(frozen=True)
class Reading:
    """What is read from a backbone.

    Attributes:
        name: says it in keys.
        read: from a backbone and normalised images B x bands x H x W to features, B first.
    """

    name: str
    read: Callable[[Backbone, Tensor], Tensor]


def _means(maps: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([each.mean(dim=(2, 3)) for each in maps], dim=1)


# One vector an image: what the network's own classifier reads (the mean of each channel of the coarsest map, of some
# transformers the class token), the largest value of each channel of that map, or the means of all maps.
POOLINGS = {
    "mean": Reading("mean", lambda network, images: network.pooled(images)),
    "max": Reading("max", lambda network, images: network(images)[-1].amax(dim=(2, 3))),
    "levels": Reading("levels", lambda network, images: _means(network(images))),
}


def whole_map(level: int) -> Reading:
    """One map of the pyramid as it is, B x h x w x C."""
    return Reading(f"map {level}", lambda network, images: network(images)[level].permute(0, 2, 3, 1))


def interpolated_map(stride: int) -> Reading:
    """The one map of a plain transformer, interpolated to another stride without anything learned, B x h x w x C."""

    def read(network: Backbone, images: Tensor) -> Tensor:
        size = [-(-side // stride) for side in images.shape[2:]]
        return functional.interpolate(network(images)[-1], size, mode="bilinear", antialias=True).permute(0, 2, 3, 1)

    return Reading(f"map at stride {stride}", read)


class Frozen:
    """Features of all slices of a task's data set, from the backbone as it was pretrained.

    They depend on weights, data set, input size and statistics, batch norm and reading, and on no label. So they are
    computed once for all fractions, subsets and classifiers, and kept where the context can keep them.

    Args:
        task: whose images.
        start: the backbone.
        context: its device, who is told how far it is, and where features are kept.
        parts: the training part's images give what statistics are of the target.
        reading: what is read from the backbone's maps.

    Attributes:
        bn: whose images batch norm's statistics are of.

    Raises:
        DataError: the weights saw other bands than the data set has.
        DivergedError: features are not finite.
    """

    def __init__(self, task: Task, start: Start, context: Context, parts: Parts, reading: Reading) -> None:
        check_bands(start.input, task.data)
        self._task, self._start, self._context, self._reading = task, start, context, reading
        self._train = parts.train
        kept = self._kept()
        self._values, self.bn = kept.values, kept.words["bn"]

    def features(self, positions: list[int]) -> NDArray[np.float32]:
        """Features of some slices by their positions in the data set, in full precision."""
        return np.asarray(self._values[positions])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one slice's features."""
        return self._values.shape[1:]

    def _kept(self) -> Kept:
        cache, key = self._context.features, self._key()
        if cache is None or key is None:
            words, _, blocks = self._computed()
            return Kept(np.concatenate(list(blocks)), words)
        found = cache.get(key)
        if found is None:
            with cache.lock(key):
                found = cache.get(key)  # another process may have made it meanwhile
                if found is None:
                    words, shape, blocks = self._computed()
                    found = cache.put(key, shape, blocks, words)
        return found

    def _key(self) -> str | None:
        """Hash of all that can change the features; None where nothing says which weights these are."""
        task, start = self._task, self._start
        if start.key is None:
            return None
        protocol, data = task.protocol, task.data
        names = data.names
        adapted = protocol.bn == "target" or protocol.evaluation.statistics == "data"
        return content_hash({
            "weights": start.key,
            "input": start.input.to_json(),
            "task_version": tasks.get(protocol.task).version,
            "data": data.hash,
            "evaluation": protocol.evaluation.model_dump(mode="json"),
            "bn": protocol.bn,
            "train": sorted(names[at] for at in self._train) if adapted else None,
            "corpus": start.corpus.hash if start.corpus and protocol.bn == "corpus" else None,
            "reading": self._reading.name,
            # What a record says of its numbers is true of its features too.
            "device": self._context.device.type,
            "torch": torch.__version__,
            "library": version_of(backbones.get(start.backbone).library),
        })  # fmt: skip

    def _computed(self) -> tuple[dict[str, str], tuple[int, ...], Iterator[NDArray[np.float32]]]:
        """Words about the features, their shape, and their blocks, which are computed as they are taken."""
        task, start, device = self._task, self._start, self._context.device
        inputs = Preprocessor([], task.statistics(start), task.data, task.protocol.evaluation.size).to(device)
        restored = weights.restore(start.backbone, start.weights, f"the pretraining of {start.backbone}")
        network = restored.to(device).to(memory_format=torch.channels_last)
        words = {"bn": self._adapt(network, inputs)}
        shape = self._read(network, inputs.inputs(as_tensor(task.data.images[:1]), None)).shape[1:]
        return words, (len(task.data), *shape), self._blocks(network, inputs)

    def _adapt(self, network: Backbone, inputs: Preprocessor) -> str:
        """Take batch norm's statistics from the images that the protocol names; says whose they are.

        The labels of the training part are not looked at. Which images, and in which order, is the same for every cell.
        """
        bn, corpus, images = self._task.protocol.bn, self._start.corpus, self._task.data.images
        if not batch_norm.has_batch_norm(network):
            return "none in the network"
        if bn == "corpus":
            assert corpus is not None
            drawn = batch_norm.draw(len(corpus), seed=0)
            batch_norm.estimate(network, (inputs.inputs(as_tensor(corpus.tiles(at)), None) for at in drawn))
        elif bn == "target":
            places = [np.array(self._train)[at] for at in batch_norm.draw(len(self._train), seed=0)]
            batch_norm.estimate(network, (inputs.inputs(as_tensor(images[at]), None) for at in places))
        return bn

    def _blocks(self, network: Backbone, inputs: Preprocessor) -> Iterator[NDArray[np.float32]]:
        done, total = 0, len(self._task.data)
        for batch in DataLoader(self._task.samples(list(range(total))), BATCH):
            found = self._read(network, inputs.inputs(batch["image"], None))
            if not np.isfinite(found).all():
                raise DivergedError(
                    f"features of {self._start.backbone} are not finite: pretrain it again with a lower rate"
                )
            done += len(found)
            self._context.progress(done, total, "features")
            yield found

    @torch.no_grad()
    def _read(self, network: Backbone, inputs: Tensor) -> NDArray[np.float32]:
        network.eval()
        found: NDArray[Any] = self._reading.read(network, inputs).cpu().numpy()
        return found.astype(np.float32, copy=False)
