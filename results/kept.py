"""What is kept of a store when it is committed or sent: everything that a number rests on and is small."""

from pathlib import Path

from bench.core.errors import StoreError
from bench.store.records import Record
from results.check import Block

KEPT = (
    "records/*.json",
    "outcomes/*.npz",
    "subsets/*.json",
    "weights/*/card.json",
    "designs/*.json",
    "questions/*.json",
    "grids/*.json",
)


def weights_of_block(store: Path, records: list[Record], block: Block) -> set[Path]:
    """Files of the weights that the records of a repeat rest on, relative to the store."""
    keys = {record.weights for record in records if block.has(record)}
    weights = {path.relative_to(store) for key in keys for path in store.glob(f"weights/{key}/*.safetensors")}
    if not weights:
        raise StoreError(f"{store} holds no weights of {block}: choose a repeat that was made, or leave it out")
    return weights
