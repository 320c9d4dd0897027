"""`modernize seminar`: slides, handout and notebook at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modernize.cli.course_options import Replace, Results, StudyName, course_named
from modernize.cli.options import Regime, examples

EXAMPLES = examples("modernize seminar", "modernize seminar --study laptop-cifar10-subset --out friday")


def seminar(
    regime: Regime = "resnet50",
    study: StudyName = "",
    results: Results = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.", metavar="DIR")] = Path("seminar"),
    replace: Replace = False,
) -> None:
    """Write what a seminar needs: slides.html, handout.md to predict on, and the notebook seminar.ipynb.

    From published numbers, or from a study's records beside them. The instructor's guide is docs/instructor.md.
    """
    from modernize.cli.console import say
    from modernize.seminar.kit import write_kit

    for path in write_kit(course_named(regime, study, results), out, replace=replace):
        say(str(path))
