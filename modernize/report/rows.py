"""The rows of a report: what was planned, measured and published for each entry, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from modernize.published import PublishedRow, published_rows
from modernize.report.machines import machine_of, usual_machine
from modernize.report.paper import READINGS, Reading
from modernize.results.record import Record
from modernize.results.sources import changed_since, sources
from modernize.results.stale import Freshness
from modernize.results.statistics import PairedDelta, Summary, holm, paired_delta, summarise
from modernize.results.study import PlannedEntry, Study

# Of the Holm-corrected tests, two-sided.
LEVEL = 0.05
LADDER = ("rung", "probe")
# Roles that need no word beside a name.
_PLAIN = ("rung", "network")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """An entry compared with another.

    Attributes:
        entry: Name of the entry.
        before: Name of what it is compared with, "" for none.
        delta: Over the seeds both finished; None if there is none.
        p_holm: p-value of the delta, Holm-corrected over all contrasts of the study; None where there is no test.
        published_delta: Difference of the printed means, where one source prints both on the same data; of a paper's
            ladder, where the paper made this change to the same rung.
        published_reading: Test of that difference, None where no standard deviations are printed.
    """

    entry: str = ""
    before: str = ""
    delta: PairedDelta | None = None
    p_holm: float | None = None
    published_delta: float | None = None
    published_reading: Reading | None = None

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


_NOT_COMPARED = Contrast()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry of a study.

    Attributes:
        planned: The entry as planned.
        records: Its runs that ended, by seed.
        contrasts: What it is compared with; its delta is that of the first.
        against: Name of what its delta is against, where that has to be said: it is not the rung a step was applied to.
        top1: Over the seeds that finished; None if none did.
        published: The published row, None if there is none (a step of one's own).
        images_per_second: Mean training throughput of the finished runs on the machine that most of the study ran on.
        num_timed: How many runs that mean is over.
        stale: Seeds whose record was made with another meaning of the rung's steps than today's.
        other_code: Seeds whose record was trained by code that has changed since.
    """

    planned: PlannedEntry
    records: Mapping[int, Record]
    contrasts: tuple[Contrast, ...] = ()
    against: str = ""
    top1: Summary | None
    published: PublishedRow | None
    images_per_second: float | None
    num_timed: int = 0
    stale: tuple[int, ...] = ()
    other_code: tuple[int, ...] = ()

    @property
    def contrast(self) -> Contrast:
        """The first; one without numbers where it is compared with nothing."""
        return self.contrasts[0] if self.contrasts else _NOT_COMPARED

    @property
    def before(self) -> str:
        """Entry it is compared with first, "" for none."""
        return self.contrast.before

    @property
    def delta(self) -> PairedDelta | None:
        """Against that entry, over the seeds both finished."""
        return self.contrast.delta

    @property
    def p_holm(self) -> float | None:
        """See `Contrast`."""
        return self.contrast.p_holm

    @property
    def verdict(self) -> str:
        """See `Contrast`."""
        return self.contrast.verdict

    @property
    def published_delta(self) -> float | None:
        """See `Contrast`."""
        return self.contrast.published_delta

    @property
    def published_reading(self) -> Reading | None:
        """See `Contrast`."""
        return self.contrast.published_reading

    @property
    def on_ladder(self) -> bool:
        """Whether it is a rung, or a probe beside one."""
        return self.planned.role in LADDER

    @property
    def label(self) -> str:
        """Its name, with its role where that is not what one would take it for."""
        return f"{self.step}{'' if self.planned.role in _PLAIN else f' ({self.planned.role})'}"

    @property
    def step(self) -> str:
        """Its name; of a rung the id of its step."""
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
    contrasts = _contrasts(study, published, {name: _finished(of_entry) for name, of_entry in ended.items()})
    said = _has_to_be_said(study)
    rows = []
    for entry in study.entries:
        runs, own = ended[entry.name], tuple(one for one in contrasts if one.entry == entry.name)
        speeds = summarise(
            [r.speed.images_per_second for r in runs.values() if r.status == "finished" and machine_of(r) == usual]
        )
        rows.append(
            Row(
                planned=entry,
                records=runs,
                contrasts=own,
                against=own[0].before if own and said else "",
                top1=summarise(list(_finished(runs).values())),
                published=published.get(entry.name),
                images_per_second=speeds.mean if speeds else None,
                num_timed=speeds.n if speeds else 0,
                stale=tuple(seed for seed, record in runs.items() if freshness.changes(record)),
                other_code=tuple(seed for seed, record in runs.items() if changed_since(record.sources)),
            )
        )
    return tuple(rows)


def published_of(study: Study) -> dict[str, PublishedRow]:
    """Return what is published for the entries of a study: of the paper's table, else the first of its references."""
    found = {row.step: row for row in published_rows(study.published)} if study.published else {}
    for row in reference_rows(study):
        found.setdefault(row.step, row)
    return found


def reference_rows(study: Study) -> tuple[PublishedRow, ...]:
    """Return a study's own references as published rows."""
    return tuple(
        PublishedRow(
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
            note="",
            anomaly="",
            data=one.data,
            n=one.n,
        )
        for one in study.references
    )


def all_contrasts(rows: Iterable[Row]) -> tuple[Contrast, ...]:
    """Return every contrast of a study once, in the order of its entries."""
    return tuple(one for row in rows for one in row.contrasts)


def _contrasts(
    study: Study, published: Mapping[str, PublishedRow], finished: Mapping[str, Mapping[int, float]]
) -> tuple[Contrast, ...]:
    readings = READINGS.get(study.published, {})
    found = []
    for entry, before in dict.fromkeys(study.contrasts):
        published_delta = _published_delta(published.get(entry), published.get(before))
        found.append(
            Contrast(
                entry=entry,
                before=before,
                delta=paired_delta(finished[entry], finished[before]),
                published_delta=published_delta,
                published_reading=readings.get(entry) if published_delta is not None else None,
            )
        )
    p_values = {
        (one.entry, one.before): one.delta.p_value for one in found if one.delta and one.delta.p_value is not None
    }
    corrected = holm(p_values)
    return tuple(replace(one, p_holm=corrected.get((one.entry, one.before))) for one in found)


def _has_to_be_said(study: Study) -> bool:
    """Whether a delta may be against something else than the rung that a step was applied to."""
    roles = {entry.name: entry.role for entry in study.entries}
    feet = [(one, other) for one, other in study.contrasts if roles[one] in LADDER and roles[other] == "rung"]
    if len(feet) < len(study.contrasts) or len({one for one, _ in feet}) < len(feet):
        return True
    rungs = [name for name, role in roles.items() if role == "rung"]
    return any(one in rungs and rungs.index(other) != rungs.index(one) - 1 for one, other in feet)


def _published_delta(row: PublishedRow | None, foot: PublishedRow | None) -> float | None:
    """Subtract printed means: of a paper's ladder where it made this change to the same row, of references as asked."""
    if not row or not foot or (row.source, row.data) != (foot.source, foot.data) or row.before not in ("", foot.step):
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
