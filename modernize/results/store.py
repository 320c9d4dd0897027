"""The folder of results: one small JSON file a run, one writer a file.

    results/<study>/study.json
    results/<study>/<step>-seed<k>-<run id, 8 digits>.json
    results/<study>/<step>-seed<k>-<run id, 8 digits>.png    what its network draws, of one run an entry

The folder is the database. A file appears whole or not at all, and a finished run is never overwritten. The short run
id in the name lets a reader pick the runs it wants without opening the others.
"""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modernize.errors import DiskError, MissingResultsError, ModernizeError, unusable, warn
from modernize.results.artifact import record_stem
from modernize.results.files import write_atomically
from modernize.results.reader import Seen, parse, read, read_record, record_text, to_record, to_text
from modernize.results.record import Record
from modernize.results.sources import sources
from modernize.results.study import Study
from modernize.results.walk import STUDY_FILE, holds_records, plain_line, record_files
from modernize.words import plural

if TYPE_CHECKING:
    import pandas as pd


from modernize.errors import unknown_name


@dataclass(frozen=True, slots=True)
class Loaded:
    """Records that could be read, and a line for each file that could not."""

    records: tuple[Record, ...]
    problems: tuple[str, ...]


def save_record(record: Record, folder: Path) -> Path:
    """Write the record of a run that has ended.

    A failed run's record gives way to a later one. A finished or diverged one stays: if the same values come again from
    the same code nothing is written, and else they are written beside it under a numbered name.

    Args:
        record: What the run has to say.
        folder: The results folder; the file goes into its study's folder.

    Returns:
        The file that holds the record.
    """
    stem = record_stem(record)
    for number in count(1):
        path = folder / record.study / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
        there = _readable(path)
        if not os.path.lexists(path) or (there and there.status == "failed" and there.run_id == record.run_id):
            return write_atomically(path, record_text(record))
        if there and measured_by(there) == measured_by(record):
            return path
    raise AssertionError  # count() does not end


def save_study(study: Study, folder: Path) -> Path:
    """Write `study.json` into the study's folder under the results folder, over the plan that was there."""
    return write_atomically(folder / study.name / STUDY_FILE, to_text(study.to_json()))


def load_study(path: Path) -> Study:
    """Read a study.

    Args:
        path: Its `study.json`, or the folder that holds it.

    Raises:
        MissingResultsError: If there is none.
        ModernizeError: If the file is no study.
    """
    path = path if path.name == STUDY_FILE else path / STUDY_FILE
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - tells a failing disk from a file that is gone
    except FileNotFoundError:
        is_file = False
    except OSError as error:
        raise unusable(error, f"{path} cannot be read") from error
    if not is_file and not os.path.lexists(path):
        raise MissingResultsError(
            f"{path} is gone, though records lie beside it: the same `modernize run` writes it again and skips "
            "finished runs; `modernize report --all` reports them without it."
            if holds_records(path.parent)
            else f"{path} does not exist: run `modernize run` again, it skips finished runs."
        )
    if not is_file:
        raise ModernizeError(f"{path} is no file that can be read.")
    return Study.from_json(parse(read(str(path)), str(path)), str(path))


def find_studies(folder: Path) -> dict[str, Path]:
    """Return the folder of each study under the results folder, by folder name, sorted."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unusable(error, f"{folder} cannot be read") from error
    return {name: folder / name for name in names if os.path.lexists(folder / name / STUDY_FILE)}


def load_record(path: Path) -> Record:
    """Read one record, every field checked.

    Raises:
        ModernizeError: If the file cannot be read or is no record.
    """
    return to_record(read(str(path)), str(path))


def load_records(folder: Path, run_ids: Collection[str] | None = None) -> Loaded:
    """Read the records in a folder and the folders below it.

    A file that is not a readable record is named in `problems` and skipped: one bad file never costs a report. A line
    on stderr says how many there are, and what is wrong with the first.

    Args:
        folder: The results folder, a study's folder, or one record's file.
        run_ids: Only these runs; files that are named after other runs are not opened. None for all.

    Returns:
        Records in the order of their paths.
    """
    placed, problems = load_placed(folder, run_ids)
    return Loaded(tuple(record for _, record in placed), problems)


def load_placed(
    folder: Path, run_ids: Collection[str] | None = None
) -> tuple[list[tuple[str, Record]], tuple[str, ...]]:
    """Read records as `load_records` does, each with the path of its file; and say what could not be read."""
    problems: list[str] = []
    collects = gc.isenabled()
    gc.disable()  # there will be many objects, and none to collect
    try:
        placed = list(_found(folder, run_ids, problems))
    finally:
        if collects:
            gc.enable()
    if problems:
        others = f" ({plural(len(problems) - 1, 'more file')} of {folder} not read)" if len(problems) > 1 else ""
        warn(f"{problems[0]}{others}")
    return placed, tuple(problems)


def find_finished(run_ids: Collection[str], folder: Path) -> dict[str, Path]:
    """Return the files of those runs that need not be run again: finished, or diverged (which repeats).

    Args:
        run_ids: The runs asked for.
        folder: The results folder; runs of other studies count too.
    """
    found: dict[str, Path] = {}
    for path, record in _found(folder, run_ids, []):
        if record.status != "failed":
            found.setdefault(record.run_id, Path(path))
    return found


def find_failed(run_ids: Collection[str], folder: Path, *, since: str) -> dict[str, Path]:
    """Return the files of those runs that have failed at a time (UTC, ISO 8601) or later.

    Args:
        run_ids: The runs asked for.
        folder: The results folder.
        since: Earlier failures do not count.
    """
    found = _found(folder, run_ids, [])
    return {r.run_id: Path(path) for path, r in found if r.status == "failed" and r.finished_at >= since}


def load_results(path: str | Path = "results") -> pd.DataFrame:
    """Read records as a table, one row a run.

    Left out are copies whose originals are there, and records of runs that were repeated when the code had changed.

    Args:
        path: The results folder, a study's folder or one record's file.

    Returns:
        A pandas.DataFrame; `gmacs` is in the paper's convention at the run's image size, `top1_percent` and other
        metrics of the last epoch.

    Raises:
        MissingResultsError: If there is no record.
    """
    import pandas as pd

    loaded = load_records(Path(path))
    if not loaded.records:
        why = f" ({loaded.problems[0].rstrip('.')})" if loaded.problems else ""
        raise MissingResultsError(f"no record of a run under {path}{why}. `modernize run` writes them.")
    originals = {record.run_id for record in loaded.records if not record.copied_from}
    again = {r.run_id for r in loaded.records if r.sources == sources() and r.status != "failed"}
    rows = [
        flat_record(r)
        for r in loaded.records
        if not (r.copied_from and r.run_id in originals) and not (r.sources != sources() and r.run_id in again)
    ]
    return pd.DataFrame(rows)


def flat_record(record: Record) -> dict[str, Any]:
    """Give what tables say of a run, by column."""
    return {
        "study": record.study,
        "regime": record.entry.regime,
        "entry": record.entry.name,
        "role": record.entry.role,
        "seed": record.seed,
        "status": record.status,
        **record.result.metrics,
        "epochs": record.budget.epochs,
        "data": record.data.name,
        "image_size": record.data.image_size,
        "num_train_images": record.data.num_train_images,
        "gmacs": record.cost.macs / 1e9,
        "num_params": record.cost.num_params,
        "images_per_second": record.speed.images_per_second,
        "seconds": record.speed.seconds,
        "peak_memory_mb": record.speed.peak_memory_mb,
        "peak_device_memory_mb": record.speed.peak_device_memory_mb,
        "device": record.hardware.device,
        "precision": record.execution.precision,
        "num_devices": record.execution.num_devices,
        "processor": record.hardware.processor,
        "commit": record.commit,
        "sources": record.sources,
        "finished_at": record.finished_at,
        "run_id": record.run_id,
    }


def _found(folder: Path, run_ids: Collection[str] | None, problems: list[str]) -> Iterator[tuple[str, Record]]:
    """Yield each readable record with its path, and add a line for each file that is none."""
    wanted = None if run_ids is None else set(run_ids)
    if wanted == set():
        return
    short = None if wanted is None else {run_id[:8] for run_id in wanted}
    seen: Seen = {}
    one = os.path.isfile(folder)  # noqa: PTH113 - Path.is_file raises where a folder may not be looked into
    for path in [str(folder)] if one else record_files(str(folder), short, problems):
        try:
            record = read_record(path, seen)
        except ModernizeError as error:
            problems.append(plain_line(str(error)))
            continue
        if wanted is None or record.run_id in wanted:
            yield path, record


def _readable(path: Path) -> Record | None:
    try:
        return load_record(path) if path.is_file() else None
    except DiskError:
        raise  # what is there may be a record, and may be this one
    except ModernizeError:
        return None


def measured_by(record: Record) -> tuple[str, str, str, str]:
    """What must be equal for two records to say the same; text, for NaN differs from itself."""
    return record.run_id, record.status, record.sources, repr((record.result, record.curves))


def find_study(results_dir: Path, given: str = "") -> Path:
    """Return the folder of a study.

    Args:
        results_dir: Folder of results; each study has a folder in it.
        given: Name of a study there, or the path of any study's folder; "" for the one that was written to last.

    Raises:
        MissingResultsError: If there is no study.
        ModernizeError: If none is called so.
    """
    studies = find_studies(results_dir)
    if given in studies:
        return studies[given]
    if given and (Path(given) / STUDY_FILE).is_file():
        return Path(given).resolve()
    # Whoever loads the plan of records that have none is told that it is gone.
    unplanned = [] if studies else sorted(results_dir.glob("*/"))
    for folder in (results_dir / given, Path(given)) if given else unplanned:
        if holds_records(folder):
            return folder
    if not studies:
        raise MissingResultsError(f"no study under {results_dir}: `modernize run` makes one.")
    if given:
        raise unknown_name("study", given, studies)
    return max(studies.values(), key=lambda folder: folder.stat().st_mtime)
