"""From a results folder to a report folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from modernize.errors import MissingResultsError, unknown_name
from modernize.published import PUBLISHED_REGIMES
from modernize.report.credit_facts import credit_json, credit_table
from modernize.report.credit_page import credit_page
from modernize.report.drawings import Artist
from modernize.report.gather import gather, read_study
from modernize.report.index_page import Indexed, index_page
from modernize.report.kept import with_kept
from modernize.report.latex import to_latex
from modernize.report.panels import study_panels
from modernize.report.paper_page import paper_page
from modernize.report.render import to_html, to_markdown
from modernize.report.rows import Row, make_rows, records_of
from modernize.report.specs import paper_study
from modernize.report.study_page import study_page
from modernize.report.tables import Flat, csv_text, json_text, published_table, study_json, table_rows
from modernize.report.view import Page
from modernize.results.files import write_atomically
from modernize.results.store import find_study
from modernize.results.study import Study


class Draws(Protocol):
    """Draws what a page shows, see `modernize.report.drawings.Artist`."""

    def files(self, folder: Path) -> tuple[dict[str, str], list[Path]]:
        """Write figures for Markdown: file names without suffix by key, and the files."""
        ...

    def elements(self) -> dict[str, str]:
        """Give figures for HTML: SVG elements by key."""
        ...


FORMATS = ("md", "html", "latex", "csv", "json")
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
    plan, rows, problems = read_study(find_study(results_dir, study or ""))
    return write_study(plan, rows, problems, reports_dir / plan.name, formats, figures=figures)


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
    found = gather(results_dir)
    if not found.studies:
        raise MissingResultsError(f"no study and no record under {results_dir}: `modernize run` makes them.")
    written: list[Path] = []
    shown = [Indexed(study, with_kept(make_rows(study, found.records), results_dir)) for study in found.studies]
    for study, rows in shown:
        if records_of(rows):
            begin(study.name, len(shown))
            written += write_study(study, rows, (), reports_dir / study.name, formats, figures=figures)
    indices = [
        write_atomically(
            reports_dir / f"index.{suffix}", render(index_page(shown, found.unplanned, found.problems, suffix), {})
        )
        for suffix, render in (("md", to_markdown), ("html", to_html))
        if suffix in formats
    ]
    return [*indices, *written]


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
    if study.attribution:
        return write_formats(
            folder / "report",
            formats,
            lambda keys, panels: credit_page(study, rows, keys, problems),  # noqa: ARG005
            table=lambda: credit_table(study, rows),
            facts=lambda: credit_json(study, rows, problems),
            artist=Artist(study=study, rows=rows, only=("credit",)) if figures else None,
        )

    def page(keys: Sequence[str], *, panels: bool) -> Page:
        laid_out = study_page(study, rows, keys, problems)
        return replace(laid_out, panels=study_panels(study, rows)) if panels else laid_out

    return write_formats(
        folder / "report",
        formats,
        page,
        table=lambda: table_rows(study, rows),
        facts=lambda: study_json(study, rows, problems),
        artist=Artist(study=study, rows=rows) if figures and len(rows) <= MOST_RUNGS_IN_FIGURES else None,
    )


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
    study = paper_study(regime)
    rows = make_rows(study, [])
    return write_formats(
        reports_dir / study.name / "report",
        formats,
        lambda keys, panels: paper_page(study, rows, keys, panels=panels),
        table=lambda: published_table(study, rows),
        facts=lambda: {"study": study.name, "regime": regime, "rungs": published_table(study, rows)},
        artist=Artist(study=study, rows=rows) if figures else None,
    )


def check_formats(formats: Sequence[str]) -> None:
    """Refuse a format that there is not.

    Raises:
        ModernizeError: If one is unknown.
    """
    for name in formats:
        if name not in FORMATS:
            raise unknown_name("report format", name, FORMATS)


def write_formats(
    stem: Path,
    formats: Sequence[str],
    page: Callable[..., Page],
    *,
    table: Callable[[], Sequence[Flat]],
    facts: Callable[[], Mapping[str, Any]],
    artist: Draws | None = None,
) -> list[Path]:
    """Write a page, its table and its facts in the formats asked for.

    Args:
        stem: Path of the files without their suffix.
        formats: Any of `FORMATS`.
        page: Gives the page, from the keys of the drawings there are and whether rung panels are shown (`panels`).
        table: Gives what "csv" holds.
        facts: Gives what "json" holds.
        artist: Draws the figures; None for none.
    """
    written: list[Path] = []

    def write(suffix: str, text: str) -> None:
        written.append(write_atomically(stem.with_name(f"{stem.name}.{suffix}"), text))

    if "md" in formats:
        names, files = artist.files(stem.parent) if artist else ({}, [])
        write("md", to_markdown(page(tuple(names), panels=False), names))
        written += files
    if "html" in formats:
        elements = artist.elements() if artist else {}
        write("html", to_html(page(tuple(elements), panels=True), elements))
    if "latex" in formats:
        write("tex", to_latex(page((), panels=False)))
    if "csv" in formats:
        write("csv", csv_text(table()))
    if "json" in formats:
        write("json", json_text(facts()))
    return written
