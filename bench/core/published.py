"""Published weights: tables that say where they lie, under which licence, and what they were trained on; torch-free.

The shipped tables are `configs/weights/*.yaml`; a user's own lie beside the fetched files, in `weights/*.yaml` of the
data folder. What is fetched is held against its SHA-256, of which some publishers give the first eight digits.
"""

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from bench.core.bands import COLOURS
from bench.core.configs import folder, read_values
from bench.core.documents import parse
from bench.core.errors import WeightsError
from bench.core.paths import data_home
from bench.core.suggest import among

# Before the name of an entry, wherever a file of weights may be named.
HUB = "hub:"
FOLDER = "weights"
# Digits of a sum that name a file, as many as torch writes into a file's name.
SHORTEST = 8


class Input(BaseModel):
    """What the images of some weights were normalised with.

    Attributes:
        mean, std: of each channel, in stored values of the type `of`.
        of: type of the stored values; statistics of 16-bit reflectance say nothing of 8-bit pictures.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: tuple[float, ...]
    std: tuple[float, ...]
    of: Literal["uint8", "uint16"] = "uint8"


class Published(BaseModel):
    """One file of published weights.

    Attributes:
        name: in the tables, and behind `hub:`.
        title: what tables call its row, such as `imagenet (tv1)`.
        paper: what papers call it, such as `IN1k`.
        url: of the file; https.
        hosts: other machines that the address may lead to; one that begins with a dot is of all below it.
        sha256: of the file, or its beginning of at least eight digits.
        licence: of the weights, as their publisher states it.
        backbone: registered name of the network.
        channels: names of the channels that the first layer takes, in order.
        input: what its images were normalised with.
        under: keys that stand before the weights' names; None to find them.
        method: how it was pretrained.
        data: what it was pretrained on.
        images: how many images that are; None where the publisher does not say.
        labels: which labels were used; `none` where none was.
        source: address of what says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^\w[\w.-]{0,99}$")
    title: str
    paper: str
    url: str = Field(pattern=r"^https?://\S+$")
    hosts: tuple[str, ...] = ()
    sha256: str = Field(pattern=r"^[0-9a-f]{8,64}$")
    licence: str
    backbone: str
    channels: tuple[str, ...] = COLOURS
    input: Input
    under: str | None = None
    method: str
    data: str
    images: int | None = None
    labels: str
    source: str

    @property
    def path(self) -> Path:
        """Where it lies once it is fetched."""
        return data_home() / FOLDER / (self.name + (Path(urlsplit(self.url).path).suffix or ".pth"))


def tables() -> dict[str, Published]:
    """All entries by name, the shipped ones first.

    Raises:
        WeightsError: a table cannot be read, or a name stands twice.
    """
    found: dict[str, Published] = {}
    for place in (folder() / FOLDER, data_home() / FOLDER):
        for file in sorted(place.glob("*.yaml")):
            for name, values in read_values(file, WeightsError).items():
                if name in found:
                    raise WeightsError(f"{file}: {name!r} stands in another table too: rename it")
                found[name] = _entry(str(name), values, file)
    return found


def _entry(name: str, values: Any, file: Path) -> Published:
    if not isinstance(values, dict):
        raise WeightsError(f"{file}: {name} must hold keys and values, such as url: https://...")
    return parse(Published, {"name": name, **values}, f"{file}: {name}", WeightsError)


def find(name: str) -> Published:
    """An entry by its name.

    Raises:
        WeightsError: there is none; the message says which was meant.
    """
    known = tables()
    if name not in known:
        raise WeightsError(
            f"no published weights are called {name!r}{among(name, known, 'bench weights list --published')}"
        )
    return known[name]


def of_content(identity: str) -> Published | None:
    """The entry of a file with this content, as options name it in records: `sha256:` and digits; None where none is."""
    digits = identity.removeprefix("sha256:")
    return next((entry for entry in tables().values() if _same(digits, entry.sha256)), None)


def _same(one: str, other: str) -> bool:
    length = min(len(one), len(other))
    return length >= SHORTEST and one[:length] == other[:length]


def entry_of(file: str) -> Published | None:
    """The entry that a file of weights names by `hub:NAME`; None of a path."""
    return find(file.removeprefix(HUB)) if file.startswith(HUB) else None
