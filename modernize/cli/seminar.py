"""`modernize seminar`: slides, handout, answers and notebook at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from modernize.cli.choose import course_named
from modernize.cli.console import say
from modernize.cli.options import Regime, Replace, Results, StudyName, examples, option

EXAMPLES = examples("modernize seminar", "modernize seminar --study laptop-cifar10-subset --out friday")


def seminar(
    regime: Regime = "resnet50",
    study: StudyName = "",
    results: Results = None,
    out: Annotated[Path, option("--out", "Folder to write into.", "DIR")] = Path("seminar"),
    replace: Replace = False,
) -> None:
    """Write what a seminar needs: slides.html, the notebook seminar.ipynb, and two sheets of paper.

    handout.html is to be printed and predicted on, answers.html stays with whoever asks.

    From published numbers, or from a study's records beside them. The instructor's guide is docs/instructor.md.
    """
    from modernize.seminar.kit import write_kit

    for path in write_kit(course_named(regime, study, results), out, replace=replace):
        say(str(path))
