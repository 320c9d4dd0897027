"""report.md and report.html from a page; everything that comes from a user is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modernize.report.view import Cell, Page, keys_of

if TYPE_CHECKING:
    from jinja2 import Template

# An underscore inside a word, and > or # behind the start of the text, mean themselves already; an address is no link.
_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)|^[>#]|^[+-](?=\s)|:(?=//)|(?<=www)\.", re.IGNORECASE)

# "+5.00 [+2.52, +7.48]" means itself as it is: no digit, sign or bracket of it makes a link.
_NUMBERS = re.compile(r"[−+\d.,%±n=() \[\]]+")  # noqa: RUF001 - a true minus, as reports print it


def escape_markdown(text: str) -> str:
    r"""Make text mean itself in Markdown, also in a table cell.

    Examples:
        >>> print(escape_markdown("a|b *c* <script>"))
        a\|b \*c\* &lt;script>
        >>> print(escape_markdown("https://a.example"))
        https\://a.example
    """
    if _NUMBERS.fullmatch(text):
        return text
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\g<0>", plain)


class Safe(str):
    """Markdown that is not escaped again."""

    __slots__ = ()


def to_markdown(page: Page, figures: Mapping[str, str]) -> str:
    """Write a page as Markdown.

    Args:
        page: What it shows.
        figures: File name without suffix of each of its figures, by key.
    """
    text = template("report.md.j2", finalize=_finalize).render(
        page=page,
        files={key: Safe(name) for key, name in figures.items()},
        safe=Safe,
        footnote=lambda key: Safe(f"[^{key}]" if key else ""),
    )
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


def to_html(page: Page, drawings: Mapping[str, str]) -> str:
    """Write a page as one HTML file that needs no network: styles, script, figures and data are inline.

    Args:
        page: What it shows; all its text is escaped.
        drawings: SVG elements of its figures, by key; not escaped.
    """
    from markupsafe import Markup

    return template("report.html.j2", autoescape=True).render(
        page=page,
        keys=keys_of(panel.step for panel in page.panels),
        notes={key: number for number, (key, _) in enumerate(page.footnotes, 1)},
        drawings={key: Markup(svg) for key, svg in drawings.items()},  # noqa: S704 - drawn here, text escaped there
        widths={key: _width_pt(svg) for key, svg in drawings.items()},
        columns=_sort_values,
    )


def template(name: str, **options: Any) -> Template:
    """Load a template of this room; `options` are those of jinja2's environment."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - HTML asks for it; Markdown and LaTeX escape in their own ways
        loader=PackageLoader("modernize.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    return environment.get_template(name)


def _finalize(value: Any) -> Any:
    return escape_markdown(value) if isinstance(value, str) and not isinstance(value, Safe) else value


def _width_pt(svg: str) -> float:
    """Width that a drawing was made for; wider it would have larger letters than the text."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ', svg)
    return float(found[1]) if found else 960.0


def _sort_values(row: tuple[Cell, ...], number: int) -> list[tuple[Cell, Any]]:
    """Give each cell with what its column is sorted by: the ladder's order for steps, else its value or its text."""
    first, *others = row
    return [(first, number), *((cell, cell.text if cell.value is None else cell.value) for cell in others)]
