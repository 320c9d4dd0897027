"""The deck as one HTML file that needs no network: styles, script and pictures are inline."""

from __future__ import annotations

from pathlib import Path

from modernize.report.figures import svg_text
from modernize.seminar.answers import Truth
from modernize.seminar.course import Course
from modernize.seminar.deck import deck

TEMPLATE = "slides.html.j2"
MARKS = {"better": "▲", "no clear change": "=", "worse": "▼", None: ""}
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
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("modernize.seminar"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"sentence": _sentence, "ticks": _ticks, "kind": _kind}
    templates = Path(__file__).parent / "templates"
    slides = deck(course)
    pictures = {s.id: svg_text(s.draw(), f"picture-{i}", s.alt) for i, s in enumerate(slides) if s.draw}
    return environment.get_template(TEMPLATE).render(
        slides=slides,
        pictures={key: Markup(svg) for key, svg in pictures.items()},  # noqa: S704 - matplotlib's own, escaped
        marks=MARKS,
        shortcuts=SHORTCUTS,
        foot=course.setting,
        css=Markup((templates / "slides.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        js=Markup((templates / "slides.js").read_text(encoding="utf-8")),  # noqa: S704 - our own file
    )


def _sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""


def _ticks(text: str) -> str:
    """Set `words` in backticks as code; everything else is escaped."""
    from markupsafe import Markup, escape

    parts = [escape(part) for part in text.split("`")]
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup().join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))


def _kind(truth: Truth | None) -> str:
    """Name the style of a verdict."""
    return {"better": "better", "worse": "worse", "no clear change": "same", None: "unknown-truth"}[truth]
