"""A row's numbers as cells: each as it is printed, with what a column is sorted by and where it comes from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from modernize.external import CONVENTION
from modernize.published import IMAGENET, PublishedRow
from modernize.report import numbers
from modernize.report.contrasts import Contrast
from modernize.report.roles import role_text
from modernize.report.rows import Row, chosen_epoch
from modernize.report.view import Cell
from modernize.results.record import Record
from modernize.results.study import Study
from modernize.words import NONE, macs_text, noun, signed

# With more, the first and the last stand for all: the seeds between them are in the folder named beside them.
MOST_IDS = 10


def step(row: Row) -> Cell:
    """Its name; what is no rung is marked."""
    return Cell(row.label, rung=row.step, source=row.planned.title)


def entry(row: Row) -> Cell:
    """Its name alone, where its role stands beside it."""
    return Cell(row.step, rung=row.step, source=row.planned.title)


def role(row: Row) -> Cell:
    """What it is in the study; which network and what is special about it stands among the entries."""
    return Cell(row.planned.role, source=role_text(row))


def measured(study: Study, row: Row) -> Cell:
    """Mean over seeds of the chosen epoch; what it is of is named where that is not the study's metric."""
    if row.value is None:
        return Cell(NONE)
    finished = [row.records[seed] for seed in row.finished]
    epoch = chosen_epoch(finished).removeprefix("the ")
    several = f"mean of the {epoch.replace('epoch', 'epochs')} of {row.value.n} runs"
    mean = several if row.value.n > 1 else f"{epoch} of one run"
    source = f"Measured: {mean}, {_named(study, finished)}"
    metric = row.planned.metric
    other = "" if metric == study.metric else f"{metric.label}: "
    return Cell(f"{other}{numbers.mean_text(row.value, metric.digits)}", value=row.value.mean, source=source)


def delta_measured(row: Row) -> Cell:
    """Change against what it is compared with first; named where that is not the rung before."""
    cell = delta_of(row.contrast, len(row.planned.run_ids))
    return replace(cell, text=f"{cell.text} vs {row.against}") if row.against and row.delta else cell


def delta_of(one: Contrast, n_seeds: int) -> Cell:
    """Paired difference of a contrast."""
    if one.delta is None:
        return Cell(NONE)
    pairs = f"mean over {one.delta.n} paired seeds" if one.delta.n > 1 else "one seed"
    interval = ", brackets: 95 % t interval, not corrected" if one.delta.low is not None else ""
    return Cell(
        numbers.delta_text(one.delta, n_seeds, one.metric.digits),
        value=one.delta.mean,
        source=f"Measured: {one.entry} minus {one.before}, {pairs}{interval}",
    )


def verdict_measured(one: Row | Contrast) -> Cell:
    """What the test of the change says."""
    p_value = one.delta.p_value if one.delta else None
    return Cell(one.verdict or NONE, source=_test("Paired t test: ", p_value, one.p_holm))


def equivalence_measured(one: Row | Contrast) -> Cell:
    """What the test of equivalence says."""
    contrast = one.contrast if isinstance(one, Row) else one
    p_value = contrast.tests.p_equivalence if contrast.tests else None
    how = "" if p_value is None else f"Two one-sided paired t tests: Holm-corrected p {_equals(p_value)}"
    return Cell(contrast.equivalence or NONE, source=how)


def top1_published(row: Row, *, several: bool = False) -> Cell:
    """As printed, in percent; with its data where the column has values on several."""
    if row.published is None:
        return Cell(NONE)
    text = numbers.published_text(row.published) + (f", {row.published.data}" if several else "")
    return Cell(text, value=row.published.top1_percent, source=_published(row.published))


def delta_published(row: Row) -> Cell:
    """Difference of the printed means, in points."""
    source = ""
    if row.published and row.published_delta is not None:
        source = f"Published: difference of the means printed for {row.step} and {row.before} in {row.published.source}"
    other = f" vs {row.against}" if row.against and row.published_delta is not None and row.delta is None else ""
    return Cell(f"{signed(row.published_delta)}{other}", value=row.published_delta, source=source)


def verdict_published(row: Row) -> Cell:
    """What the test of the printed difference says."""
    how = "Computed here from the printed means and standard deviations, n = 3: Welch test, "
    reading = row.published_reading
    source = _test(how, reading.p_value, reading.p_holm) if reading else ""
    return Cell(numbers.published_verdict(row), source=source)


def gmacs_published(row: Row, note: str = "") -> Cell:
    """As printed; one that is inconsistent in its source is marked, with the footnote of this key."""
    if row.published is None or not row.published.gmacs_text:
        return Cell(NONE)
    doubtful = bool(row.published.anomaly)
    return Cell(
        row.published.gmacs_text,
        value=row.published.gmacs,
        source=_published(row.published),
        note=note if doubtful else "",
        bad=doubtful,
    )


def macs(row: Row, unit: float, image_size: int) -> Cell:
    """Multiply-accumulates, in units of so many."""
    return Cell(macs_text(row.planned.macs, unit), value=row.planned.macs, source=_counted(row, image_size))


def gmacs(row: Row, image_size: int) -> Cell:
    """Multiply-accumulates in units of 10^9, with one digit more than papers print."""
    return Cell(f"{row.gmacs:.3f}", value=row.gmacs, source=_counted(row, image_size))


def params(row: Row, image_size: int) -> Cell:
    """Number of parameters."""
    return Cell(f"{row.planned.num_params:,}", value=row.planned.num_params, source=_counted(row, image_size))


def speed(row: Row) -> Cell:
    """Training images a second."""
    runs_timed = f"mean of {row.num_timed} runs" if row.num_timed > 1 else "one run"
    source = f"Measured: training, {runs_timed}" if row.num_timed else ""
    return Cell(numbers.speed_text(row.images_per_second), value=row.images_per_second, source=source)


def runs(row: Row, note: str = "") -> Cell:
    """How its runs ended, with the footnote of this key."""
    return Cell(numbers.runs_text(row), note=note, bad=row.status != "finished" or bool(row.stale))


def sources(study: Study, row: Row) -> str:
    """Give a row's sources in one footnote: its records, what is missing of them, and where it is printed."""
    parts = []
    if row.records:
        parts.append(f"Measured: {_named(study, list(row.records.values()))}.")
    if row.stale:
        parts.append(f"Stale: {_ids([row.records[seed] for seed in row.stale])}.")
    if missing := [seed for seed in study.seeds[: row.num_wanted] if seed not in row.records]:
        shown = ", ".join(map(str, missing[:MOST_IDS]))
        parts.append(f"Missing: {noun(len(missing), 'seed')} {shown}{', ...' * (len(missing) > MOST_IDS)}.")
    if row.published:
        on = "" if row.published.data == IMAGENET else f", on {row.published.data}"
        parts.append(f"Published: {_printed(row.published)}{on}.")
    return " ".join(parts)


def _named(study: Study, records: Sequence[Record]) -> str:
    """Name records, and the folders of those that another study made and this one reuses."""
    others = dict.fromkeys(f"results/{record.study}" for record in records if record.study != study.name)
    elsewhere = f", of them in {', '.join(others)}" if others else ""
    return f"{noun(len(records), 'record')} {_ids(records)}{elsewhere}"


def _ids(records: Collection[Record]) -> str:
    """Name records by seed and the digits of their ids that are in their files' names."""
    named = [f"{record.run_id[:8]} (seed {record.seed})" for record in records]
    return ", ".join(named) if len(named) <= MOST_IDS else f"{named[0]} to {named[-1]}, {len(named):,} records"


def _test(test: str, p_value: float | None, p_holm: float | None) -> str:
    if p_value is None or p_holm is None:
        return ""
    return f"{test}p {_equals(p_value)}, Holm-corrected p {_equals(p_holm)}"


def _equals(p_value: float) -> str:
    return f"= {numbers.p_text(p_value)}".replace("= <", "< ")


def _published(row: PublishedRow) -> str:
    return f"Published: {_printed(row)}, {row.data}"


def _printed(row: PublishedRow) -> str:
    return row.source if row.role == "reference" and row.label == row.step else f"{row.source}, row '{row.label}'"


def _counted(row: Row, image_size: int) -> str:
    if row.planned.model:
        return f"{row.planned.model} at {image_size} px: {CONVENTION}"
    return f"Counted from the spec {row.planned.fingerprint} at {image_size} px, convolutions and classifier"
