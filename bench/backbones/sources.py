"""Names of where a backbone's weights start, without importing torch."""

from pathlib import Path

from bench.core.errors import WeightsError
from bench.core.files import sha256
from bench.core.suggest import file_meant

RANDOM = "random"
IMAGENET = "imagenet"
SUFFIXES = (".pth", ".pt", ".safetensors", ".ckpt", ".bin", ".tar", ".pkl")


def identify(init: str) -> str:
    """What stands for a starting point in a key: `random`, `imagenet`, or the hash of a file's content.

    Raises:
        WeightsError: neither of the names nor an existing weights file.
    """
    if init in (RANDOM, IMAGENET):
        return init
    path = Path(init)
    if path.suffix not in SUFFIXES:
        raise WeightsError(f"init={init!r} is not random, imagenet, or a file ending in {', '.join(SUFFIXES)}")
    if not path.is_file():
        near = file_meant(path)
        raise WeightsError(
            f"weights file {path} does not exist{near}: correct the option init or weights that names it"
        )
    return sha256_of(path)


def sha256_of(path: Path) -> str:
    """What stands for a file in a key: the beginning of its content's SHA-256."""
    return "sha256:" + sha256(path)[:32]
