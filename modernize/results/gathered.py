"""Records of several folders together: of several machines, or of one for a table.

A run that was done twice with the same result counts once. Where the results differ nobody chooses: both are named.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modernize.errors import MissingResultsError, ModernizeError, unknown_name
from modernize.results.artifact import picture_file
from modernize.results.files import write_atomically
from modernize.results.record import Record
from modernize.results.store import (
    find_studies,
    flat_record,
    load_placed,
    load_study,
    measured_by,
    save_record,
    save_study,
)
from modernize.results.study import PlannedEntry, Study

FORMATS = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Gathered:
    """Records with the files that hold them.

    Attributes:
        folders: Where they were looked for.
        placed: A run that several files hold alike is here once.
        conflicts: By id of a run, the files that say different things of it.
    """

    folders: tuple[Path, ...]
    placed: tuple[tuple[Path, Record], ...]
    conflicts: dict[str, tuple[Path, ...]]

    def rows(self) -> list[dict[str, Any]]:
        """Give a row a record, with the file it was read from and whether another one contradicts it."""
        return [
            flat_record(record) | {"file": str(path), "conflict": record.run_id in self.conflicts}
            for path, record in self.placed
        ]


def gather(folders: Sequence[Path], *, study: str = "", entry: str = "", status: str = "") -> Gathered:
    """Read the records of folders.

    Copies of other studies' runs are left out where the originals are there, and failed runs where a later one ended.

    Args:
        folders: Results folders, folders of studies, or single records.
        study: Only of studies of this name.
        entry: Only of rows of this name.
        status: Only runs that ended so.

    Raises:
        MissingResultsError: If there is no record.
        ModernizeError: If none has the study's or the row's name.
    """
    found = [(Path(path), record) for folder in folders for path, record in load_placed(folder)[0]]
    if not found:
        raise MissingResultsError(f"no record of a run under {', '.join(map(str, folders))}.")
    for kind, wanted, names in (
        ("study", study, {record.study for _, record in found}),
        ("entry", entry, {record.entry.name for _, record in found}),
    ):
        if wanted and wanted not in names:
            raise unknown_name(kind, wanted, sorted(names))
    by_run: dict[str, list[tuple[Path, Record]]] = defaultdict(list)
    for path, record in found:
        if study in ("", record.study) and entry in ("", record.entry.name):
            by_run[record.run_id].append((path, record))
    placed: list[tuple[Path, Record]] = []
    conflicts: dict[str, tuple[Path, ...]] = {}
    for run_id, several in by_run.items():
        different = _different(several)
        ended = [path for path, record in different if record.status != "failed"]
        if len(ended) > 1:
            conflicts[run_id] = tuple(ended)
        placed += [(path, record) for path, record in different if status in ("", record.status)]
    return Gathered(tuple(folders), tuple(placed), conflicts)


def _different(several: Iterable[tuple[Path, Record]]) -> list[tuple[Path, Record]]:
    """Return the records of a run that say different things: originals before copies, ends before failures."""
    ordered = sorted(several, key=lambda one: (one[1].status == "failed", bool(one[1].copied_from)))
    first: dict[tuple[str, str, str, str], tuple[Path, Record]] = {}
    for path, record in ordered:
        if not (first and record.status == "failed"):
            first.setdefault(measured_by(record), (path, record))
    return list(first.values())


def write_table(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Write rows as a table for other programs.

    Args:
        rows: Values by column.
        path: `.csv` or `.parquet`.

    Raises:
        ModernizeError: If it is neither, pyarrow is missing for Parquet, or it cannot be written.
    """
    import pandas as pd

    if path.suffix not in FORMATS:
        raise ModernizeError(f"{path}: a table is written as {' or '.join(FORMATS)}, by the name of the file.")
    table = pd.DataFrame(rows)
    if path.suffix == ".csv":
        write_atomically(path, table.to_csv(index=False, lineterminator="\n"))
        return
    file = io.BytesIO()
    try:
        table.to_parquet(file, index=False, engine="pyarrow")
    except ImportError as error:
        raise ModernizeError(".parquet needs pyarrow: pip install 'modernize-convnext[parquet]'.") from error
    write_atomically(path, file.getbuffer())


def merge(gathered: Gathered, into: Path) -> tuple[int, tuple[str, ...]]:
    """Put records, and the plans of their studies, into another results folder.

    What is there stays. A run whose files contradict each other, or the one that is there, is left out and named.

    Args:
        gathered: Of several folders.
        into: A results folder; made if need be.

    Returns:
        How many records are new there, and a line for each thing that was left out.

    Raises:
        ModernizeError: If the folder cannot be written.
    """
    there = [(Path(path), record) for path, record in load_placed(into)[0]]
    of_run: dict[tuple[str, str], list[tuple[Path, Record]]] = defaultdict(list)
    for path, record in there:
        of_run[record.study, record.run_id].append((path, record))
    left_out = [f"{run_id}: {_both(paths)}" for run_id, paths in gathered.conflicts.items()]
    new = 0
    for path, record in gathered.placed:
        if record.run_id in gathered.conflicts:
            continue
        before = of_run[record.study, record.run_id]
        others = [one for one, theirs in before if theirs.status != "failed" and _other(theirs, record)]
        if others:
            left_out.append(f"{record.run_id}: {_both((others[0], path))}")
        elif not any(theirs.status != "failed" for _, theirs in before):
            written = save_record(record, into)
            new += str(written) not in {str(one) for one, _ in before}
            _take_picture(path, record, into)
    return new, (*left_out, *_merge_plans(gathered, into))


def _other(one: Record, another: Record) -> bool:
    return another.status != "failed" and measured_by(one) != measured_by(another)


def _both(paths: Collection[Path]) -> str:
    return f"{' and '.join(map(str, paths))} have different results of the same run"


def _take_picture(path: Path, record: Record, into: Path) -> None:
    drawn, target = path.with_suffix(".png"), picture_file(record, into)
    if drawn.is_file() and not target.exists():
        write_atomically(target, drawn.read_bytes())


def _merge_plans(gathered: Gathered, into: Path) -> list[str]:
    """Put the plans of the studies there, seeds of the same rows together; say which cannot be put together."""
    names = {record.study for _, record in gathered.placed}
    problems = []
    for path in dict.fromkeys(plan for folder in gathered.folders for plan in _plans(folder)):
        study = load_study(path)
        if study.name not in names:
            continue
        before = load_study(into / study.name) if study.name in find_studies(into) else None
        together = joined(before, study) if before else study
        if together is None:
            problems.append(
                f"{path}: the plan of {study.name} in {into} is another; its records are there all the same"
            )
        elif together != before:
            save_study(together, into)
    return problems


def _plans(folder: Path) -> list[Path]:
    return [*find_studies(folder).values()] or [*find_studies(folder.parent).values()] if folder.is_dir() else []


def joined(one: Study, another: Study) -> Study | None:
    """Return a study with the seeds of both; None where they differ in more, or a row's runs are others."""
    seeds = tuple(sorted({*one.seeds, *another.seeds}))
    rows = [
        _joined(mine, one, theirs, another, seeds) for mine, theirs in zip(one.entries, another.entries, strict=False)
    ]
    whole = tuple(row for row in rows if row is not None)
    if len(whole) != len(one.entries) or len(whole) != len(another.entries):
        return None
    together = replace(one, seeds=seeds, entries=whole)
    return together if replace(another, seeds=seeds, entries=whole, note=one.note) == together else None


def _joined(
    mine: PlannedEntry, one: Study, theirs: PlannedEntry, another: Study, seeds: Sequence[int]
) -> PlannedEntry | None:
    here, there = (dict(zip(study.seeds, row.run_ids, strict=False)) for study, row in ((one, mine), (another, theirs)))
    if replace(mine, run_ids=()) != replace(theirs, run_ids=()) or any(
        here[seed] != there[seed] for seed in here.keys() & there.keys()
    ):
        return None
    return replace(mine, run_ids=tuple(here.get(seed) or there.get(seed, "") for seed in seeds))
