"""What a store has pretrained, and its networks ready to use."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.api.studies import Place
from bench.core.errors import StoreError
from bench.core.suggest import among
from bench.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from bench.backbones.pretrained import Pretrained

# Of a card, what tells weights apart, in the order of the frame's columns.
COLUMNS = ("key", "row", "method", "backbone", "seed", "steps", "corpus_hash", "mean", "std", "bands")


def weights(store: Place = "runs") -> "pd.DataFrame":
    """The weights of a store, one row each: key, row, method, backbone, seed, steps, corpus and input statistics.

    Args:
        store: folder of the results.

    Raises:
        StoreError: it is no store, or a card is damaged.
    """
    import pandas as pd

    from bench.backbones.normalisation import INPUT

    rows = []
    for card in Store(Path(store)).cards():
        fed = card.get(INPUT, {})
        bands = ["red", "green", "blue"] if fed.get("channels") == "RGB" else fed.get("channels")
        known = {"row": card.get("row") or card["method"], "mean": fed.get("mean"), "std": fed.get("std")}
        rows.append([(card | known | {"bands": bands}).get(name) for name in COLUMNS])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def load_weights(key: str, store: Place = "runs") -> "Pretrained":
    """A pretrained network, with what its input is normalised with.

    Args:
        key: of `weights`, which may be shortened as long as it is unique.
        store: folder of the results.

    Returns:
        A module in evaluation mode: it takes images in [0, 1], or of 8 or 16 bits, and gives feature maps.

    Raises:
        StoreError: no such weights, or several.
        WeightsError: the file is absent or broken.
    """
    opened = Store(Path(store))
    card = find_card(opened, key)

    from bench.backbones.pretrained import Pretrained

    return Pretrained.load(opened.weights(card["key"]), card["backbone"])


def find_card(store: Store, key: str) -> dict[str, Any]:
    """The card of a key, which may be shortened as long as it is unique.

    Raises:
        StoreError: no such weights, or several.
    """
    found = [card for card in store.cards() if card["key"].startswith(key)]
    if len(found) != 1:
        what = "has no weights" if not found else f"has {len(found)} weights"
        keys = [card["key"] for card in found or store.cards()]
        raise StoreError(f"store {store.root} {what} that begin with {key!r}{among(key, keys, 'bench weights list')}")
    return found[0]
