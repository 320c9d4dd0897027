"""Options of the seminar's commands, and the course they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modernize.cli.options import complete_study

if TYPE_CHECKING:
    from modernize.seminar.course import Course

StudyName = Annotated[
    str,
    typer.Option(
        "--study",
        help="Take a study's records, and its regime; published numbers alone without it.",
        metavar="NAME",
        autocompletion=complete_study,
        show_default=False,
    ),
]
Results = Annotated[
    Path | None,
    typer.Option("--results", help="Folder that holds studies.", metavar="DIR", show_default="results"),
]

Replace = Annotated[bool, typer.Option("--replace", help="Replace files that are there.")]


def course_named(regime: str, study: str, results: Path | None) -> Course:
    """Return the course of a study, or of a regime's published numbers where no study is asked for.

    Args:
        regime: Used without a study.
        study: Name or path of a study; "" with `results` given means the newest there.
        results: Folder that holds studies; "results" by default.

    Raises:
        ModernizeError: If there is no such regime or study, or no record.
    """
    from modernize.cli.choose import study_meant
    from modernize.seminar.course import published_course, study_course

    if study or results is not None:
        folder = results or Path("results")
        return study_course(folder, study_meant(folder, study))
    return published_course(regime)
