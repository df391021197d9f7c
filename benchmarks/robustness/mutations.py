"""Seeded damage: of bytes, of JSON and YAML trees, of PNG chunks, of the header of safetensors, and of torch's pickles."""

import copy
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import yaml

Mutator = Callable[[bytes, random.Random], bytes]

EXTREMES = (0, -1, 1, 2**31, 2**32, 2**63, 2**64, -(2**63), 10**400, 1e308, -1e308, 1e-320, float("nan"), float("inf"))
TEXTS = ("", " ", "\x00", "\u202e", "../../x", "/etc/passwd", "a" * 70_000, "\n", "null", "1e999", "%s", "{}", "x;y")
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"": None}, [None], "text", 3, 0.5, *TEXTS, *EXTREMES)
DEEP = 20_000
WORDS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def damage_bytes(data: bytes, draw: random.Random) -> bytes:
    """Flip bits, cut, repeat, move or overwrite a piece, one to three times."""
    found = bytearray(data)
    for _ in range(draw.randint(1, 3)):
        if not found:
            break
        at, length = draw.randrange(len(found)), draw.choice((1, 2, 4, 8, 16, 64, 512))
        what = draw.randrange(7)
        if what == 0:
            for _ in range(draw.randint(1, 16)):
                found[draw.randrange(len(found))] ^= 1 << draw.randrange(8)
        elif what == 1:
            del found[at:]
        elif what == 2:
            del found[at : at + length]
        elif what == 3:
            found[at:at] = found[at : at + length] * draw.choice((1, 3, 100))
        elif what == 4:
            other = draw.randrange(len(found))
            found[at : at + length] = found[other : other + length]
        elif what == 5:
            size = draw.choice((1, 2, 4, 8))
            word = draw.choice(WORDS) & ((1 << 8 * size) - 1)
            found[at : at + size] = word.to_bytes(size, draw.choice(("little", "big")))
        else:
            found[at:at] = draw.randbytes(length)
    return bytes(found)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values of a tree, the root first."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in _places(child, (*path, key)))]


def _at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def change_tree(tree: Any, draw: random.Random) -> Any:
    """Change a tree of plain values in one to three places."""
    tree = copy.deepcopy(tree)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        places = [place for place in _places(tree) if place]
        if not places:
            return draw.choice(OTHERS)
        path = draw.choice(places)
        parent, key, what = _at(tree, path[:-1]), path[-1], draw.randrange(8)
        if what <= 2:
            parent[key] = copy.deepcopy(draw.choice(OTHERS))
        elif what == 3:
            del parent[key]
        elif what == 4 and isinstance(parent, dict):
            parent[draw.choice(TEXTS) if draw.random() < 0.5 else f"{key}x"] = parent.pop(key)
        elif what == 5:
            other = draw.choice(places)
            theirs, place = _at(tree, other[:-1]), other[-1]
            parent[key], theirs[place] = copy.deepcopy(theirs[place]), copy.deepcopy(parent[key])
        elif what == 6 and isinstance(parent, list):
            parent *= draw.choice((0, 2, 50))
        elif isinstance(parent[key], int | float) and not isinstance(parent[key], bool):
            parent[key] = parent[key] * draw.choice((-1, 2, 1000)) + draw.choice((0, 1, 0.5))
        else:
            parent[key] = f"{parent[key]}{draw.choice(TEXTS)}"[:80_000]
    return tree


def damage_json(data: bytes, draw: random.Random) -> bytes:
    """Change the tree, now and then its text or its depth."""
    what = draw.random()
    if what < 0.15:
        return damage_bytes(data, draw)
    if what < 0.18:
        inner = draw.choice(("[", '{"a":'))
        return (inner * DEEP).encode()
    if what < 0.2:
        return data.rstrip()[:-1] + b', "deep": ' + b"[" * 900 + b"]" * 900 + b"}"
    return json.dumps(change_tree(json.loads(data), draw), indent=1).encode()


def damage_yaml(data: bytes, draw: random.Random) -> bytes:
    """Change the tree, now and then its text, its depth, its anchors or its tags."""
    what = draw.random()
    if what < 0.15:
        return damage_bytes(data, draw)
    if what < 0.2:
        more = (
            b"\nmore: " + b"[" * 5000 + b"]" * 5000,
            b"\na: &a [x, x, x, x, x, x, x, x, x]\n"
            + b"".join(
                b"%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n" % (c + 1, c + 1, *[c] * 8) for c in range(97, 107)
            ),
            b"\nmore: !!python/object/apply:os.system ['touch ran']\n",
            b"\nmore: &x [*x]\n",
            b"\n<<: 3\n",
            b"\n? [a, b]\n: c\n",
            b"\n? {a: b}\n: c\n",
        )
        return data + draw.choice(more)
    return yaml.safe_dump(change_tree(yaml.safe_load(data), draw), allow_unicode=True).encode("utf-8", "surrogatepass")


def damage_png(data: bytes, draw: random.Random) -> bytes:
    """Damage one chunk of a PNG and put its check sum right, so that a decoder goes on behind it."""
    if draw.random() < 0.4:
        return damage_bytes(data, draw)
    chunks, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    number = draw.randrange(len(chunks))
    name, content = chunks[number]
    chunks[number] = (name, damage_bytes(content, draw) if content else draw.randbytes(8))
    if draw.random() < 0.2:
        chunks.insert(draw.randrange(len(chunks) + 1), draw.choice(chunks))
    return data[:8] + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def damage_safetensors(data: bytes, draw: random.Random) -> bytes:
    """Change the tree of the header and keep its length right."""
    if draw.random() < 0.4:
        return damage_bytes(data, draw)
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(change_tree(json.loads(data[8 : 8 + length]), draw)).encode()
    said = len(header) if draw.random() < 0.8 else draw.choice(WORDS)
    return said.to_bytes(8, "little") + header + data[8 + length :]


def damage_zip(data: bytes, draw: random.Random) -> bytes:
    """Damage one entry of a zip archive that is stored, with sums and sizes put right."""
    if draw.random() < 0.3:
        return damage_bytes(data, draw)
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(written, "w") as new:
        entries = old.infolist()
        # The pickle is what is read; the rest are numbers.
        chosen = (
            next((each for each in entries if each.filename.endswith(".pkl")), None) if draw.random() < 0.7 else None
        )
        chosen = chosen or draw.choice(entries)
        for entry in entries:
            content = old.read(entry)
            new.writestr(entry.filename, damage_bytes(content, draw) if entry is chosen else content)
    return written.getvalue()
