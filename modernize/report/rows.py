"""The rows of a report: what was planned, measured and published for each entry, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modernize.published import PublishedRow
from modernize.registry import load_steps
from modernize.report.contrasts import LADDER, Contrast, contrasts_of, has_to_be_said
from modernize.report.machines import machine_of, usual_machine
from modernize.report.paper import Reading, published_of
from modernize.results.record import Record
from modernize.results.rounds import runs_wanted
from modernize.results.sources import changed_since, sources
from modernize.results.stale import Freshness
from modernize.results.statistics import Delta, Summary, summarise
from modernize.results.study import PlannedEntry, Study

if TYPE_CHECKING:
    from modernize.results.predictions import Predictions

# Roles that need no word beside a name.
_PLAIN = ("rung", "network")
_NOT_COMPARED = Contrast()
_ENDS = ("finished", "diverged", "failed")


class Pictures(NamedTuple):
    """A file of pictures, and the seed of the run that drew them."""

    seed: int
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry of a study.

    Attributes:
        planned: The entry as planned.
        num_wanted: Runs that it is to have: one a seed, or where seeds come in rounds, what is known of that so far.
        records: Its runs that ended, by seed.
        finished: The result of each seed that finished.
        contrasts: What it is compared with; its delta is that of the first.
        against: Name of what its delta is against, where that has to be said: it is not the rung a step was applied to.
        value: Mean of the result over the seeds that finished; None if none did.
        published: The published row, None if there is none (a step of one's own).
        images_per_second: Mean training throughput of the finished runs on the machine that most of the study ran on.
        num_timed: How many runs that mean is over.
        stale: Seeds whose record was made with another meaning of the rung's steps than today's.
        pictures: What the network of its first run that left any draws; None where there is nothing.
        other_code: Seeds whose record was trained by code that has changed since.
        predictions: What its first finished run took the test images for, where that is kept here.
        samples: File of sample images of what it was trained on; None where there is none.
    """

    planned: PlannedEntry
    num_wanted: int
    records: Mapping[int, Record]
    finished: Mapping[int, float]
    contrasts: tuple[Contrast, ...] = ()
    against: str = ""
    value: Summary | None
    published: PublishedRow | None
    images_per_second: float | None
    num_timed: int = 0
    stale: tuple[int, ...] = ()
    other_code: tuple[int, ...] = ()
    pictures: Pictures | None = None
    predictions: Predictions | None = None
    samples: Path | None = None

    @property
    def predicted_seed(self) -> int:
        """Of the run whose predictions are shown."""
        return min(self.finished)

    @property
    def contrast(self) -> Contrast:
        """The first; one without numbers where it is compared with nothing."""
        return self.contrasts[0] if self.contrasts else _NOT_COMPARED

    @property
    def before(self) -> str:
        """Entry it is compared with first, "" for none."""
        return self.contrast.before

    @property
    def delta(self) -> Delta | None:
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
    def num_diverged(self) -> int:
        """Of its runs."""
        return sum(record.status == "diverged" for record in self.records.values())

    @property
    def status(self) -> str:
        """How its runs ended: "finished", "diverged", "failed", "missing", or a count of each, "2 of 3 finished"."""
        ends = [record.status for record in self.records.values()]
        n_seeds = max(self.num_wanted, len(ends))
        counts: dict[str, int] = {end: ends.count(end) for end in _ENDS if end in ends}
        if len(ends) < n_seeds:
            counts["missing"] = n_seeds - len(ends)
        if len(counts) < 2:
            return next(iter(counts), "missing")
        (first, number), *others = counts.items()
        return ", ".join((f"{number} of {n_seeds} {first}", *(f"{number} {end}" for end, number in others)))


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
    finished = {
        name: {seed: value for seed, record in of_entry.items() if (value := record.value) is not None}
        for name, of_entry in ended.items()
    }
    usual = usual_machine(record for of_entry in ended.values() for record in of_entry.values())
    freshness = Freshness()
    published = published_of(study)
    values = {name: {seed: record.value for seed, record in of_entry.items()} for name, of_entry in ended.items()}
    contrasts, wanted = contrasts_of(study, published, values), runs_wanted(study, values)
    rows = []
    for entry in study.entries:
        runs, own = ended[entry.name], tuple(one for one in contrasts if one.entry == entry.name)
        speeds = summarise(
            [r.speed.images_per_second for r in runs.values() if r.status == "finished" and machine_of(r) == usual]
        )
        rows.append(
            Row(
                planned=entry,
                num_wanted=sum(run_id in wanted for run_id in entry.run_ids),
                records=runs,
                finished=finished[entry.name],
                contrasts=own,
                against=own[0].before if own and _has_to_be_said(study, own[0]) else "",
                value=summarise([*finished[entry.name].values()]),
                published=published.get(entry.name),
                images_per_second=speeds.mean if speeds else None,
                num_timed=speeds.n if speeds else 0,
                stale=tuple(seed for seed, record in runs.items() if freshness.changes(record)),
                other_code=tuple(seed for seed, record in runs.items() if changed_since(record.sources)),
            )
        )
    return tuple(rows)


def records_of(rows: Iterable[Row]) -> list[Record]:
    """Return every run of a study that ended."""
    return [record for row in rows for record in row.records.values()]


def chosen_epoch(records: Iterable[Record]) -> str:
    """Say whose results are reported: those of the last epoch, or of one that the recipe chooses."""
    best = {record.trained_recipe.get("chosen_epoch") == "best" for record in records}
    chosen = "the best epoch on the validation images"
    return "the last epoch" if best <= {False} else chosen if best == {True} else f"the last epoch, or {chosen}"


def all_contrasts(rows: Iterable[Row]) -> tuple[Contrast, ...]:
    """Return every contrast of a study once, in the order of its entries."""
    return tuple(one for row in rows for one in row.contrasts)


def _has_to_be_said(study: Study, contrast: Contrast) -> bool:
    """Whether what it is compared with is not what one would take it for; or a step names that itself."""
    step = load_steps().get(contrast.entry)
    return bool(step and step.against == contrast.before) or has_to_be_said(study, contrast.entry, contrast.before)


def _by_run_id(records: Iterable[Record], study: str) -> dict[str, Record]:
    """Take one record a run: one that finished first, then this study's own, then one by today's code."""
    today = sources()

    def rank(record: Record) -> tuple[int, bool, bool]:
        return _ENDS.index(record.status), record.study != study, record.sources != today

    best: dict[str, Record] = {}
    for record in sorted(records, key=rank):
        best.setdefault(record.run_id, record)
    return best
