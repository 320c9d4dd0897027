"""What a results folder holds: one study, or all: those that were planned, and what no plan holds (any more).

Records of different data, budgets, image sizes or ways of computing never come into one study.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modernize.errors import MissingResultsError, ModernizeError, warn
from modernize.regimes import REGIMES
from modernize.report.kept import with_kept
from modernize.report.rows import Row, make_rows, records_of
from modernize.results.record import Record
from modernize.results.store import find_studies, load_records, load_study
from modernize.results.study import PlannedEntry, Study
from modernize.spec import Change

PUBLISHED_BY_DEFAULT = "resnet50"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A results folder.

    Attributes:
        studies: Planned studies by name of their folder, then those put together from what no plan holds.
        unplanned: Names of the latter.
        records: Of all of them.
        problems: Files that could not be read.
    """

    studies: tuple[Study, ...]
    unplanned: tuple[str, ...]
    records: tuple[Record, ...]
    problems: tuple[str, ...]


def read_study(folder: Path) -> tuple[Study, tuple[Row, ...], tuple[str, ...]]:
    """Read one study.

    Returns:
        The plan, its rows, and the files that could not be read.

    Raises:
        MissingResultsError: If none of its runs has ended.
        ModernizeError: If there is no plan.
    """
    study = load_study(folder)
    loaded = load_records(folder.parent, {run_id for entry in study.entries for run_id in entry.run_ids})
    rows = make_rows(study, loaded.records)
    if not records_of(rows):
        why = f" ({loaded.problems[0]})" if loaded.problems else ""
        raise MissingResultsError(
            f"no run of study '{study.name}' has ended yet{why}: `modernize run` goes on with it."
        )
    rows = with_kept(rows, folder.parent)
    return study, rows, tuple(problem.replace(f"{folder.parent}/", "") for problem in loaded.problems)


def gather(results_dir: Path) -> Gathered:
    """Read a results folder whole.

    Args:
        results_dir: Folder of results.
    """
    planned, problems = [], []
    for path in find_studies(results_dir).values():
        try:
            planned.append(load_study(path))
        except ModernizeError as error:
            problems.append(str(error))
            warn(problems[-1])
    loaded = load_records(results_dir)
    known = {run_id for study in planned for rung in study.entries for run_id in rung.run_ids}
    found = group_records([record for record in loaded.records if record.run_id not in known])
    return Gathered(
        studies=(*planned, *found),
        unplanned=tuple(study.name for study in found),
        records=loaded.records,
        problems=tuple(problem.replace(f"{results_dir}/", "") for problem in (*problems, *loaded.problems)),
    )


def group_records(records: Sequence[Record]) -> tuple[Study, ...]:
    """Put records that no plan holds together to studies: like with like only.

    Args:
        records: In any order.

    Returns:
        A study a group; a second record of the same rung and seed starts a group of its own.
    """
    groups: dict[tuple[Any, ...], dict[tuple[str, int], Record]] = {}
    for record in sorted(records, key=lambda r: (r.study, r.entry.steps, r.seed, r.run_id)):
        number = 0
        while (record.entry.name, record.seed) in groups.get((*_alike(record), number), {}):
            number += 1
        groups.setdefault((*_alike(record), number), {})[record.entry.name, record.seed] = record
    names: dict[str, int] = {}
    studies = []
    for group in groups.values():
        stem = f"{next(iter(group.values())).study or 'records'}-unplanned"
        names[stem] = names.get(stem, 0) + 1
        name = stem if names[stem] == 1 else f"{stem}-{names[stem]}"
        studies.append(_study(name, list(group.values())))
    return tuple(studies)


def _alike(record: Record) -> tuple[Any, ...]:
    own_length = record.budget.epochs == record.recipe.get("epochs")
    return (
        record.study,
        record.entry.regime,
        record.data.name,
        record.data.fingerprint,
        record.data.image_size,
        record.budget.name,
        # Each recipe at its own length is one budget.
        0 if own_length else record.budget.epochs,
        record.execution.device,
        record.execution.precision,
    )


def _study(name: str, records: Sequence[Record]) -> Study:
    first = records[0]
    seeds = tuple(sorted({record.seed for record in records}))
    by_name: dict[str, dict[int, Record]] = {}
    for record in sorted(records, key=lambda r: len(r.entry.steps)):
        by_name.setdefault(record.entry.name, {})[record.seed] = record
    first_runs = {name: next(iter(runs.values())) for name, runs in by_name.items()}
    by_steps = {run.entry.steps: name for name, run in first_runs.items() if run.entry.regime}
    regime = REGIMES.get(first.entry.regime)
    return Study(
        name=name,
        regime=first.entry.regime,
        published=regime.published if regime else PUBLISHED_BY_DEFAULT if first.entry.regime else "",
        data=first.data.name,
        budget=first.budget.name,
        epochs=max(record.budget.epochs for record in records),
        image_size=first.data.image_size,
        seeds=seeds,
        entries=tuple(_entry(name, runs, seeds) for name, runs in by_name.items()),
        contrasts=tuple(
            (name, by_steps[run.entry.steps[:-1]])
            for name, run in first_runs.items()
            if run.entry.steps and run.entry.steps[:-1] in by_steps
        ),
    )


def _entry(name: str, runs: dict[int, Record], seeds: Sequence[int]) -> PlannedEntry:
    record = next(iter(runs.values()))
    return PlannedEntry(
        name=name,
        title=record.entry.title,
        role=record.entry.role,
        fingerprint=record.entry.fingerprint,
        macs=record.cost.macs,
        num_params=record.cost.num_params,
        changes=tuple(str(Change(**change)) for change in record.entry.changes),
        run_ids=tuple(runs[seed].run_id if seed in runs else "" for seed in seeds),
        objective=record.objective,
        model=record.model.get("external", ""),
    )
