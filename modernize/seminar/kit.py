"""Everything a seminar needs, into one folder."""

from __future__ import annotations

from pathlib import Path

from modernize.errors import ModernizeError
from modernize.results.files import write_atomically
from modernize.seminar.course import Course
from modernize.seminar.handout import answers_html, handout_html
from modernize.seminar.notebook import notebook

SLIDES, HANDOUT, ANSWERS, NOTEBOOK = "slides.html", "handout.html", "answers.html", "seminar.ipynb"


def write_kit(course: Course, folder: Path, *, replace: bool = False) -> list[Path]:
    """Write slides, handout, answers and notebook.

    Args:
        course: What slides and sheets are about.
        folder: Where to; made if need be.
        replace: Replace files that are there.

    Returns:
        The files written.

    Raises:
        ModernizeError: If one of them is there already and `replace` is not given; none is written then.
    """
    from modernize.seminar.deck_page import slides_html

    if there := [name for name in (SLIDES, HANDOUT, ANSWERS, NOTEBOOK) if (folder / name).exists() and not replace]:
        raise ModernizeError(f"{folder} already holds {', '.join(there)}; give --replace, or another --out.")
    texts = {
        SLIDES: slides_html(course),
        HANDOUT: handout_html(course),
        ANSWERS: answers_html(course),
        NOTEBOOK: notebook(),
    }
    return [write_atomically(folder / name, text) for name, text in texts.items()]
