"""The typer application: commands in the order of a user's work."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from modernize.cli.options import examples, exit_codes
from modernize.version import __version__

COMMANDS = {
    "steps": "List the steps in the paper's order, and the probes.",
    "show": "Show a step: why, spec change, cost, published row, block.",
    "diff": "Compare two rungs: spec and cost.",
    "cost": "Count MACs, parameters and activations, exactly.",
    "verify": "Check costs, networks and weights against others.",
    "data": "List data sets, describe one, preview a grid of it.",
    "studies": "List the built-in studies, or show one.",
    "run": "Train every rung, record, and report.",
    "status": "Say how far a study's runs are, here or on a cluster.",
    "cancel": "Take a study's jobs out of a cluster's queue.",
    "attribute": "Share out a ladder's gain among its steps.",
    "finetune": "Train trained networks on for other images.",
    "results": "List records, export them as a table, merge several machines'.",
    "weights": "List the weights that runs left, or free their space.",
    "predict": "Say what networks take pictures for.",
    "export": "Write a trained network for use elsewhere.",
    "features": "Compute what a network makes of images before it classifies.",
    "transfer": "Fit classic classifiers to a network's features.",
    "diversity": "Measure how alike the channels of trained networks are.",
    "inside": "Look inside a study's trained networks: fields, likeness, gains.",
    "bench": "Measure what networks cost in practice: images/s, latency, memory.",
    "report": "Write reports again from their records.",
    "compare": "Compare two studies rung by rung.",
    "trend": "Draw each step's delta against epochs, images, width, ...",
    "quiz": "Predict what each step does, then see.",
    "slides": "Write a deck to present, one HTML file.",
    "seminar": "Write slides, handout and notebook.",
}
"""What each does, in a line; it is the function, by the same name, of a module of its own."""

Abort = typer.Abort
UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises where the command line itself is wrong."""


class Commands(TyperGroup):
    """Imports the one command that is called: all together take longer than most commands themselves."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": dict.fromkeys(COMMANDS)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Make a command of its module's function."""
        if cmd_name in COMMANDS and self.commands[cmd_name] is None:
            module = import_module(f"modernize.cli.{cmd_name}")
            alone = typer.Typer(add_completion=False, rich_markup_mode=app.rich_markup_mode)
            alone.command(cmd_name, short_help=COMMANDS[cmd_name], epilog=module.EXAMPLES)(getattr(module, cmd_name))
            self.commands[cmd_name] = get_command(alone)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - as it is called
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=Commands,
    help="From ResNet-50 to ConvNeXt one change at a time: build, cost, train and report every rung.",
    epilog=exit_codes() + examples("modernize show depthwise", "modernize run --upto ln"),
    rich_markup_mode=None,  # rich's help takes three times as long and draws boxes into pipes
    pretty_exceptions_show_locals=False,
    no_args_is_help=True,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "token_normalize_func": lambda name: "start" if name == "from" else name,  # --from, as it was called
    },
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"modernize {__version__}")
        raise typer.Exit


@app.callback()
def modernize(
    version: Annotated[  # noqa: ARG001 - seen to before this is called
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Draw into files alone, whatever is inherited: a notebook's backend need not be installed where a command runs."""
    os.environ["MPLBACKEND"] = "agg"


def usage_line(error: Exception) -> str:
    """Say in one line, as our own errors do, what is wrong with the command line; "" where its help has said it."""
    message, context = str(getattr(error, "format_message", error.__str__)()), getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(message, err=True)
        return ""
    message = " ".join(message.split())
    end = "" if message.endswith((".", "?")) else "."
    where = f" See `{context.command_path} --help`." if context else ""
    return f"{message[:1].lower()}{message[1:]}{end}{where}"
