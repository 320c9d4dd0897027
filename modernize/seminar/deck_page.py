"""The deck as one HTML file that needs no network: styles, script and pictures are inline."""

from __future__ import annotations

from modernize.report.figures import svg_text
from modernize.report.figures.look import LOOKS
from modernize.report.provenance import MEASURED, PUBLISHED
from modernize.seminar.course import Course
from modernize.seminar.deck import deck
from modernize.seminar.templating import environment, own_text
from modernize.words import plural

TEMPLATE = "slides.html.j2"
SHORTCUTS = (
    ("→ ↓ space, click", "next: first the answer, then the slide"),
    ("← ↑", "back"),
    ("Home, End", "first, last"),
    ("S or N", "speaker notes"),
    ("W", "notes in a window of their own"),
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
    pictures = {
        slide.id: svg_text(slide.draw(), f"picture-{i}", slide.alt) for i, slide in enumerate(slides) if slide.draw
    }
    return (
        environment()
        .get_template(TEMPLATE)
        .render(
            slides=slides,
            pictures={key: Markup(svg) for key, svg in pictures.items()},  # noqa: S704 - matplotlib's own, escaped
            shortcuts=SHORTCUTS,
            colours=_colours(),
            foot=_foot(course),
            css=own_text("slides.css"),
            js=own_text("slides.js"),
        )
    )


def _foot(course: Course) -> str:
    """Say where the numbers come from, in a line that fits under a slide; the first slide says all of it."""
    table = f"{PUBLISHED.glyph} {PUBLISHED.word}: {course.table_name}, ImageNet-1K"
    if not course.study:
        return table
    size = f"{plural(course.plan.epochs, 'epoch')}, {plural(len(course.plan.seeds), 'seed')}"
    return f"{table}   {MEASURED.glyph} {MEASURED.word}: {course.plan.name}, {size}"


def _colours() -> list[tuple[str, tuple[str, str]]]:
    """Name what slides and figures colour alike, each on light and on dark pages."""
    light, dark = LOOKS["light"], LOOKS["dark"]
    kinds = {"k1x1": "1x1", "dense": "dense", "depthwise": "depthwise"}
    return [
        ("measured", MEASURED.ink),
        ("published", PUBLISHED.ink),
        ("mark", (light.mark, dark.mark)),
        *((name, (light.kinds[kind], dark.kinds[kind])) for name, kind in kinds.items()),
    ]
