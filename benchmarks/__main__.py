"""`python -m benchmarks`: measurements, run by hand and reported; nothing in the tests depends on time."""

import json
import tempfile
from pathlib import Path

import click

from bench.core.errors import BenchError, StudyError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def benchmarks() -> None:
    """Measure the speed of the harness' parts on this machine."""


@benchmarks.command()
@click.option("--side", default=8192, show_default=True, help="Side of the synthetic raster in pixels.")
@click.option("--tiles", default=100_000, show_default=True, help="Footprints of 34 x 34 pixels.")
@click.option("--peer-tiles", default=20_000, show_default=True, help="Of these, how many exactextract counts.")
@click.option("--slow-peer-tiles", default=3_000, show_default=True, help="And how many rasterstats counts.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def landcover(side: int, tiles: int, peer_tiles: int, slow_peer_tiles: int, as_json: bool) -> None:
    """Count land cover under footprints, beside exactextract and rasterstats (development dependencies)."""
    from benchmarks.landcover import measure

    with tempfile.TemporaryDirectory() as folder:
        try:
            figures = measure(Path(folder), side, tiles, peer_tiles, slow_peer_tiles)
        except ModuleNotFoundError as error:
            raise BenchError(f"benchmark landcover needs {error.name}: pip install exactextract rasterstats") from None
    _echo(figures, as_json)


@benchmarks.command()
@click.option("--scene", default=8192, show_default=True, help="Side of the synthetic scene in pixels.")
@click.option("--tiles", default=4000, show_default=True, help="Tiles that are read at random.")
@click.option("--folder", type=click.Path(path_type=Path), help="Disk to work on; a temporary folder where not given.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def corpus(scene: int, tiles: int, folder: Path | None, as_json: bool) -> None:
    """Cut, filter, store and read tiles, beside a folder of JPEG files in a torch DataLoader."""
    from benchmarks.corpus import measure

    with tempfile.TemporaryDirectory(dir=folder) as work:
        figures = measure(Path(work), scene, tiles)
    _echo(figures, as_json)


@benchmarks.command()
@click.option("--rounds", default=9, show_default=True, help="Turns that each of the two gets; the median counts.")
@click.option("--batch", default=64, show_default=True, help="Views made in one turn.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def augment(rounds: int, batch: int, as_json: bool) -> None:
    """Make SimCLR's views on one core, beside lightly's transform."""
    from benchmarks.augmentation import measure

    _echo(dict(measure(rounds, batch)), as_json)


@benchmarks.command()
@click.option("--methods", default="moco,simclr,byol,dino,vicreg", show_default=True, help="Comma-separated methods.")
@click.option("--rounds", default=5, show_default=True, help="Passes of 4 steps that each makes; the median counts.")
@click.option("--batch", default=128, show_default=True, help="Tiles in a step.")
@click.option("--size", default=64, show_default=True, help="Side of tiles and views, pixels.")
@click.option("--cores", type=click.IntRange(min=1), help="Cores for each; all by default.")
@click.option("--precision", type=click.Choice(["auto", "bf16", "fp32"]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def pretrain(
    methods: str, rounds: int, batch: int, size: int, cores: int | None, precision: str, as_json: bool
) -> None:
    """Train ResNet-18, beside a plain fp32 loop over lightly's transforms, DataLoader and modules."""
    from benchmarks.pretraining import METHODS, measure

    names = tuple(methods.split(","))
    unknown = sorted(set(names) - set(METHODS))
    if unknown:
        raise StudyError(f"benchmark pretrain cannot measure {unknown[0]!r}: choose from {', '.join(METHODS)}")
    _echo(measure(names, rounds, batch, size, precision, cores), as_json)


@benchmarks.command()
@click.option("--subsets", default=5, show_default=True, help="Cells at 10% of the labels; the median counts.")
@click.option(
    "--features", type=click.Path(path_type=Path), help="Write features, classes and parts to this .npz file."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def probes(subsets: int, features: Path | None, as_json: bool) -> None:
    """Probe kept features of 2,100 images as cells on one core, beside scikit-learn on the same features."""
    from benchmarks.probes import measure

    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), subsets, features)
    _echo(figures, as_json)


@benchmarks.command()
@click.option("--task", type=click.Choice(["seg", "det", "cls"]), default="seg", show_default=True)
@click.option("--backbone", default="resnet18", show_default=True, help="Name of the network.")
@click.option("--steps", default=300, show_default=True, help="Of each training.")
@click.option("--rounds", default=2, show_default=True, help="Turns that each gets; the median counts.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def finetune(task: str, backbone: str, steps: int, rounds: int, as_json: bool) -> None:
    """Fine-tune on a demo set, beside MMSegmentation, MMDetection or torchvision's reference loop on PNG files."""
    from benchmarks.finetuning import measure

    _echo(measure(task, backbone, steps, rounds), as_json)


@benchmarks.command()
@click.option("--method", default="geokr", show_default=True, help="Method that is trained.")
@click.option("--backbone", default="timm:test_resnet", show_default=True, help="Name of the network.")
@click.option("--size", default=256, show_default=True, help="Side of tiles and views, pixels.")
@click.option("--batch", default=64, show_default=True, help="Tiles in a step.")
@click.option("--rounds", default=3, show_default=True, help="Turns that each gets; the median counts.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def read(method: str, backbone: str, size: int, batch: int, rounds: int, as_json: bool) -> None:
    """Pretrain on a corpus that is read from the disk, beside one batch that is ready."""
    from benchmarks.reading import measure

    _echo(measure(method, backbone, size, batch, rounds), as_json)


@benchmarks.command()
@click.option("--repeats", default=5, show_default=True, help="Of study leaderboard, 392 cells each.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def overhead(repeats: int, as_json: bool) -> None:
    """What the runner and warm workers take for a cell that does nothing."""
    from benchmarks.cluster import overhead as measure

    _echo(dict(measure(repeats)), as_json)


def _echo(figures: dict[str, object], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            value = ", ".join(f"{part} {each:.2f}" for part, each in value.items())  # noqa: PLW2901
        click.echo(f"{name:24} {value:,.3f}" if isinstance(value, float) else f"{name:24} {value}")


if __name__ == "__main__":
    try:
        benchmarks()
    except BenchError as error:
        raise SystemExit(f"benchmarks: {error}") from None
