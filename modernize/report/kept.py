"""What finished runs left to show beside their weights; what cannot be read is named, and a report says less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from modernize.errors import one_line, warn
from modernize.metrics import CLASSIFICATION
from modernize.report.rows import Pictures, Row
from modernize.results.artifact import PICTURES_FILE, RUNS, picture_file, sample_file


def with_kept(rows: Iterable[Row], results_dir: Path) -> tuple[Row, ...]:
    """Find it: pictures in a run's own folder or beside its record, predictions of each row's first run, samples.

    Args:
        rows: Of a study.
        results_dir: The folder of results, which lies beside runs/.
    """
    runs = results_dir.parent / RUNS
    there = {folder.name for folder in runs.iterdir()} if runs.is_dir() else set()
    return tuple(
        replace(row, samples=_samples(row, results_dir), pictures=_pictures(row, runs, results_dir))
        if row.planned.objective != CLASSIFICATION
        else _with_predictions(replace(row, samples=_samples(row, results_dir)), runs, there)
        for row in rows
    )


def _samples(row: Row, results_dir: Path) -> Path | None:
    files = {sample_file(record, results_dir) for record in row.records.values()}
    return next((path for path in sorted(files) if path.is_file() and _can_be_read(path)), None)


def _pictures(row: Row, runs: Path, results_dir: Path) -> Pictures | None:
    for seed in sorted(row.finished):
        record = row.records[seed]
        for path in (runs / record.run_id / PICTURES_FILE, picture_file(record, results_dir)):
            if path.is_file() and _can_be_read(path):
                return Pictures(seed, path)
    return None


def _can_be_read(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError, ValueError) as error:
        warn(f"{path} is left out: {one_line(error)}.")
        return False
    return True


def _with_predictions(row: Row, runs: Path, there: set[str]) -> Row:
    first = row.records[row.predicted_seed].run_id if row.finished else ""
    if first not in there:
        return row
    from modernize.results.predictions import load_predictions

    return replace(row, predictions=load_predictions(runs / first))
