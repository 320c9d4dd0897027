"""`modernize report`: from records to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modernize.cli.options import Out, complete_study, examples


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report", short_help="Write the report of a study again from its records.", epilog=EXAMPLES)(report)


EXAMPLES = examples("modernize report", "modernize report --format csv,json")


def report(
    study: Annotated[
        str,
        typer.Argument(
            metavar="STUDY",
            help="A folder under results/; not needed where there is only one.",
            autocompletion=complete_study,
            show_default=False,
        ),
    ] = "",
    formats: Annotated[
        str, typer.Option("--format", help="Of md (with figures), csv and json, separated by commas.", metavar="F,...")
    ] = "md",
    out: Out = Path(),
) -> None:
    """Write the report of a study from its records, into reports/STUDY.

    Prints the files written. The same records give the same bytes.
    """
    from modernize.cli.choose import split_names
    from modernize.cli.console import say
    from modernize.report import write_report

    chosen = split_names(formats) or ("md",)
    for path in write_report(out / "results", out / "reports", study or None, chosen):
        say(str(path))
