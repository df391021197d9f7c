"""Downloading public data sets: what has an address and a sum that somebody states, resumed and held against the sum."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bench.core import files
from bench.core.context import Count
from bench.core.errors import DataError
from bench.core.web import Web

# The largest of the files has 3 GiB.
MOST_BYTES = 64 << 30


class Downloads(BaseModel):
    """The files of a data set.

    Attributes:
        files: address of each, by its name; its sum stands under the same name in the data set's `md5`.
        hosts: the machines that may be asked, redirects included; one that begins with a dot is of all below it.
        stated_by: who states addresses and sums.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: dict[str, str] = Field(min_length=1)
    hosts: tuple[str, ...] = Field(min_length=1)
    stated_by: str


def download(name: str, given: Downloads, md5: Mapping[str, str], folder: Path, advance: Count) -> list[Path]:
    """Download all files into a folder; those that are there with their sum stay.

    Args:
        name: of the data set, for messages.
        given: where the files are.
        md5: their sums by name.
        folder: takes them.
        advance: told how many bytes of the current file there are, and how many there will be.

    Raises:
        BenchError: a file cannot be had, or is another than is stated.
    """
    web = Web(given.hosts, f"data set {name}", DataError)
    found = []
    for file, url in given.files.items():
        path = folder / file
        if not path.exists():
            web.save(url, path, MOST_BYTES, advance)
        if (sum_ := files.md5(path)) != md5[file]:
            path.unlink()
            raise DataError(
                f"{url} gave a file of MD5 {sum_}, {given.stated_by} states {md5[file]}: it was changed, or came wrong; "
                "it is deleted, try again"
            )
        found.append(path)
    return found
