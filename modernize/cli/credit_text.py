"""What an attribution found, as the command line prints it."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.cli.console import say, say_prose, say_table
from modernize.cli.layout import columns
from modernize.report.credit import credits_in, effect_text, effect_verdict, reading
from modernize.report.rows import Row
from modernize.results.study import Study


def print_credit(study: Study, rows: Sequence[Row]) -> None:
    """Print what each step of a study earns, and a plain-words reading.

    Args:
        study: The plan.
        rows: At least one of them with a record.
    """
    found, metric, n_seeds = credits_in(study, rows), study.metric, len(study.seeds)
    say(f"change of {metric.label}", "bold")
    cells = [
        (
            one.player.name,
            *(effect_text(e, n_seeds, metric.digits) for e in (one.in_order, one.shapley, one.left_out, one.added)),
            effect_verdict(one.shapley, metric),
        )
        for one in found.players
    ]
    heads = ("step", "in order>", "Shapley value>", "left out>", "added>", "Shapley value, verdict...")
    say_table(columns(*heads), cells)
    for line in reading(study, rows, found):
        say_prose("  -", line, indent=5)
