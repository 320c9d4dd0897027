"""report.md from a page; everything that comes from a user is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from modernize.report.rows import Row
from modernize.report.study_page import study_page
from modernize.report.view import Page
from modernize.results.study import Study

TEMPLATE = "report.md.j2"

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


def render(study: Study, rows: Sequence[Row], figures: Mapping[str, str], problems: Sequence[str]) -> str:
    """Write the report of a study.

    Args:
        study: The plan.
        rows: At least one of them with a record.
        figures: File name without suffix of each figure by its key; empty for none.
        problems: Files that could not be read.

    Returns:
        Markdown.
    """
    return to_markdown(study_page(study, rows, figures, problems), figures)


def to_markdown(page: Page, figures: Mapping[str, str]) -> str:
    """Write a page.

    Args:
        page: What it shows.
        figures: File name without suffix of each of its figures, by key.

    Returns:
        Markdown.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - Markdown, not HTML: `finalize` escapes
        loader=PackageLoader("modernize.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    text = environment.get_template(TEMPLATE).render(
        page=page,
        files={key: Safe(name) for key, name in figures.items()},
        safe=Safe,
        footnote=lambda key: Safe(f"[^{key}]" if key else ""),
    )
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


def _finalize(value: Any) -> Any:
    return escape_markdown(value) if isinstance(value, str) and not isinstance(value, Safe) else value
