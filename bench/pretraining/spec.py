"""What a method is to the harness: a named specification that loads its code when it is used."""

from dataclasses import dataclass

from bench.core.registry import Spec
from bench.pretraining.options import PretrainOptions


@dataclass(frozen=True, kw_only=True)
class MethodSpec(Spec):
    """One way to obtain backbone weights.

    Attributes:
        factory: `module:Class` of a `bench.pretraining.method.Method`.
        options: the method's options with their defaults, limits and sources.
        needs: what the corpus must offer: `tiles`, `landcover`, `labelled`; empty for an initialisation. The oracle's need
            is `protocol`: it learns what it is tested for.
        version: bumped by hand when a change of the code changes the weights.
        reference: where the method was published.
    """

    options: type[PretrainOptions]
    version: int
    reference: str

    @property
    def trains(self) -> bool:
        """Whether the method trains on a corpus; an initialisation and the oracle do not."""
        return "tiles" in self.needs

    @property
    def learns_protocol(self) -> bool:
        """Whether the method is the oracle, trained for each protocol on its own training part."""
        return "protocol" in self.needs
