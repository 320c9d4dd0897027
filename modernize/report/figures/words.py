"""What figures say about rungs and runs, in the same words in each."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.report.figures.style import shortened
from modernize.report.rows import Row
from modernize.results.study import Study
from modernize.words import plural


def rung_label(row: Row, longest: int = 20) -> str:
    """Name a row, with its role where it is no rung; one of a long name is cut."""
    if row.label == row.step:
        return shortened(row.step, longest)
    return f"{shortened(row.step, longest - 2 - len(row.planned.role))} ({row.planned.role})"


def setting(study: Study) -> str:
    """Name data and training time, short enough for a title."""
    return f"{shortened(study.data, 16)}, {plural(study.epochs, 'epoch')}"


def verdict(row: Row) -> str:
    """Give in one word why a rung has no measured value."""
    return next(
        (end for end in ("diverged", "failed") if any(r.status == end for r in row.records.values())), "missing"
    )


def stale_notes(rows: Sequence[Row]) -> list[str]:
    """Name the rungs whose records were made with another meaning of their steps than today's."""
    stale = [row.step for row in rows if row.stale]
    return [f"stale records: {shortened(', '.join(stale), 60)}"] if stale else []


def seeds_words(study: Study) -> str:
    """Count the seeds.

    Examples:
        >>> from types import SimpleNamespace
        >>> seeds_words(SimpleNamespace(seeds=(0, 1)))
        '2 seeds'
    """
    return "one seed" if len(study.seeds) == 1 else f"{len(study.seeds)} seeds"
