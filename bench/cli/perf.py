"""`bench perf`: measurements, run by hand and reported; nothing in the tests depends on time."""

import click

from bench.cli.perf_corpus import corpus, landcover
from bench.cli.perf_pretraining import augment, pretrain


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def perf() -> None:
    """Measure the speed of the harness' parts on this machine."""


perf.add_command(corpus)
perf.add_command(landcover)
perf.add_command(augment)
perf.add_command(pretrain)
