"""`bench methods augmentations`: what the views of each row are made of, and what its loss needs of them."""

import click

import methods
from bench.cli import as_json as document
from bench.cli import completing, options
from bench.pretraining.options import PretrainOptions, TrainingOptions
from bench.pretraining.views import COLUMNS, describe

Rows = dict[str, dict[str, str]]


@click.command()
@click.option(
    "--study",
    help="Name or file of a study: its rows with their options, in place of all methods.",
    shell_complete=completing.studies,
)
@click.option(
    "--views", type=click.Choice(["paper", "common"]), help="In place of the study's; `paper` without a study."
)
@options.as_json
def augmentations(study: str | None, views: str | None, as_json: bool) -> None:
    """Print the table method x augmentation, from the recipes that are used in training."""
    rows = {
        name: {"views": used.views if isinstance(used, TrainingOptions) else "-", **describe(used.augmentation())}
        for name, used in _options(study, views).items()
    }
    click.echo(document.text(rows) if as_json else _markdown(rows))


def _options(study: str | None, views: str | None) -> dict[str, PretrainOptions]:
    """The options of each row of a study, or of each method that trains, by name."""
    if study is None:
        trained = {name: spec for name, spec in methods.registry.all().items() if spec.trains}
        asked = {"views": views or "paper"}
        return {name: spec.options.model_validate({**spec.defaults, **asked}) for name, spec in trained.items()}
    from bench.studies.loading import load_study

    loaded = load_study(study, {"views": views} if views else {})
    return {row.name: loaded.options_of(row) for row in loaded.rows()}


def _markdown(rows: Rows) -> str:
    """One line a row; a bar inside a name would end its column."""
    lines = [("row", "views", *COLUMNS), ("---",) * (len(COLUMNS) + 2)]
    lines += [(name.replace("|", "\\|"), *texts.values()) for name, texts in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
