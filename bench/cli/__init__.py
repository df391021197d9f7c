"""The `bench` command. Subcommands are imported when they are called, so that `--help` stays quick."""

import importlib
import sys

import click
from click.shell_completion import CompletionItem

from bench import __version__
from bench.cli.again import command_line
from bench.cli.loudness import colour
from bench.cli.mistakes import said
from bench.core import files, terminals
from bench.core.errors import BenchError
from bench.core.stopping import Terminated, interrupted_once
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
    "export": ("bench.cli.export:command", "Export records to MLflow, W&B, Trackio, Parquet or a data set of the hub."),
    "paper": ("bench.cli.paper:command", "Write tables, figures, appendix and references for a LaTeX paper."),
    "watch": ("bench.cli.watch:command", "Look at a running study from any other process."),
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
    "doctor": ("bench.cli.doctor:command", "Check this machine for what a study needs, and say what to do."),
    "completion": ("bench.cli.completion:command", "Print the script by which a shell completes bench's words."),
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

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name from the table above, and options as click does."""
        names = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

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
    terminals.outlive()
    try:
        with interrupted_once():
            code = cli.main(prog_name="bench", standalone_mode=False, color=colour())
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = 2
    except click.UsageError as error:
        click.echo(f"bench: {visible(said(error))}", err=True)
        code = 2
    except click.ClickException as error:
        click.echo(f"bench: {visible(error.format_message())}", err=True)
        code = 2
    except BenchError as error:
        click.echo(f"bench: {visible(str(error))}", err=True)
        code = 2
    except OSError as error:
        trouble = files.trouble(error)
        if trouble is None:
            raise
        click.echo(f"bench: {visible(trouble)}", err=True)
        code = 2
    except Terminated:
        click.echo(
            f"bench: told to stop; what is finished is kept, run the same command to go on: {command_line()}", err=True
        )
        code = 0 if sys.argv[1:2] in (["run"], ["pretrain"]) else 143  # a check that was cut short has passed nothing
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            f"bench: stopped; what is finished is kept, run the same command to go on: {command_line()}", err=True
        )
        code = 130
    sys.exit(code if isinstance(code, int) else 0)
