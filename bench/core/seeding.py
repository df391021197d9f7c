"""One seed tree: every random choice has a seed derived by hashing its name, so that none is shared by accident."""

import hashlib


def derive(seed: int, *names: str | int) -> int:
    """Derive a child seed from a parent seed and the names of what it is for.

    Args:
        seed: parent seed.
        names: path of the purpose, for example `("pretrain", 0)`.

    Returns:
        An integer in [0, 2**31), the range every library's seeding accepts.
    """
    text = "/".join(map(str, (seed, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1


def shuffled(names: list[str], seed: int) -> list[int]:
    """Order positions of `names` at random, the same on every machine and library version.

    The order is that of the hashes of seed and name, so it depends on a sample's name and not on its position.
    """
    return sorted(range(len(names)), key=lambda i: hashlib.sha256(f"{seed}/{names[i]}".encode()).digest())
