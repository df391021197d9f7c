"""Archives, checkpoints, YAML files and rasters that mean harm, given to the commands that take them; all must be refused."""

import io
import os
import pickle
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.robustness.typed import bench, refused


class _Runs:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call, self.arguments


def archives(folder: Path) -> dict[str, list[str]]:
    """Archives as a data set and as a submission."""
    found = {}
    for name, file in _archives(folder).items():
        words = ("data", "prepare", "ucmerced", "--source", file, "--out", folder / "out")
        found[f"archive: {name}"] = refused(bench(*words, folder=folder))
        if file.suffix == ".zip":
            words = ("leaderboard", "accept", file, "--into", folder / "board", "--cells", 0)
            found[f"submission: {name}"] = refused(bench(*words, folder=folder))
    return found


def checkpoints(folder: Path) -> dict[str, list[str]]:
    """Pickles that would run something."""
    import torch

    found = {}
    payloads = {
        "os.system": _Runs(os.system, "touch ran"),
        "eval": _Runs(eval, "open('ran', 'w')"),
        "subprocess": _Runs(subprocess.call, ["touch", "ran"]),
        "open": _Runs(open, "ran", "w"),
        "getattr": _Runs(getattr, os, "system"),
    }
    for name, payload in payloads.items():
        try:
            plain = pickle.dumps({"state_dict": {"conv1.weight": payload}})
            torch.save({"state_dict": {"conv1.weight": torch.zeros(1)}, "more": payload}, folder / "new.pth")
        except (TypeError, pickle.PicklingError):  # what Python itself does not pickle
            continue
        (folder / "plain.pkl").write_bytes(plain)
        for file in ("new.pth", "plain.pkl"):
            found[f"checkpoint: {name} in {file}"] = refused(bench("weights", "inspect", file, folder=folder))
    return found


def tags(folder: Path) -> dict[str, list[str]]:
    """YAML that names Python."""
    found = {}
    named = ("!!python/object/apply:os.system ['touch ran']", "!!python/name:os.system", "!!python/module:os", "!x y")
    for tag in named:
        for file, words in {
            "tagged.yaml": ("plan", "--study", "tagged.yaml"),
            "protocol.yaml": ("data", "subsets", "protocol.yaml"),
            "set.yaml": ("data", "prepare", "set.yaml", "--source", ".", "--out", "out"),
        }.items():
            (folder / file).write_text(f"name: {tag}\nid: {tag}\n")
            found[f"{file}: {tag.split()[0]}"] = refused(bench(*words, folder=folder))
        found[f"--set: {tag.split()[0]}"] = refused(bench("plan", "--set", f"seeds={tag}", folder=folder))
    return found


def rasters(folder: Path) -> dict[str, list[str]]:
    """A VRT under other names, and GDAL's own paths."""
    found = {}
    vrt = (
        '<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:32632</SRS><GeoTransform>0,1,0,0,0,-1</GeoTransform>'
        '<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>/vsicurl/http://127.0.0.1:9/x.tif'
        "</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    for ending in ("tif", "png", "jpg", "jp2", "img"):
        scenes = folder / f"scenes-{ending}"
        scenes.mkdir()
        (scenes / f"a.{ending}").write_text(vrt)
        kind = "--images" if ending in {"png", "jpg"} else "--scenes"
        done = bench("corpus", "build", kind, scenes, "--out", folder / "corpus", "--size", 64, folder=folder)
        found[f"VRT named .{ending}"] = refused(done)
    for place in ("/vsicurl/http://127.0.0.1:9/x.tif", "/vsizip/a.zip/x.tif", "/vsistdin/"):
        done = bench("corpus", "build", "--scenes", place, "--out", folder / "corpus", "--size", 64, folder=folder)
        found[f"scenes at {place}"] = refused(done)
        found[f"checkpoint at {place}"] = refused(bench("weights", "inspect", place, folder=folder))
    return found


def _archives(folder: Path) -> dict[str, Path]:
    """Archives that lie, each in a file of its own."""
    made = {}
    for name, entry in {
        "parent": "../outside",
        "absolute": "/outside",
        "windows": "..\\outside",
        "drive": "C:outside",
    }.items():
        for ending in ("zip", "tar"):
            file = folder / f"{name}.{ending}"
            made[f"{name}.{ending}"] = file
            if ending == "zip":
                with zipfile.ZipFile(file, "w") as archive:
                    archive.writestr(entry, b"x" * 100)
            else:
                with tarfile.open(file, "w") as archive:
                    info = tarfile.TarInfo(entry)
                    info.size = 1
                    archive.addfile(info, io.BytesIO(b"x"))
    for name, kind in {
        "symlink": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE,
        "device": tarfile.CHRTYPE,
        "fifo": tarfile.FIFOTYPE,
    }.items():
        made[f"{name}.tar"] = folder / f"{name}.tar"
        with tarfile.open(made[f"{name}.tar"], "w") as archive:
            info = tarfile.TarInfo("link")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    made["symlink.zip"] = folder / "symlink.zip"
    with zipfile.ZipFile(made["symlink.zip"], "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    made["bomb.zip"] = folder / "bomb.zip"
    with zipfile.ZipFile(made["bomb.zip"], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1 << 28))
    made["bomb.tar.gz"] = folder / "bomb.tar.gz"
    with tarfile.open(made["bomb.tar.gz"], "w:gz") as archive:
        info = tarfile.TarInfo("a")
        info.size = 1 << 28
        archive.addfile(info, io.BytesIO(bytes(1 << 28)))
    return made
