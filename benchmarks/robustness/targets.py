"""What is damaged and what reads it: tiny sound files of each kind, each in a folder that its reader takes."""

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.robustness import mutations, readers
from benchmarks.robustness.mutations import Mutator
from benchmarks.robustness.readers import Reader


@dataclass(frozen=True)
class Target:
    """One kind of file.

    Attributes:
        name: of the kind.
        root: a folder in which all is sound.
        file: the one that is damaged, below it.
        damage: how.
        read: reads the folder as commands do; anything but a BenchError is a fault.
        means: what the file's content says; a change of it must not be accepted. None where nothing can tell.
        command: what a user would type, with {} for the file and [] for the folder.
        share: of all mutations.
        accepted: whether the file is before it is damaged.
    """

    name: str
    root: Path
    file: str
    damage: Mutator
    read: Reader
    means: Callable[[bytes], Any] | None = None
    command: tuple[str, ...] = ()
    share: float = 1.0
    accepted: bool = True

    @property
    def path(self) -> Path:
        """Of the file that is damaged."""
        return self.root / self.file


def targets(folder: Path) -> list[Target]:
    """All kinds, with their sound files made below a folder."""
    _write(folder)
    store, prepared, own = folder / "store", folder / "prepared", folder / "own"
    json_, bytes_ = mutations.damage_json, mutations.damage_bytes
    says, whole = readers.json_of, readers.whole_store
    check = ("verify", "--store", "[]")
    inspect = ("weights", "inspect", "{}")
    prepare = ("data", "prepare", "[]/set.yaml", "--source", "[]", "--protocol", "[]/p.yaml", "--out", "[]/cli")
    one = folder / "one"
    return [
        Target("PNG image", one, "a.png", mutations.damage_png, readers.image("a.png")),
        Target("JPEG image", one, "a.jpg", bytes_, readers.image("a.jpg")),
        Target("mask", one, "mask.png", mutations.damage_png, readers.mask("mask.png")),
        Target("COCO file", own, "annotations/instances.json", json_, readers.described, None, prepare),
        Target("VOC file", one, "a.xml", bytes_, readers.voc, share=0.5),
        Target("data set description", own, "set.yaml", mutations.damage_yaml, readers.described, share=0.5),
        Target("GeoTIFF", folder / "scenes", "s.tif", bytes_, readers.scene, share=1.5),
        Target("VRT named .tif", folder / "vrt", "s.tif", bytes_, readers.scene, share=0.25, accepted=False),
        Target("safetensors", one, "w.safetensors", mutations.damage_safetensors, readers.checkpoint("w.safetensors"),
               None, inspect),
        Target("torch checkpoint", one, "w.pth", mutations.damage_zip, readers.checkpoint("w.pth"), None, inspect),
        Target("torch checkpoint, old", one, "w.tar", bytes_, readers.checkpoint("w.tar"), share=0.5),
        Target("weights of a store", store, "weights/w1/backbone.safetensors", mutations.damage_safetensors,
               readers.kept_weights, bytes, share=0.5),
        Target("record", store, "records/k0.json", json_, whole, says, check, share=3.0),
        Target("card of weights", store, "weights/w1/card.json", json_, whole, says, check),
        Target("subset manifest", store, "subsets/s1.json", json_, whole, says, share=0.5),
        Target("questions", store, "questions/" + _name(store / "questions"), json_, whole, share=0.5),
        Target("outcomes", store, "outcomes/k1.npz", bytes_, whole, bytes, share=0.5),
        Target("store.json", store, "store.json", json_, readers.opened_store, share=0.25),
        Target("design sheet", folder / "kinds", "designs/d.json", json_, readers.kinds_of_store, share=0.25),
        Target("grid", folder / "kinds", "grids/g.json", json_, readers.kinds_of_store, share=0.25),
        Target("copied scores", folder / "kinds", "copied/c.json", json_, readers.kinds_of_store, share=0.25),
        Target("study", one, "study.yaml", mutations.damage_yaml, readers.study, None,
               ("plan", "--study", "{}", "--store", "[]/none", "--design"), share=1.5),
        Target("protocol", one, "p.yaml", mutations.damage_yaml, readers.protocol),
        Target("prepared set's index", prepared, "index.json", json_, readers.prepared, says,
               ("data", "verify", "--folder", "[]")),
        Target("prepared set's array", prepared, "class_counts.npy", bytes_, readers.prepared, bytes, share=0.25),
    ]  # fmt: skip


def _name(folder: Path) -> str:
    return next(folder.iterdir()).name


def _write(folder: Path) -> None:
    """Sound files of all kinds."""
    one = folder / "one"
    one.mkdir(parents=True)
    draw = np.random.default_rng(0)
    pixels, mask = draw.integers(0, 255, (48, 48, 3), dtype=np.uint8), draw.integers(0, 3, (48, 48), dtype=np.uint8)
    configs = readers.ROOT / "configs"
    contents = {
        "a.png": _picture(pixels, "PNG"),
        "a.jpg": _picture(pixels, "JPEG"),
        "mask.png": _picture(mask, "PNG"),
        "a.xml": readers.VOC,
        "study.yaml": (configs / "demo.yaml").read_bytes(),
        "p.yaml": (configs / "protocols" / "demo" / "scenes.yaml").read_bytes(),
        **readers.checkpoints(),
    }
    for name, content in contents.items():
        (one / name).write_bytes(content)
    for name, content in (("scenes", readers.geotiff()), ("vrt", readers.VRT)):
        (folder / name).mkdir()
        (folder / name / "s.tif").write_bytes(content)
    readers.pictures(folder / "own")
    protocol = (
        f"extends: {configs / 'protocols' / 'demo' / 'objects.yaml'}\nid: own\ndataset: set\nslices: {{size: 32}}\n"
    )
    (folder / "own" / "p.yaml").write_text(protocol)
    readers.described(folder / "own")
    shutil.move(folder / "own" / "out", folder / "prepared")
    readers.store(folder / "store")
    for place, content in (("designs/d", readers.DESIGN), ("grids/g", readers.GRID), ("copied/c", readers.COPIED)):
        file = folder / "kinds" / f"{place}.json"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)


def _picture(pixels: np.ndarray, form: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()
