"""Published weights behind a real server of this machine, and a table of the user's own that names them."""

from contextlib import contextmanager

import foreign_checkpoints as made
import yaml
from archive import serving

from bench.core import files, published


@contextmanager
def hosting(www, home, channels=()):
    """The weights `mine` of a small network, and `torn` with a sum that is not theirs; yields the file and its server.

    Args:
        www: folder that is served; takes the file.
        home: data folder; takes the table.
        channels: of the first layer, where they are not those of the entry that the table is made after.
    """
    www.mkdir()
    file = made.moco(made.state_of(), www)
    with serving(www) as server:
        values = published.find("gassl-resnet50").model_dump(mode="json", exclude={"name"})
        values |= {"url": f"{server.root}/{file.name}", "sha256": files.sha256(file)[:8]}
        values |= {"backbone": made.NETWORK, "licence": "CC-BY-4.0"}
        if channels:
            statistics = {"mean": [0.0] * len(channels), "std": [255.0] * len(channels), "of": "uint8"}
            values |= {"channels": list(channels), "input": statistics}
        (home / "weights").mkdir(parents=True)
        table = {"mine": values, "torn": values | {"sha256": "0" * 8}}
        (home / "weights" / "mine.yaml").write_text(yaml.safe_dump(table))
        yield file, server
