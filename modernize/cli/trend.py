"""`modernize trend`: each step's delta against the one thing in which studies differ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from modernize.cli.choose import split_names
from modernize.cli.console import say, say_json, say_prose, say_table
from modernize.cli.layout import Column
from modernize.cli.options import Json, Out, argument, complete_study, examples, option

EXAMPLES = examples(
    "modernize trend laptop-shapes-smoke-7-epochs laptop-shapes-smoke laptop-shapes-smoke-28-epochs",
    "modernize trend probe-length-smoke",
)


def trend(
    studies: Annotated[
        list[str], argument("STUDY...", "Studies under results/, or their folders; one may do.", complete_study)
    ],
    formats: Annotated[
        str,
        option("--format", "Files to write: of md, html, latex, csv and json, separated by commas.", "F,..."),
    ] = "md",
    out: Out = Path(),
    json: Json = False,
) -> None:
    """Draw each step's delta with its interval against the budget: epochs, images, width, stem stride, learning rate.

    The studies differ in one thing alone, whatever that is, as their records tell; others are refused with what else
    differs. One study does where it makes the same change at several values of one thing, as `probe-length` does.
    """
    from modernize.report.trend import axis_name
    from modernize.report.trend import trend as find_trend
    from modernize.report.trend_page import notes, trend_json, trend_table, write_trend

    found = find_trend(studies, out / "results")
    written = write_trend(found, out / "reports", split_names(formats))
    if json:
        say_json(trend_json(found))
        return
    say(f"Steps against {axis_name(found.axis)}", "bold")
    shown = trend_table(found)
    heads = [Column(column.name, right=column.number) for column in shown.columns]
    say_table(heads, [[cell.text for cell in row] for row in shown.rows])
    for line in notes(found):
        say_prose("", line, style="dim")
    for path in written:
        say(str(path))
