"""The tables of a study's report, each with what its columns hold: results, contrasts, sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from modernize.published import IMAGENET, published_rows
from modernize.report import cells, numbers
from modernize.report.paper import READINGS, reference_rows, sign_only_words
from modernize.report.roles import macs_note, noun_of, nouns_of, on_paper_ladder, published_data
from modernize.report.rows import Row, all_contrasts, chosen_epoch, records_of
from modernize.report.view import Cell, Paragraph, Table, table
from modernize.results.study import Study
from modernize.studies.controls import CONTROL
from modernize.words import macs_unit, plural, signed

Notes = list[tuple[str, str]]

USUAL = "the rung a step was applied to"
"""What a delta is against where nothing else is said."""

WARNINGS = ("Stale", "Other code")
"""Of the notes to a table, those that nobody may miss."""


def rungs_table(study: Study, rows: Sequence[Row], keys: Mapping[str, str]) -> Table:
    """The main table: the result of every row, its delta where it is compared, and what is published of it.

    Args:
        study: The plan.
        rows: Of the study.
        keys: Key of each row's footnote.
    """
    metric = study.metric
    word, printed, paper = noun_of(rows), published_data(study, rows), bool(study.published)
    several = len(printed) > 1
    deltas = word == "rung" or any(row.before for row in rows)
    deltas_published = paper or any(row.published_delta is not None for row in rows)
    what = f"{metric.heading} of every {word}, measured{' and published' if printed else ''}"
    against = "the rung before" if word == "rung" else "what it is compared with"
    return table(
        "rungs",
        f"{what}{f', and the change against {against}' if deltas else ''}.",
        rows,
        ("step", cells.step) if word == "rung" else ("entry", cells.entry),
        ("role", cells.role) if word != "rung" else None,
        (f"{metric.title} measured{metric.in_unit}>", lambda row: cells.measured(study, row)),
        ("delta measured>", cells.delta_measured) if deltas else None,
        ("verdict", cells.verdict_measured) if deltas else None,
        ("equivalence", cells.equivalence_measured) if deltas and study.equivalence_margin else None,
        (f"top-1 published ({', '.join(printed)}), %>", lambda row: cells.top1_published(row, several=several))
        if printed
        else None,
        ("delta published>", cells.delta_published) if deltas_published else None,
        ("verdict, published", cells.verdict_published) if paper else None,
        ("runs", lambda row: cells.runs(row, keys[row.step])),
        narrow=True,
    )


def reading_notes(study: Study, rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Say what was measured and published, how it was tested, and which records are not of today."""
    against = ""
    if any(row.before for row in rows):
        named = [bool(row.against) for row in rows if row.before]
        kinds = [text for there, text in ((not all(named), USUAL), (any(named), "the entry named beside it")) if there]
        against = f"; delta against {', or '.join(kinds)}, over the seeds both finished"
    n_tests = sum(one.p_holm is not None for one in all_contrasts(rows))
    one_each = all(len(row.contrasts) < 2 for row in rows)
    stale, changed = (_named(rows, kind) for kind in ("stale", "other_code"))
    found: Notes = [
        ("Measured", f"test {study.metric.title} of {chosen_epoch(records_of(rows))} on {study.data}{against}."),
        ("Records", f"named among the sources; files in results/{study.name}."),
    ]
    if any(row.planned.role == "control" and row.step.endswith(CONTROL) for row in rows):
        what = "the rung before a step, merely wider, or where the step itself widens merely deeper, until it costs as"
        found.append(("Control", f"{what} much as the step: found by arithmetic, whether it trains well or not."))
    if n_tests:
        over = f"{plural(n_tests, 'comparison')} of this {'table' if one_each else 'study'}"
        test = f"two-sided paired t test of the delta at 5 %, Holm-corrected over the {over}; the intervals are not"
        rounds = " Seeds came in rounds, see Methods." if study.rounds else ""
        found.append(("Verdict", f"{test} corrected.{rounds}"))
    if n_tests and study.equivalence_margin:
        within = f"within {study.metric.difference(study.equivalence_margin)}, the margin that this study states"
        test = "two one-sided paired t tests at 5 %, Holm-corrected as the verdicts are"
        found.append(("Equivalence", f"{within}: {test}. Not distinguishable is not the same as the same."))
    found += published_notes(study, rows)
    if stale:
        meaning = "were made when a step meant something else than it does today; run the study again for current ones."
        found.append(("Stale", f"records of {stale} {meaning}"))
    if changed:
        meaning = "has changed since; that may have changed their numbers or not. modernize run --repeat trains them"
        found.append(("Other code", f"the code that trained records of {changed} {meaning} again."))
    return tuple(found)


def _named(rows: Sequence[Row], kind: str) -> str:
    """Name the rows with such records, in one word where it is all of them."""
    found = [row.step for row in rows if getattr(row, kind)]
    return f"all {len(found)} {nouns_of(rows)}" if len(found) == len(rows) > 2 else ", ".join(found)


def published_notes(study: Study, rows: Sequence[Row]) -> Notes:
    """Say what the published columns hold, and what their verdict is."""
    shown = {row.step: row.published for row in rows}
    found = _paper_notes(study.published, rows) if study.published else []
    sources: dict[tuple[str, str], list[str]] = {}
    for one in reference_rows(study):
        if one.step in shown:
            besides = "" if shown[one.step] == one else f" {numbers.published_text(one)}, besides"
            sources.setdefault((one.source, one.data), []).append(f"{one.step}{besides}")
    found += [("Published", f"{source}, on {data}: {', '.join(of)}.") for (source, data), of in sources.items()]
    if sources and any(one.published_delta is not None for one in all_contrasts(rows)) and not study.published:
        found.append(("Delta, published", "between values of one source on the same data; not tested."))
    return found


def _paper_notes(regime: str, rows: Sequence[Row]) -> Notes:
    printed = [row.published for row in rows if row.published and row.published.role != "reference"]
    if not printed:
        return []
    n_probes = sum(row.step in READINGS[regime] for row in published_rows(regime) if not row.adopted)
    what = "delta between printed means, where the paper made the step from the same rung."
    test = (
        "two-sided Welch test on the printed means and standard deviations, n = 3, Holm-corrected over the "
        f"{len(READINGS[regime]) - n_probes} adopted steps of the table that have both, the probes by themselves: "
        "clear at 5 %; borderline if not, but below 10 % uncorrected."
        if READINGS[regime]
        else ""
    )
    untested = [row.step for row in rows if row.published_delta is not None and not row.published_reading]
    return [
        ("Published", f"{printed[0].source}, {IMAGENET}; {what}"),
        ("Verdict, published", f"{test} {sign_only_words(regime, untested)}".strip()),
        *((f"Published {row.step}", f"{row.note}.") for row in printed if row.note),
    ]


def contrasts_table(rows: Sequence[Row]) -> Table:
    """Every pair of entries that the study compares."""
    found = all_contrasts(rows)
    by_name = {row.step: row for row in rows}
    published = any(one.published_delta is not None for one in found)
    return table(
        "contrasts",
        "Every contrast of the study: paired difference, and its verdict corrected over all of them.",
        found,
        ("entry", lambda one: Cell(by_name[one.entry].label, rung=one.entry)),
        ("against", lambda one: Cell(by_name[one.before].label, rung=one.before)),
        ("delta measured>", lambda one: cells.delta_of(one, len(by_name[one.entry].planned.run_ids))),
        ("verdict", cells.verdict_measured),
        ("equivalence", cells.equivalence_measured) if any(one.margin for one in found) else None,
        ("delta published>", lambda one: Cell(signed(one.published_delta), value=one.published_delta))
        if published
        else None,
    )


def sizes(study: Study, rows: Sequence[Row]) -> Iterable[Table | Paragraph]:
    """Cost and speed of every row, and what they are counts of."""
    (unit_name, unit), size = macs_unit(row.planned.macs for row in rows), study.image_size
    yield table(
        "sizes",
        f"Multiply-accumulates, parameters and training speed of every {noun_of(rows)}.",
        rows,
        _first(rows),
        (f"{unit_name}>", lambda row: cells.macs(row, unit, size)),
        ("parameters>", lambda row: cells.params(row, size)),
        ("images/s>", cells.speed),
    )
    name = 'the paper\'s "FLOPs"; ' if on_paper_ladder(study, rows) else ""
    others = sum(record.status == "finished" for record in records_of(rows)) - sum(row.num_timed for row in rows)
    left_out = f" on one machine alone, used in one way; {plural(others, 'run')} on others left out, see Methods"
    yield Paragraph(
        f"{unit_name}: multiply-accumulates of convolutions and classifier at {size} px ({name}norms and activations "
        f"not counted).{macs_note(rows)} Images/s: training, mean over the runs{left_out if others else ''}."
    )


def _first(rows: Sequence[Row]) -> tuple[str, Callable[[Row], Cell]]:
    return ("step" if noun_of(rows) == "rung" else "entry"), cells.step
