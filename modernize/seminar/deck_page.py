"""The deck as one HTML file that needs no network: styles, script and pictures are inline."""

from __future__ import annotations

from modernize.report.figures import svg_text
from modernize.seminar.course import Course
from modernize.seminar.deck import deck
from modernize.seminar.templating import environment, own_text

TEMPLATE = "slides.html.j2"
SHORTCUTS = (
    ("→ ↓ space, click", "next"),
    ("← ↑", "back"),
    ("Home, End", "first, last"),
    ("S or N", "speaker notes"),
    ("O", "all slides"),
    ("T", "light or dark"),
    ("F", "full screen"),
    ("P", "print: one slide a page"),
    ("?", "these keys"),
)


def slides_html(course: Course) -> str:
    """Write the deck of a course.

    Args:
        course: Of a study, or of published numbers.

    Returns:
        HTML; text that comes from users or steps is escaped.
    """
    from markupsafe import Markup

    slides = deck(course)
    pictures = {s.id: svg_text(s.draw(), f"picture-{i}", s.alt) for i, s in enumerate(slides) if s.draw}
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            slides=slides,
            pictures={key: Markup(svg) for key, svg in pictures.items()},  # noqa: S704 - matplotlib's own, escaped
            shortcuts=SHORTCUTS,
            foot=course.setting,
            css=own_text("slides.css"),
            js=own_text("slides.js"),
        )
    )
