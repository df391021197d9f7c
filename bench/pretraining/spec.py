"""What a method is to the harness: a named specification that loads its code when it is used."""

from dataclasses import dataclass

from bench.core.registry import Spec
from bench.pretraining.options import PretrainOptions, TrainingOptions


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
        network: of a row of fixed features, the feature network that stands in place of the study's backbones
            (`bench.backbones.features`); it can only be probed.
        parallel: whether several processes can share one pretraining (`bench.pretraining.ranks`).
        no_reference: why no row may be read against this one; empty where it may be.
    """

    options: type[PretrainOptions]
    version: int
    reference: str
    network: str | None = None
    parallel: bool = False
    no_reference: str = ""

    @property
    def trains(self) -> bool:
        """Whether the method trains on a corpus: budgets and `pretrain` options are for these alone.

        A method that does not may read one all the same, as `mosaiks` does.
        """
        return issubclass(self.options, TrainingOptions)

    @property
    def learns_protocol(self) -> bool:
        """Whether the method is the oracle, trained for each protocol on its own training part."""
        return "protocol" in self.needs
