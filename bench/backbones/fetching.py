"""Fetching published weights: from the hosts that they may lie on, resumed, and held against their SHA-256."""

from pathlib import Path
from urllib.parse import urlsplit

from bench.core import files
from bench.core.context import Count
from bench.core.errors import BenchError, WeightsError
from bench.core.published import Published
from bench.core.web import Web

# Where hosts of many files send those who ask for one: https://huggingface.co/.well-known/meta.json, and GitHub's releases.
SENT_ON = {
    "github.com": (".githubusercontent.com",),
    "hf.co": ("huggingface.co", ".hf.co"),
    "huggingface.co": ("hf.co", ".hf.co"),
}
# The largest of the tables has 0.5 GiB.
MOST_BYTES = 8 * 2**30


def fetch(entry: Published, advance: Count) -> Path:
    """Fetch weights into the data folder, where they are not there yet; what an earlier try left is gone on from.

    Args:
        entry: which.
        advance: told how many bytes there are, and how many there will be.

    Raises:
        WeightsError: the address cannot be read, leads to a host that is not listed, or gives another file.
    """
    if entry.path.is_file():
        return entry.path
    host = urlsplit(entry.url).hostname or ""
    web = Web((host, *SENT_ON.get(host, ()), *entry.hosts), f"weights {entry.name}", WeightsError)
    came = entry.path.with_name(f".{entry.path.name}.came")
    try:
        web.save(entry.url, came, MOST_BYTES, advance)
    except BenchError as error:
        raise WeightsError(f"{error}; or put the file at {entry.path} yourself") from None
    try:
        found = files.sha256(came)
        if not found.startswith(entry.sha256):
            raise WeightsError(
                f"{entry.url} gave a file of SHA-256 {found[: len(entry.sha256)]}, {entry.name} has {entry.sha256}: it was "
                "changed, or is another; nothing is kept"
            )
        came.replace(entry.path)
    finally:
        came.unlink(missing_ok=True)
    return entry.path
