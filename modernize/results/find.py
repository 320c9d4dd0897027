"""The study that is meant: by name, by path, or the newest."""

from __future__ import annotations

from pathlib import Path

from modernize.errors import MissingResultsError, unknown_name
from modernize.results.store import find_studies
from modernize.results.walk import STUDY_FILE, holds_records


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
