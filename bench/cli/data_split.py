"""`bench data split`: the files of one part of a protocol's split, as the public layout names them."""

from pathlib import Path

import click

from bench.cli import as_json as document
from bench.cli import completing, options
from bench.cli.options import FOLDER
from bench.core.errors import DataError


@click.command()
@click.argument("protocol_id", metavar="PROTOCOL", shell_complete=completing.protocol)
@click.option("--part", type=click.Choice(["train", "val", "test"]), required=True, help="The part that is listed.")
@click.option("--folder", type=FOLDER, help="The prepared set, where it is not in the data folder.")
@options.as_json
def split(protocol_id: str, part: str, folder: Path | None, as_json: bool) -> None:
    """Print the image files of one part of PROTOCOL's split, one a line, such as `AnnualCrop/AnnualCrop_1.jpg`."""
    from bench.studies.inputs import Inputs, one_protocol
    from tasks.protocols import load_protocol
    from tasks.splits import parts_of

    protocol = load_protocol(protocol_id)
    data = Inputs(lambda text: click.echo(text, err=True)).dataset(one_protocol(protocol, folder), protocol)
    parts = parts_of(protocol, data)
    listed: list[int] = getattr(parts, part)
    if not listed:
        raise DataError(f"protocol {protocol.id} has no {part} part: choose another --part")
    others = {data.sources[at] for each in (parts.train, parts.val, parts.test) if each is not listed for at in each}
    shared = len(others & {data.sources[at] for at in listed})
    if shared and not as_json:
        click.echo(
            f"{shared:,} of these images have slices in another part too: {protocol.id} divides slices", err=True
        )
    images = data.originals(listed)
    if as_json:
        document.echo({"protocol": protocol.id, "part": part, "in_another_part_too": shared, "images": images})
    else:
        click.echo("\n".join(images))
