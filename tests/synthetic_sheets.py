"""Design sheets as a run leaves them in a store."""

from bench.core.files import write_json
from bench.store.designs import Cell, Sentence, Sheet
from bench.store.store import SCHEMA, Store


def sheet(name="demo", note="ImageNet row missing: no weights on this machine"):
    """A sheet of two rows, of which one trains four times as long."""
    return Sheet(
        study=name,
        columns=["row", "budget", "init"],
        rows=[
            [Cell(text="geokr"), Cell(text="6,400 views", differs=True), Cell(text="random")],
            [Cell(text="moco"), Cell(text="25,600 views", differs=True), Cell(text="random")],
        ],
        protocol_columns=["protocol", "split"],
        protocols=[[Cell(text="demo/city"), Cell(text="slice, leaky")]],
        sentences=[Sentence(a="geokr", b="moco", about="recipes", because=["budget"])],
        notes=[note],
    )


def write_sheet(store, made):
    """Keep a sheet as a run does."""
    write_json(store / "store.json", {"schema": SCHEMA})
    Store(store).write_design(made)
