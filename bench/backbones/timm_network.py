"""A network of timm inside a backbone: its weights keep timm's own names."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from bench.backbones.pyramid import Backbone

PREFIX = "timm:"


class TimmNetwork(Backbone):
    """A backbone that holds one of timm's networks; the names in its `state_dict` are timm's.

    Args:
        network: what `timm.create_model` gives.
        names: timm's own name of each module that an extractor calls otherwise.
    """

    def __init__(self, network: nn.Module, names: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.network = network
        self._names = {f"network.{theirs}.": f"{timms}." if timms else "" for theirs, timms in (names or {}).items()}
        self.register_state_dict_post_hook(_to_timms_names)
        self.register_load_state_dict_pre_hook(_from_timms_names)

    def timms_name(self, name: str) -> str:
        """The name in timm's network of a weight of this module."""
        found = next((theirs for theirs in self._names if name.startswith(theirs)), "network.")
        return self._names.get(found, "") + name.removeprefix(found)


def _to_timms_names(module: nn.Module, state: dict[str, Tensor], prefix: str, metadata: Any) -> None:
    del metadata
    assert isinstance(module, TimmNetwork)
    for name in [name for name in state if name.startswith(prefix + "network.")]:
        state[prefix + module.timms_name(name.removeprefix(prefix))] = state.pop(name)


def _from_timms_names(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: Any) -> None:
    assert isinstance(module, TimmNetwork)
    for name, _value in [*module.named_parameters(), *module.named_buffers()]:
        timms = prefix + module.timms_name(name)
        if timms in state:
            state[prefix + name] = state.pop(timms)
