"""The `bench` command. Subcommands are imported when they are called, so that `--help` stays quick."""

import importlib
import sys

import click

from bench import __version__
from bench.core.errors import BenchError
from bench.core.stopping import Terminated
from bench.core.texts import visible

# name -> (module:attribute, one-line help); the help stands here so that listing the commands imports none of them.
COMMANDS = {
    "run": ("bench.cli.run:run", "Run a study: pretrain, fine-tune, print and write the table."),
    "pretrain": ("bench.cli.run:pretrain", "Pretrain a study's methods, without fine-tuning."),
    "tune": ("bench.cli.tune:command", "Tune the options of methods, by as many trials for all."),
    "plan": ("bench.cli.plan:plan", "Show what a run would do, what is done, and how long it should take."),
    "prefetch": ("bench.cli.prefetch:command", "Bring what a study reads to this machine, for nodes without network."),
    "table": ("bench.cli.table:table", "Lay out the records of a store as tables."),
    "leaderboard": ("bench.cli.leaderboard:group", "Write the leaderboard page; check committed records."),
    "submit": ("bench.cli.submit:submit", "Pack a store's results as one archive that proves itself."),
    "verify": ("bench.cli.verify:command", "Look for damaged records in a store; exit 1 when there is one."),
    "store": ("bench.cli.store:store", "Say what a store holds, and delete what nothing needs any more."),
    "compare": ("bench.cli.compare:command", "Compare our scores with a paper's, protocol by protocol."),
    "stats": ("bench.cli.stats:command", "Say how sure the differences between methods are."),
    "verdict": ("bench.cli.verdict:command", "Answer the questions of a store, a sentence each."),
    "axes": ("bench.cli.axes:command", "Say what explains scores: data, architecture, algorithm, budget or seeds."),
    "report": ("bench.cli.report:command", "Write the answers of a store as a page with forest plots."),
    "calibrate": ("bench.cli.calibrate:command", "Measure what the intervals err, by simulation."),
    "figures": ("bench.cli.figures:command", "Draw curves, ranking, heat map and predictions of a store."),
    "labels-to-match": ("bench.cli.labels_to_match:command", "Say how many labels a method saves against a reference."),
    "corpus": ("bench.cli.corpus:corpus", "Build and look at a pretraining corpus."),
    "data": ("bench.cli.data:data", "List downstream data sets, prepare them, check them."),
    "products": ("bench.cli.products:products", "List the land-cover products that a corpus can be built from."),
    "methods": ("bench.cli.listing:methods", "List the pretraining methods and their options."),
    "backbones": ("bench.cli.listing:backbones", "List the networks that can be pretrained."),
    "weights": ("bench.cli.weights:weights", "List pretrained weights; export them for other libraries."),
    "import": ("bench.cli.importing:command", "Copy the scores of another benchmark beside a store's records."),
    "probe": ("bench.cli.probe:probe", "Say how good frozen features are, and whether they beat random ones."),
    "tasks": ("bench.cli.listing:tasks", "List the tasks and their protocols."),
    "heads": ("bench.cli.listing:heads", "List what stands on a network, and the options of each head."),
    "engines": ("bench.cli.listing:engines", "List where jobs can run, and the options of each."),
}


class LazyGroup(click.Group):
    """A click group that imports a subcommand's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `COMMANDS`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None for an unknown name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table above."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bench")
def cli() -> None:
    """Compare ways of pretraining networks for remote sensing."""


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2, Ctrl-C is 130."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.UsageError as error:
        error.show()
        code = 2
    except click.ClickException as error:
        click.echo(f"bench: {visible(error.format_message())}", err=True)
        code = 2
    except BenchError as error:
        click.echo(f"bench: {visible(str(error))}", err=True)
        code = 2
    except Terminated:
        click.echo("bench: told to stop; what is finished is kept, run the same command to go on", err=True)
        code = 0 if sys.argv[1:2] in (["run"], ["pretrain"]) else 143  # a check that was cut short has passed nothing
    except (click.Abort, KeyboardInterrupt):
        click.echo("bench: stopped; what is finished is kept, run the same command to go on", err=True)
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
