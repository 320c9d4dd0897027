"""The rows of a report: what was planned, measured and published for each rung, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from modernize.published import PublishedRow, published_rows
from modernize.report.machines import Machine, machine_of, usual_machine
from modernize.report.paper import READINGS, Reading
from modernize.results.record import Record
from modernize.results.sources import changed_since, sources
from modernize.results.stale import Freshness
from modernize.results.statistics import PairedDelta, Summary, holm, paired_delta, summarise
from modernize.results.study import PlannedEntry, Study

# Of the Holm-corrected tests, two-sided.
LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One rung of a study.

    Attributes:
        planned: The rung as planned.
        records: Its runs that ended, by seed.
        top1: Over the seeds that finished; None if none did.
        delta: Against the rung before, over the seeds both finished.
        p_holm: p-value of the delta, Holm-corrected over all tested deltas of the report; None where there is no test.
        before: Entry it is compared with, "" for none.
        published: The published row, None if there is none (a step of one's own).
        published_delta: Difference of the printed means, where the paper made this change to the same rung.
        published_reading: Test of that difference, None where no standard deviations are printed.
        images_per_second: Mean training throughput of the finished runs on the machine that most of the study ran on.
        num_timed: How many runs that mean is over.
        stale: Seeds whose record was made with another meaning of the rung's steps than today's.
        other_code: Seeds whose record was trained by code that has changed since.
    """

    planned: PlannedEntry
    records: Mapping[int, Record]
    before: str
    top1: Summary | None
    delta: PairedDelta | None
    p_holm: float | None
    published: PublishedRow | None
    published_delta: float | None
    published_reading: Reading | None
    images_per_second: float | None
    num_timed: int = 0
    stale: tuple[int, ...] = ()
    other_code: tuple[int, ...] = ()

    @property
    def step(self) -> str:
        """Id of the step."""
        return self.planned.name

    @property
    def adopted(self) -> bool:
        """False for a probe."""
        return self.planned.adopted

    @property
    def gmacs(self) -> float:
        """At the study's image size, the paper's convention."""
        return self.planned.macs / 1e9

    @property
    def status(self) -> str:
        """How its runs ended: "finished", "diverged", "failed", "missing", or a count of each, "2 of 3 finished"."""
        n_seeds = len(self.planned.run_ids)
        ends = [record.status for record in self.records.values()]
        counts: dict[str, int] = {end: ends.count(end) for end in ("finished", "diverged", "failed") if end in ends}
        if len(ends) < n_seeds:
            counts["missing"] = n_seeds - len(ends)
        if len(counts) < 2:
            return next(iter(counts), "missing")
        parts = [f"{number} {end}" for end, number in counts.items()]
        parts[0] = f"{parts[0].split()[0]} of {n_seeds} {parts[0].split()[1]}"
        return ", ".join(parts)

    @property
    def verdict(self) -> str:
        """What the corrected test of the delta says: "better", "worse", or why neither; "" without a delta."""
        if self.delta is None:
            return ""
        if self.delta.n == 1:
            return "one seed: no interval"
        if self.p_holm is None:
            return "equal differences: no interval"
        if self.p_holm >= LEVEL:
            return f"not distinguishable at n={self.delta.n}"
        return "better" if self.delta.mean > 0 else "worse"

    @property
    def finished(self) -> dict[int, float]:
        """Top-1 of the last epoch, in percent, of each seed that finished."""
        return _finished(self.records)


def make_rows(study: Study, records: Iterable[Record]) -> tuple[Row, ...]:
    """Bring a study's plan, its records and the published rows together.

    Args:
        study: The plan.
        records: Records of any runs; those of other runs are left aside.

    Returns:
        One row an entry, in the study's order.
    """
    by_id = _by_run_id(records, study.name)
    ended = {
        entry.name: {
            seed: by_id[run_id] for seed, run_id in zip(study.seeds, entry.run_ids, strict=False) if run_id in by_id
        }
        for entry in study.entries
    }
    usual = usual_machine(record for of_entry in ended.values() for record in of_entry.values())
    freshness = Freshness()
    published = published_of(study)
    rows = [_row(entry, study, published, ended, usual, freshness) for entry in study.entries]
    corrected = holm({row.step: row.delta.p_value for row in rows if row.delta and row.delta.p_value is not None})
    return tuple(replace(row, p_holm=corrected.get(row.step)) for row in rows)


def published_of(study: Study) -> dict[str, PublishedRow]:
    """Return what is published for the entries of a study: rows of the paper's table, or its own references."""
    if study.published:
        return {row.step: row for row in published_rows(study.published)}
    return {
        one.entry: PublishedRow(
            step=one.entry,
            label=one.entry,
            role="reference",
            before="",
            top1_percent=one.value,
            top1_text=f"{one.value:g}",
            top1_std=one.std,
            gmacs=0.0,
            gmacs_text="",
            source=one.source,
            note=f"on {one.data}",
            anomaly="",
        )
        for one in study.references
    }


def _row(
    entry: PlannedEntry,
    study: Study,
    published: Mapping[str, PublishedRow],
    ended: Mapping[str, Mapping[int, Record]],
    usual: Machine | None,
    freshness: Freshness,
) -> Row:
    records, before = ended[entry.name], study.before(entry.name)
    top1_by_seed = _finished(records)
    row = published.get(entry.name)
    published_delta = _published_delta(row, published.get(before))
    readings = READINGS.get(study.published, {}) if published_delta is not None else {}
    speeds = summarise(
        [r.speed.images_per_second for r in records.values() if r.status == "finished" and machine_of(r) == usual]
    )
    return Row(
        planned=entry,
        records=records,
        before=before,
        top1=summarise(list(top1_by_seed.values())),
        delta=paired_delta(top1_by_seed, _finished(ended.get(before, {}))),
        p_holm=None,
        published=row,
        published_delta=published_delta,
        published_reading=readings.get(entry.name),
        images_per_second=speeds.mean if speeds else None,
        num_timed=speeds.n if speeds else 0,
        stale=tuple(seed for seed, record in records.items() if freshness.changes(record)),
        other_code=tuple(seed for seed, record in records.items() if changed_since(record.sources)),
    )


def _published_delta(row: PublishedRow | None, foot: PublishedRow | None) -> float | None:
    """Subtract printed means: of a paper's ladder where it made this change to the same row, of references as asked."""
    if not row or not foot or row.before not in ("", foot.step):
        return None
    # Rounded to what is printed: 81.27 - 80.62 is 0.65, not 0.6499999.
    return round(row.top1_percent - foot.top1_percent, 2)


def _finished(records: Mapping[int, Record]) -> dict[int, float]:
    return {
        seed: record.result.top1_percent
        for seed, record in records.items()
        if record.status == "finished" and record.result.top1_percent is not None
    }


def _by_run_id(records: Iterable[Record], study: str) -> dict[str, Record]:
    """Take one record a run: a finished before a diverged before a failed one, then of today's code, of this study."""
    ends = {"finished": 0, "diverged": 1, "failed": 2}
    today = sources()

    def rank(record: Record) -> tuple[int, bool, bool]:
        return ends[record.status], record.sources != today, record.study != study

    best: dict[str, Record] = {}
    for record in records:
        held = best.get(record.run_id)
        if held is None or rank(record) < rank(held):
            best[record.run_id] = record
    return best
