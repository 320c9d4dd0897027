"""The typer application: commands in the order of a user's work."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Annotated

import typer

from modernize.cli.options import examples, exit_codes
from modernize.version import __version__

COMMANDS = (
    *("steps", "show", "diff", "cost", "verify", "data", "studies", "run", "weights", "predict", "report", "compare"),
    *("quiz", "slides", "seminar"),
)
"""Each is the function of a module of its own, by the same name."""

Abort = typer.Abort
UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises where the command line itself is wrong."""

app = typer.Typer(
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

for name in COMMANDS:
    module = import_module(f"modernize.cli.{name}")
    app.command(name, short_help=module.SHORT_HELP, epilog=module.EXAMPLES)(getattr(module, name))


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
