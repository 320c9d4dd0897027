"""From a results folder to a report folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from modernize.errors import MissingResultsError, unknown_name
from modernize.published import PUBLISHED_REGIMES
from modernize.report.drawings import Artist
from modernize.report.rows import Row, make_rows
from modernize.report.view import Page
from modernize.results.files import write_atomically
from modernize.results.store import find_study, load_records, load_study
from modernize.results.study import Study

PAGES = ("md", "html", "latex")
FORMATS = (*PAGES, "csv", "json")
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
        study: Name of the study, or the path of its folder; None for the one that was written to last.
        formats: Any of "md" (with figures), "html" (one file with everything in it), "latex", "csv", "json".
        figures: Whether "md" and "html" come with figures.

    Returns:
        The files written, the report first.

    Raises:
        MissingResultsError: If there is no study, or none of its runs has ended.
        ModernizeError: If a name is unknown.
    """
    check_formats(formats)
    folder = find_study(results_dir, study or "")
    results_dir, plan = folder.parent, load_study(folder)
    loaded = load_records(results_dir, {run_id for rung in plan.entries for run_id in rung.run_ids})
    rows = make_rows(plan, loaded.records)
    if not _has_runs(rows):
        why = f" ({loaded.problems[0]})" if loaded.problems else ""
        raise MissingResultsError(f"no run of study '{plan.name}' has ended yet{why}: `modernize run` goes on with it.")
    problems = [problem.replace(f"{results_dir}/", "") for problem in loaded.problems]
    return write_study(plan, rows, problems, reports_dir / plan.name, formats, figures=figures)


def check_formats(formats: Sequence[str]) -> None:
    """Refuse a format that there is not.

    Raises:
        ModernizeError: If one is unknown.
    """
    for name in formats:
        if name not in FORMATS:
            raise unknown_name("report format", name, FORMATS)


def write_study(
    study: Study, rows: Sequence[Row], problems: Sequence[str], folder: Path, formats: Sequence[str], *, figures: bool
) -> list[Path]:
    """Write the report of a study whose records are read.

    Args:
        study: The plan.
        rows: At least one of them with a record.
        problems: Files that could not be read.
        folder: Where the files go.
        formats: See `write_report`.
        figures: See `write_report`.

    Returns:
        The files written, in the order of `FORMATS`; figures behind the Markdown they belong to.
    """
    written: list[Path] = []
    if set(PAGES) & set(formats):
        from modernize.report.study_page import study_page

        def page(keys: Sequence[str], *, panels: bool) -> Page:
            laid_out = study_page(study, rows, keys, problems)
            if not panels:
                return laid_out
            from modernize.report.panels import study_panels

            return replace(laid_out, panels=study_panels(study, rows))

        drawn = figures and len(rows) <= MOST_RUNGS_IN_FIGURES
        written += write_pages(page, folder, formats, Artist(study=study, rows=rows) if drawn else None)
    if "csv" in formats or "json" in formats:
        from modernize.report.tables import to_csv, to_json

        if "csv" in formats:
            written.append(write_atomically(folder / "report.csv", to_csv(study, rows)))
        if "json" in formats:
            written.append(write_atomically(folder / "report.json", to_json(study, rows, problems)))
    return written


def write_all(
    results_dir: Path,
    reports_dir: Path,
    formats: Sequence[str] = ("md",),
    *,
    figures: bool = True,
    begin: Callable[[str, int], None] = lambda name, total: None,  # noqa: ARG005
) -> list[Path]:
    """Write the report of every study in a results folder, and an index of them.

    Records that no plan holds are sorted into studies of their own, like with like.

    Args:
        results_dir: Folder of results.
        reports_dir: Folder of reports.
        formats: See `write_report`; the index is Markdown, HTML or both.
        figures: See `write_report`.
        begin: Told the name of each study as its report begins, and how many there are.

    Returns:
        The files written, the index first.

    Raises:
        MissingResultsError: If there is neither a study nor a record.
        ModernizeError: If a format is unknown.
    """
    check_formats(formats)
    from modernize.report.gather import gather
    from modernize.report.index_page import index_page
    from modernize.report.render import to_html, to_markdown

    found = gather(results_dir)
    if not found.studies:
        raise MissingResultsError(f"no study and no record under {results_dir}: `modernize run` makes them.")
    written: list[Path] = []
    shown = [(study, make_rows(study, found.records)) for study in found.studies]
    for study, rows in shown:
        if _has_runs(rows):
            begin(study.name, len(shown))
            written += write_study(study, rows, (), reports_dir / study.name, formats, figures=figures)
    indices = []
    for suffix in ("md", "html"):
        if suffix in formats:
            links = [
                (f"{quote(study.name)}/report.{suffix}" if _has_runs(rows) else "", study, rows)
                for study, rows in shown
            ]
            page = index_page(links, found.unplanned, found.problems)
            text = to_markdown(page, {}) if suffix == "md" else to_html(page, {})
            indices.append(write_atomically(reports_dir / f"index.{suffix}", text))
    return [*indices, *written]


def write_paper_report(
    regime: str, reports_dir: Path, formats: Sequence[str] = ("md",), *, figures: bool = True
) -> list[Path]:
    """Write a published ladder, without any measurement, into reports/paper-REGIME; the same bytes each time.

    Args:
        regime: "resnet50" or "resnet200".
        reports_dir: Folder of reports.
        formats: See `write_report`.
        figures: See `write_report`.

    Raises:
        ModernizeError: If there is no such table or format.
    """
    check_formats(formats)
    if regime not in PUBLISHED_REGIMES:
        raise unknown_name("published table", regime, PUBLISHED_REGIMES)
    from modernize.report.paper_page import paper_page, paper_study

    def page(keys: Sequence[str], *, panels: bool) -> Page:
        return paper_page(regime, keys, panels=panels)

    study = paper_study(regime)
    rows, folder = make_rows(study, []), reports_dir / study.name
    written = write_pages(page, folder, formats, Artist(study=study, rows=rows, published=True) if figures else None)
    if "csv" in formats or "json" in formats:
        from modernize.report.tables import csv_text, json_text, published_table

        table = published_table(study, rows)
        if "csv" in formats:
            written.append(write_atomically(folder / "report.csv", csv_text(table)))
        if "json" in formats:
            facts = {"study": study.name, "regime": regime, "rungs": table}
            written.append(write_atomically(folder / "report.json", json_text(facts)))
    return written


def write_pages(page: Callable[..., Page], folder: Path, formats: Sequence[str], artist: Artist | None) -> list[Path]:
    """Write a page as Markdown, HTML and LaTeX, as far as they are asked for.

    Args:
        page: Gives the page, from the keys of the drawings there are and whether rung panels are shown (`panels`).
        folder: Where the files go.
        formats: See `write_report`.
        artist: Draws the figures; None for none.
    """
    written: list[Path] = []
    if "md" in formats:
        from modernize.report.render import to_markdown

        names, files = artist.files(folder) if artist else ({}, [])
        written.append(write_atomically(folder / "report.md", to_markdown(page(tuple(names), panels=False), names)))
        written += files
    if "html" in formats:
        from modernize.report.render import to_html

        elements = artist.elements() if artist else {}
        written.append(write_atomically(folder / "report.html", to_html(page(tuple(elements), panels=True), elements)))
    if "latex" in formats:
        from modernize.report.latex import to_latex

        written.append(write_atomically(folder / "report.tex", to_latex(page((), panels=False))))
    return written


def _has_runs(rows: Sequence[Row]) -> bool:
    return any(row.records for row in rows)
