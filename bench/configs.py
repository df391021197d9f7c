"""Where the studies, protocols and land-cover products shipped with the harness lie."""

from pathlib import Path


def folder() -> Path:
    """The `configs` folder: inside an installed wheel, or at the root of a checkout."""
    here = Path(__file__).resolve().parent
    shipped = here / "_configs"
    return shipped if shipped.is_dir() else here.parent / "configs"
