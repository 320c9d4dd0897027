"""From a results folder to a report folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modernize.errors import MissingResultsError, ModernizeError, unknown_name
from modernize.report.rows import Row, make_rows
from modernize.results.store import find_studies, load_records, load_study, write_atomically
from modernize.results.study import Study

FORMATS = ("md", "csv", "json")
# A figure with more rungs than this cannot be read; the tables can.
MOST_RUNGS_IN_FIGURES = 40


def write_report(
    results_dir: Path,
    reports_dir: Path,
    study: str | None = None,
    formats: Sequence[str] = ("md",),
    figures: bool = True,
) -> list[Path]:
    """Write the report of a study from its records; the same records give the same bytes.

    Args:
        results_dir: Folder of results; each study has a folder in it.
        reports_dir: Folder of reports; the study's folder in it is made.
        study: Name of the study; None for the only one there.
        formats: Any of "md" (with figures), "csv", "json".
        figures: Whether "md" comes with figures.

    Returns:
        The files written, the report first.

    Raises:
        MissingResultsError: If there is no study, or none of its runs has ended.
        ModernizeError: If a name is unknown, or `study` is None and there are several.
    """
    for name in formats:
        if name not in FORMATS:
            raise unknown_name("report format", name, FORMATS)
    plan = load_study(_study_folder(results_dir, study))
    loaded = load_records(results_dir, {run_id for rung in plan.rungs for run_id in rung.run_ids})
    rows = make_rows(plan, loaded.records)
    if not any(row.records for row in rows):
        why = f" ({loaded.problems[0]})" if loaded.problems else ""
        raise MissingResultsError(f"no run of study '{plan.name}' has ended yet{why}: `modernize run` goes on with it.")
    problems = [problem.replace(f"{results_dir}/", "") for problem in loaded.problems]
    return _write(plan, rows, reports_dir / plan.name, formats, figures, problems)


def _write(
    plan: Study, rows: Sequence[Row], folder: Path, formats: Sequence[str], figures: bool, problems: Sequence[str]
) -> list[Path]:
    written: list[Path] = []
    if "md" in formats:
        from modernize.report.markdown import render

        names: dict[str, str] = {}
        drawn: list[Path] = []
        if figures and len(rows) <= MOST_RUNGS_IN_FIGURES:
            from modernize.report.figures import write_figures

            names, drawn = write_figures(plan, rows, folder)
        written.append(write_atomically(folder / "report.md", render(plan, rows, names, problems)))
        written += drawn
    if "csv" in formats or "json" in formats:
        from modernize.report.tables import to_csv, to_json

        if "csv" in formats:
            written.append(write_atomically(folder / "report.csv", to_csv(plan, rows)))
        if "json" in formats:
            written.append(write_atomically(folder / "report.json", to_json(plan, rows, problems)))
    return written


def _study_folder(results_dir: Path, study: str | None) -> Path:
    studies = find_studies(results_dir)
    if not studies:
        raise MissingResultsError(f"no study under {results_dir}: `modernize run` makes one.")
    if study is None:
        if len(studies) > 1:
            raise ModernizeError(f"{results_dir} holds {len(studies)} studies; name one of them: {', '.join(studies)}.")
        return next(iter(studies.values()))
    if study not in studies:
        raise unknown_name("study", study, studies)
    return studies[study]
