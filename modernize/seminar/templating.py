"""How the seminar's pages are written: templates of this room, all text escaped, words and shapes for answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modernize.report.provenance import MEASURED, PUBLISHED
from modernize.seminar.answers import MARKS, Answer

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
_STYLES: dict[Answer | None, str] = {
    "better": "better", "no clear change": "same", "worse": "worse", "higher": "higher", "lower": "lower",
    None: "unknown-truth",
}  # fmt: skip


def environment() -> Environment:
    """Return where templates are found; what a user or a step wrote is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("modernize.seminar"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"sentence": _sentence, "ticks": _ticks, "kind": _STYLES.__getitem__}
    found.globals |= {"marks": MARKS | {None: ""}, "measured": MEASURED, "published": PUBLISHED}
    return found


def own_text(name: str) -> Markup:
    """Return a file of the templates' folder, to be put into a page as it is."""
    from markupsafe import Markup

    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704 - our own file


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
