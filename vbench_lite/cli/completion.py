"""`vbench-lite completion SHELL`: the lines that make a shell complete verbs, options and names."""

from __future__ import annotations

import click

from vbench_lite.cli.exit_codes import FINE

SHELLS = ("bash", "zsh", "fish")
HOW = {
    "bash": 'eval "$(vbench-lite completion bash)"    in ~/.bashrc',
    "zsh": 'eval "$(vbench-lite completion zsh)"     in ~/.zshrc',
    "fish": "vbench-lite completion fish | source     in ~/.config/fish/config.fish",
}


@click.command("completion", epilog="\b\n" + "\n".join(HOW.values()))
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Print what makes SHELL complete the words of vbench-lite with the tab key."""
    from click.shell_completion import get_completion_class

    from vbench_lite.cli.main import PROGRAM, app

    made = get_completion_class(shell)
    assert made is not None  # SHELLS are those that click knows
    click.echo(made(app, {}, PROGRAM, "_VBENCH_LITE_COMPLETE").source())
    return FINE
