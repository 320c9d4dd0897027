"""`modernize compare`: two studies rung by rung."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from modernize.cli.choose import split_names
from modernize.cli.console import say, say_json, say_prose, say_table
from modernize.cli.layout import Column, columns
from modernize.cli.options import Json, Out, argument, complete_study, examples, option

_HELP = "A results folder, a study's folder, or a study under results/."

EXAMPLES = examples("modernize compare laptop-a laptop-b", "modernize compare results ../other/results --format md,csv")


def compare(
    a: Annotated[str, argument("A", _HELP, complete_study, default=True)],
    b: Annotated[str, argument("B", _HELP, complete_study, default=True)],
    study: Annotated[
        str,
        option("--study", "The study, in folders that hold several.", "NAME", complete_study, default=False),
    ] = "",
    formats: Annotated[
        str,
        option(
            "--format",
            "Also write files: of md, html, latex, csv and json, separated by commas.",
            "F,...",
            default=False,
        ),
    ] = "",
    out: Out = Path(),
    json: Json = False,
) -> None:
    """Compare two studies rung by rung: two machines, two budgets, two branches.

    What differs between them comes first. Differences are B minus A, with 95 % intervals, Holm-corrected verdicts, and
    pairs by seed where data and budget are the same. Studies of different data are compared by the deltas of their
    steps only.
    """
    from modernize.report.comparison import compare as compare_sides
    from modernize.report.comparison import load_sides
    from modernize.report.comparison_page import comparison_json, notes, rungs_table, write_comparison

    found = compare_sides(*load_sides(a, b, study, out / "results"))
    written = write_comparison(found, out / "reports", split_names(formats))
    if json:
        say_json(comparison_json(found))
        return
    say(f"A: {found.a.label}, {len(found.a.records)} runs; B: {found.b.label}, {len(found.b.records)} runs", "bold")
    say("\nWhat differs", "bold")
    if found.differs:
        say_table(columns("what", "A", "B..."), found.differs)
    say_prose("", f"The same on both sides: {', '.join(found.same) or 'nothing'}.", style="dim")
    table = rungs_table(found)
    metric = found.a.study.metric
    heading = metric.heading + metric.in_unit if found.quantity == "value" else "Deltas of the steps, points"
    say(f"\n{heading}", "bold")
    names = ("step", "A", "B", "B - A", *(column.name for column in table.columns[4:]))
    heads = [Column(name, right=column.number) for name, column in zip(names, table.columns, strict=True)]
    say_table(heads, [[cell.text for cell in row] for row in table.rows])
    for line in notes(found):
        say_prose("", line, style="dim")
    for path in written:
        say(str(path))
