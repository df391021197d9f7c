"""What is installed: Python, the libraries that are required, those that clash, and the optional extras.

Read from the metadata of packages; nothing is imported.
"""

import platform
import re
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from bench.doctor.finding import Finding

PACKAGE = "geokr-bench"
INSTALL = "run `uv pip install -e .` in the checkout, or `uv pip install geokr-bench`"
# Named one by one; all other requirements share a line.
MAIN = {
    "torch": "torch",
    "torchvision": "torchvision",
    "onedl-mmengine": "mmengine",
    "onedl-mmcv": "mmcv",
    "onedl-mmsegmentation": "mmseg",
    "onedl-mmdetection": "mmdet",
    "timm": "timm",
    "lightly": "lightly",
}
# All of them write the folder cv2, and the last one that was installed wins.
OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
ONE_OPENCV = "pip uninstall -y opencv-python && pip install --force-reinstall opencv-python-headless"
# For those who work on the harness.
OF_DEVELOPERS = frozenset({"dev", "mutation"})


def look() -> Iterator[Finding]:
    """Look at all of it."""
    try:
        package = metadata.metadata(PACKAGE)
        required = [Requirement(text) for text in metadata.requires(PACKAGE) or []]
    except (metadata.PackageNotFoundError, InvalidRequirement) as error:
        yield Finding("installation", "fail", f"{PACKAGE} is not installed ({error})", INSTALL)
        return
    yield python(platform.python_version(), package["Requires-Python"] or "")
    core = [each for each in required if each.marker is None or each.marker.evaluate({"extra": ""})]
    yield from libraries(core)
    yield torchvision_fits()
    yield opencv()
    yield from extras(package.get_all("Provides-Extra") or [], required)


def python(version: str, wanted: str) -> Finding:
    """Whether this Python is one that the package is made for."""
    if SpecifierSet(wanted).contains(version, prereleases=True):
        return Finding("python", "ok", version)
    return Finding("python", "fail", f"{version}, wanted is {wanted}", "make a virtual environment with another Python")


def libraries(required: list[Requirement]) -> Iterator[Finding]:
    """Whether what is required is there in a version that is new enough: the main ones one by one."""
    others = 0
    for each in required:
        name = MAIN.get(each.name, each.name)
        version = version_of(each.name)
        if version is None:
            yield Finding(name, "fail", f"{each.name} is not installed", INSTALL)
        elif not each.specifier.contains(version, prereleases=True):
            yield Finding(name, "fail", f"{version}, wanted is {each.specifier}", INSTALL)
        elif each.name in MAIN:
            yield Finding(name, "ok", version)
        else:
            others += 1
    yield Finding("other libraries", "ok", f"{others} as required")


def torchvision_fits() -> Finding:
    """Whether torchvision was built for the torch that is there: its operators load with no other."""
    have = version_of("torch")
    wanted = next((each for each in _requires("torchvision") if each.name == "torch"), None)
    if have is None or wanted is None:
        return Finding("torchvision and torch", "warn", "what belongs together is not known", INSTALL)
    plain = have.partition("+")[0]  # 2.14.0+cpu is the torch that 2.14.0 means
    if wanted.specifier.contains(plain, prereleases=True):
        return Finding("torchvision and torch", "ok", f"{version_of('torchvision')} goes with {have}")
    text = f"torchvision {version_of('torchvision')} wants torch {wanted.specifier}, there is {have}"
    return Finding("torchvision and torch", "fail", text, "install both in one command, from one index")


def opencv() -> Finding:
    """Whether there is one OpenCV alone, and the one without a window system."""
    there = [name for name in OPENCV if version_of(name) is not None]
    if len(there) > 1:
        text = f"{' and '.join(there)} are both installed and overwrite each other"
        return Finding("opencv", "fail", text, ONE_OPENCV)
    if not there:
        return Finding("opencv", "fail", "none is installed", INSTALL)
    if not there[0].endswith("headless"):
        return Finding("opencv", "warn", f"{there[0]} needs the system's X and GL libraries", ONE_OPENCV)
    return Finding("opencv", "ok", f"{there[0]} {version_of(there[0])}")


def extras(names: list[str], required: list[Requirement]) -> Iterator[Finding]:
    """Which optional extras are there."""
    for extra in sorted(set(names) - OF_DEVELOPERS):
        of = [
            each for each in required if each.marker and re.search(rf"""extra == ['"]{extra}['"]""", str(each.marker))
        ]
        here = [each for each in of if each.marker and each.marker.evaluate({"extra": extra})]
        versions = {each.name: version_of(each.name) for each in here}
        if here and all(versions.values()):
            yield Finding(f"extra {extra}", "ok", ", ".join(f"{name} {version}" for name, version in versions.items()))
        elif here:
            yield Finding(f"extra {extra}", "ok", f"absent (optional: uv pip install '{PACKAGE}[{extra}]')")
        else:
            yield Finding(f"extra {extra}", "ok", "not for this Python")


def version_of(name: str) -> str | None:
    """Version of an installed package; None where it is absent, or its metadata is broken."""
    try:
        return metadata.version(name) or None
    except (metadata.PackageNotFoundError, ValueError, KeyError):
        return None


def _requires(name: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in metadata.requires(name) or []]
    except (metadata.PackageNotFoundError, InvalidRequirement):
        return []
