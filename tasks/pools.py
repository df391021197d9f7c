"""The pool: the training part of a protocol, from which the labels of a cell are drawn."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bench.core.errors import StudyError
from tasks.amounts import Amount
from tasks.prepared import Prepared
from tasks.protocols import Protocol
from tasks.scheme import Scheme
from tasks.splits import parts_of
from tasks.subsets import draw_order, shots


@dataclass(frozen=True)
class Drawn:
    """An amount of labels as a cell asks for it.

    Attributes:
        fraction: share of the pool; n / N of shots and counts.
        labels: the amount in words, where it is no share.
        shots: samples of each class, where these are not simply the beginning of the order.
    """

    fraction: float
    labels: str | None = None
    shots: int | None = None


class Pool:
    """The training part of a protocol on its prepared data.

    Attributes:
        protocol: the protocol.
        data: the prepared set.
        parts: training, validation and test samples.
    """

    def __init__(self, protocol: Protocol, data: Prepared) -> None:
        self.protocol = protocol
        self.parts = parts_of(protocol, data)
        self.data = data
        self._scheme = Scheme(protocol, data)

    def __len__(self) -> int:
        """Samples of the training part."""
        return len(self.parts.train)

    @cached_property
    def strata(self) -> list[int]:
        """The stratum of each sample."""
        return self.data.label.strata(self._scheme.counts(self.data.class_counts[self.parts.train]))

    @cached_property
    def members(self) -> dict[int, int]:
        """Samples of each class that any belongs to; of kinds of labels that know shots."""
        classes = range(len(self._scheme.classes))
        return {stratum: count for stratum, count in sorted(Counter(self.strata).items()) if stratum in classes}

    def size(self, amount: Amount) -> int:
        """Number of samples of an amount."""
        return amount.size(len(self), len(self.members) if amount.kind == "shot" else 0)

    def draw(self, amount: Amount, seed: int) -> list[int]:
        """Draw an amount of labels: positions in the data set; a smaller amount of the same kind lies inside."""
        train, names, sources = self.parts.train, self.data.names, self.data.sources
        strata, size = self.strata, self.size(amount)
        # Shots are found anywhere in the order, all else is its beginning.
        count = None if amount.kind == "shot" else size
        own, images = ([every[at] for at in train] for every in (names, sources))
        order = draw_order(self.protocol.draw, own, strata, images, seed, count)
        if amount.kind == "shot":
            order = shots([at for at in order if strata[at] in self.members], strata, int(amount.value))
        return [train[at] for at in order[:size]]

    def distinct(self, amounts: Iterable[Amount]) -> list[Drawn]:
        """What the amounts draw: two that draw the same are one, named as the first.

        Raises:
            StudyError: the training part is too small for one, or has no classes to draw shots of.
        """
        found: dict[tuple[int, int | None], Drawn] = {}
        for amount in amounts:
            self._check(amount)
            size = self.size(amount)
            each = int(amount.value) if amount.kind == "shot" and not self._begins(amount) else None
            shared = amount.kind == "share"
            drawn = Drawn(amount.value if shared else size / len(self), None if shared else amount.text, each)
            found.setdefault((size, each), drawn)
        return list(found.values())

    def _check_classes(self, amount: Amount) -> None:
        """Refuse fewer samples than classes, of labels that teach nothing of a class that is absent.

        Raises:
            StudyError: there are fewer, and the protocol does not say that they are drawn at random.
        """
        size, classes = self.size(amount), len(self._scheme.classes)
        if self.data.label.every_class and self.protocol.draw != "random" and size < classes:
            raise StudyError(
                f"protocol {self.protocol.id}: {amount.text} of {len(self)} labels are {size}, fewer than its {classes} "
                f"classes: ask for 1shot or at least {classes} labels, or for a protocol with draw: random"
            )

    def _check(self, amount: Amount) -> None:
        name = self.protocol.id
        self._check_classes(amount)
        if amount.kind == "count" and amount.value > len(self):
            raise StudyError(
                f"protocol {name}: {amount.text} labels are asked, its training part has {len(self)}: ask for fewer"
            )
        if amount.kind != "shot":
            return
        if not self.data.label.shots or not self.members:
            raise StudyError(
                f"protocol {name}: {amount.text} asks for samples of each class, but with {self.data.label.name} labels "
                "a sample belongs to no one class: ask for a number of samples or a share, such as 50 or 5%"
            )
        rarest = min(self.members, key=lambda stratum: self.members[stratum])
        if self.members[rarest] < amount.value:
            raise StudyError(
                f"protocol {name}: {amount.text} asks for {amount.value:.0f} samples of each class, its training part "
                f"has {self.members[rarest]} of {self._scheme.classes[rarest]}: ask for at most "
                f"{self.members[rarest]}shot"
            )

    def _begins(self, amount: Amount) -> bool:
        """Whether shots are the beginning of the order under any seed: so are few of classes of nearly equal size."""
        if self.size(amount) == len(self):
            return True
        if self.protocol.draw != "quota":
            return False
        stratum_of = dict(zip(self.parts.train, self.strata, strict=True))
        beginning = self.draw(Amount(amount.text, "count", self.size(amount)), 0)
        return Counter(stratum_of[at] for at in beginning) == dict.fromkeys(self.members, int(amount.value))
