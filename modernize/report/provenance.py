"""Where each number comes from, in words: the records behind a measured one, the table behind a published one."""

from __future__ import annotations

from collections.abc import Iterable

from modernize.external import CONVENTION
from modernize.published import IMAGENET, PublishedRow
from modernize.report.contrasts import Contrast
from modernize.report.numbers import p_text
from modernize.report.rows import Row
from modernize.results.record import Record
from modernize.results.study import PlannedEntry, Study
from modernize.words import noun

# With more, the first and the last stand for all: the seeds between them are in the folder named beside them.
MOST_IDS = 10


def short_id(record: Record) -> str:
    """The digits of a run's id that are in its file's name."""
    return record.run_id[:8]


def record_ids(records: Iterable[Record]) -> str:
    """Name records by short id and seed."""
    named = [f"{short_id(record)} (seed {record.seed})" for record in records]
    return ", ".join(named) if len(named) <= MOST_IDS else f"{named[0]} to {named[-1]}, {len(named):,} records"


def elsewhere(records: Iterable[Record], study: str) -> str:
    """Name the folders of records that another study made, and this one reuses."""
    others = dict.fromkeys(f"results/{record.study}" for record in records if record.study != study)
    return f", of them in {', '.join(others)}" if others else ""


def measured_source(study: Study, row: Row) -> str:
    """Say which runs a mean is over."""
    finished = [record for record in row.records.values() if record.status == "finished"]
    if not finished:
        return ""
    mean = f"mean of the last epochs of {len(finished)} runs" if len(finished) > 1 else "last epoch of one run"
    return f"Measured: {mean}, {_ids(study, finished)}"


def delta_source(one: Contrast) -> str:
    """Say what a difference is between."""
    if one.delta is None:
        return ""
    pairs = f"mean over {one.delta.n} paired seeds" if one.delta.n > 1 else "one seed"
    interval = ", brackets: 95 % t interval, not corrected" if one.delta.low is not None else ""
    return f"Measured: {one.entry} minus {one.before}, {pairs}{interval}"


def verdict_source(one: Row | Contrast) -> str:
    """Say what test a verdict comes from."""
    if one.delta is None or one.delta.p_value is None or one.p_holm is None:
        return ""
    return f"Paired t test: p = {p_text(one.delta.p_value)}, Holm-corrected p = {p_text(one.p_holm)}".replace(
        "= <", "< "
    )


def published_source(row: PublishedRow | None) -> str:
    """Say where a value is printed."""
    return f"Published: {_printed(row)}, {row.data}" if row else ""


def _printed(row: PublishedRow) -> str:
    return row.source if row.role == "reference" and row.label == row.step else f"{row.source}, row '{row.label}'"


def published_delta_source(row: Row) -> str:
    """Say which printed values a published difference is between."""
    if row.published is None or row.published_delta is None:
        return ""
    return f"Published: difference of the means printed for {row.step} and {row.before} in {row.published.source}"


def reading_source(row: Row) -> str:
    """Say what test the verdict on a published difference comes from."""
    reading = row.published_reading
    if reading is None:
        return ""
    return (
        "Computed here from the printed means and standard deviations, n = 3: Welch test, "
        f"p = {p_text(reading.p_value)}, Holm-corrected p = {p_text(reading.p_holm)}"
    ).replace("= <", "< ")


def counted_source(rung: PlannedEntry, image_size: int) -> str:
    """Say how a cost was got."""
    if rung.model:
        return f"{rung.model} at {image_size} px: {CONVENTION}"
    return f"Counted from the spec {rung.fingerprint} at {image_size} px, convolutions and classifier"


def speed_source(row: Row) -> str:
    """Say what a speed is over."""
    return f"Measured: training, mean of {row.num_timed} runs" if row.num_timed > 1 else "Measured: training, one run"


def rung_note(study: Study, row: Row) -> str:
    """Give a rung's sources in one footnote."""
    parts = []
    if row.records:
        parts.append(f"Measured: {_ids(study, list(row.records.values()))}.")
    if row.stale:
        parts.append(f"Stale: {record_ids(row.records[seed] for seed in row.stale)}.")
    if missing := [seed for seed in study.seeds if seed not in row.records]:
        shown = ", ".join(map(str, missing[:MOST_IDS]))
        parts.append(f"Missing: {noun(len(missing), 'seed')} {shown}{', ...' * (len(missing) > MOST_IDS)}.")
    if row.published:
        on = "" if row.published.data == IMAGENET else f", on {row.published.data}"
        parts.append(f"Published: {_printed(row.published)}{on}.")
    return " ".join(parts)


def _ids(study: Study, records: list[Record]) -> str:
    return f"{noun(len(records), 'record')} {record_ids(records)}{elsewhere(records, study.name)}"
