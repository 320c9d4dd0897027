"""How the columns of a report are to be read."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.published import IMAGENET
from modernize.report import numbers
from modernize.report.paper import READINGS, reference_rows
from modernize.report.rows import Row, all_contrasts
from modernize.results.study import Study
from modernize.words import plural


def reading_notes(study: Study, rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Say what was measured and published, how it was tested, and which records are not of today."""
    against = ""
    if any(row.before for row in rows):
        what = "the entry named beside it" if any(row.against for row in rows) else "the rung a step was applied to"
        against = f"; delta against {what}, over the seeds both finished"
    notes = [
        ("Measured", f"test top-1 of the last epoch on {study.data}{against}."),
        ("Records", f"named by the footnotes; files in results/{study.name}."),
    ]
    contrasts = all_contrasts(rows)
    if n_tests := sum(one.p_holm is not None for one in contrasts):
        test = (
            "two-sided paired t test of the delta at 5 %, Holm-corrected over the "
            f"{plural(n_tests, 'comparison')} of this {'table' if _one_each(rows) else 'study'}; the intervals are not "
            "corrected."
        )
        notes.append(("Verdict", test))
    notes += published_notes(study, rows)
    if stale := [row.step for row in rows if row.stale]:
        meaning = (
            f"records of {', '.join(stale)} were made when a step meant something else than it does today; run the "
            "study again for current ones."
        )
        notes.append(("Stale", meaning))
    if changed := [row.step for row in rows if row.other_code]:
        meaning = (
            f"the code that trained records of {', '.join(changed)} has changed since; that may have changed their "
            "numbers or not. `modernize run --repeat` trains them again."
        )
        notes.append(("Other code", meaning))
    return tuple(notes)


def _one_each(rows: Sequence[Row]) -> bool:
    return all(len(row.contrasts) < 2 for row in rows)


def published_notes(study: Study, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Say what the published columns hold, and what their verdict is."""
    shown = {row.step: row.published for row in rows if row.published}
    notes = _paper_notes(study.published, rows) if study.published else []
    steps = {row.step for row in rows}
    sources: dict[tuple[str, str], list[str]] = {}
    for one in reference_rows(study):
        if one.step in steps:
            besides = "" if shown[one.step] == one else f" {numbers.published_text(one)}, besides"
            sources.setdefault((one.source, one.data), []).append(f"{one.step}{besides}")
    notes += [("Published", f"{source}, on {data}: {', '.join(of)}.") for (source, data), of in sources.items()]
    if sources and any(one.published_delta is not None for one in all_contrasts(rows)) and not study.published:
        notes.append(("Delta, published", "between values of one source on the same data; not tested."))
    return notes


def _paper_notes(regime: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    rows = [row for row in rows if row.published and row.published.role != "reference"]
    printed = next((row.published.source for row in rows if row.published), "")
    if not printed:
        return []
    what = f"{printed}, {IMAGENET}; delta between printed means, where the paper made the step from the same rung."
    readings = READINGS[regime]
    test = (
        "two-sided Welch test on the printed means and standard deviations, n = 3, Holm-corrected over the "
        f"{len(readings)} deltas of the table that have both: clear at 5 %; borderline if not, but below 10 % "
        "uncorrected."
        if readings
        else "none, the table prints no standard deviations."
    )
    notes = [
        (f"Published {row.step}", f"{row.published.note}.") for row in rows if row.published and row.published.note
    ]
    return [("Published", what), ("Verdict, published", test), *notes]
