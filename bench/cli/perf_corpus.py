"""`bench perf landcover` and `bench perf corpus`."""

import json
import tempfile
from pathlib import Path

import click

from bench.errors import BenchError


def _echo(figures: dict[str, object], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        click.echo(f"{name:32} {value:,.3f}" if isinstance(value, float) else f"{name:32} {value}")


@click.command()
@click.option("--side", default=8192, show_default=True, help="Side of the synthetic raster in pixels.")
@click.option("--tiles", default=100_000, show_default=True, help="Footprints of 34 x 34 pixels.")
@click.option("--peer-tiles", default=20_000, show_default=True, help="Of these, how many exactextract counts.")
@click.option("--slow-peer-tiles", default=3_000, show_default=True, help="And how many rasterstats counts.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def landcover(side: int, tiles: int, peer_tiles: int, slow_peer_tiles: int, as_json: bool) -> None:
    """Count land cover under footprints, beside exactextract and rasterstats (development dependencies)."""
    from bench.perf.landcover import measure

    with tempfile.TemporaryDirectory() as folder:
        try:
            figures = measure(Path(folder), side, tiles, peer_tiles, slow_peer_tiles)
        except ModuleNotFoundError as error:
            raise BenchError(f"bench perf landcover needs {error.name}: pip install exactextract rasterstats") from None
    _echo(figures, as_json)


@click.command()
@click.option("--scene", default=8192, show_default=True, help="Side of the synthetic scene in pixels.")
@click.option("--tiles", default=4000, show_default=True, help="Tiles that are read at random.")
@click.option("--folder", type=click.Path(path_type=Path), help="Disk to work on; a temporary folder where not given.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def corpus(scene: int, tiles: int, folder: Path | None, as_json: bool) -> None:
    """Cut, filter, store and read tiles, beside a folder of JPEG files in a torch DataLoader."""
    from bench.perf.corpus import measure

    with tempfile.TemporaryDirectory(dir=folder) as work:
        figures = measure(Path(work), scene, tiles)
    _echo(figures, as_json)
