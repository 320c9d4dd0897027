"""`modernize slides`: a deck to present, as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from modernize.cli.choose import course_named
from modernize.cli.console import say
from modernize.cli.options import Regime, Replace, Results, StudyName, examples, option
from modernize.errors import ModernizeError

EXAMPLES = examples("modernize slides", "modernize slides --study laptop-cifar10-subset --out deck.html")


def slides(
    regime: Regime = "resnet50",
    study: StudyName = "",
    results: Results = None,
    out: Annotated[Path, option("--out", "The file to write.", "FILE")] = Path("slides.html"),
    replace: Replace = False,
) -> None:
    """Write slides: each step with its diagram and code, a prediction to make, then what was published and measured.

    One HTML file that needs no network. Arrow keys move and reveal answers, S shows the speaker notes, W puts them into
    a window of their own, O all slides, ? all keys; printed, it has one slide a page.
    """
    from modernize.results.files import write_atomically
    from modernize.seminar.deck_page import slides_html

    if out.exists() and not out.is_dir() and not replace:
        raise ModernizeError(f"{out} exists; give --replace, or another --out.")
    say(str(write_atomically(out, slides_html(course_named(regime, study, results)))))
