"""Whether pretraining again ends with the losses that were committed: a wrong change shows here before any score moves."""

import json
from pathlib import Path
from typing import Any

from results.machines import differing
from results.variants import options_text

Name = tuple[str, str, str, int, str | None]  # method, options, backbone, seed, and the protocol whose labels it saw
Cards = dict[Name, dict[str, Any]]


def compare_losses(committed: Path, fresh: Path) -> tuple[list[str], int]:
    """Compare the last losses of pretrainings that two stores made on one kind of machine, bit for bit.

    On another kind of machine nothing is known of how far a loss may move, and nothing is compared. Weights have no
    row: rows of one method with equal options are told apart by the seed of their pretraining.

    Returns:
        What moved, or cannot be compared because a store holds it twice, one line each, and the number of pretrainings
        compared.
    """
    (old, twins), (new, more) = _cards(committed), _cards(fresh)
    shared = [name for name in old if name in new and not differing(old[name]["provenance"], new[name]["provenance"])]
    moved = [
        f"pretraining {method} {backbone}: {what} {old[name][what]} -> {new[name][what]}"
        for name in shared
        for method, backbone, what in [(name[0], name[2], what) for what in ("steps", "losses")]
        if old[name][what] != new[name][what]
    ]
    # The oracle's cards keep no loss: its steps are held here, its cells are compared as all others.
    return [*twins, *more, *moved], sum(bool(old[name]["losses"]) for name in shared)


def _cards(store: Path) -> tuple[Cards, list[str]]:
    """Cards by what they are of, without those that nothing tells apart, and a line for each of these."""
    cards: Cards = {}
    twins: dict[Name, str] = {}
    for path in sorted(store.glob("weights/*/card.json")):
        try:
            card = json.loads(path.read_text())
            options = options_text(card["options"])
            name = (card["method"], options, card["backbone"], card["seed"], card.get("protocol"))
            _ = (card["provenance"], card["steps"], card["losses"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # `bench verify` names damaged cards
        if name in cards:
            twins[name] = f"pretraining {name[0]} {name[2]}: {path} is of the same options and seed as another card"
        cards[name] = card
    return {name: card for name, card in cards.items() if name not in twins}, list(twins.values())
