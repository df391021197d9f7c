"""`bench completion`: the script by which a shell completes what is typed after `bench`."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_BENCH_COMPLETE"
INSTALL = {
    "bash": "# Install: bench completion bash > ~/.local/share/bash-completion/completions/bench",
    "zsh": "# Install: bench completion zsh > a folder of your $fpath, as the file _bench; or source it in ~/.zshrc",
    "fish": "# Install: bench completion fish > ~/.config/fish/completions/bench.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(INSTALL)))
def command(shell: str) -> None:
    """Print the completion script of SHELL: bash (4.4 or later), zsh or fish. Its first line says how to install it.

    Commands, options and the names of methods, tasks, data sets, protocols, studies and weights are completed.
    """
    from bench.cli import cli

    found = get_completion_class(shell)
    assert found is not None  # click has all three
    script = found(cli, {}, "bench", VARIABLE)
    lines = (script.source_template % script.source_vars()).strip().splitlines()
    # zsh looks at the first line of a file in its path alone.
    at = 1 if lines[0].startswith("#compdef") else 0
    click.echo("\n".join([*lines[:at], INSTALL[shell], *lines[at:]]))
