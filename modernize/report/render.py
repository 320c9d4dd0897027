"""report.md and report.html from a page; everything that comes from a user is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from html import escape
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from modernize.report.narrow import narrowed
from modernize.report.view import Block, Cell, Figure, Items, Page, Paragraph, Section, Table, is_source, keys_of

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
    """Write a page as Markdown that answers on its first screen; what only some look for is folded.

    Args:
        page: What it shows.
        figures: File name without suffix of each of its figures, by key; of a dark one it goes on with "-dark".
    """
    text = template("report.md.j2", finalize=_finalize).render(
        page=_for_markdown(page),
        files={key: Safe(name) for key, name in figures.items()},
        safe=Safe,
        attribute=lambda text: Safe(escape(text, quote=True)),
        text_of=lambda text: Safe(escape(text, quote=False)),
        footnote=lambda key: Safe(f"[^{key}]" if key and not is_source(key) else ""),
    )
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


def _for_markdown(page: Page) -> Page:
    """Fit tables into a code host's column, and fold the sources of rows: footnotes would have a screen."""
    sources = tuple((key.partition("-")[2], text) for key, text in page.footnotes if is_source(key))
    sections = [replace(section, blocks=tuple(_narrow(section.blocks))) for section in page.sections]
    if sources:
        sections.append(Section("sources", "Records and sources", (Items(sources),), folded=True))
    footnotes = tuple(note for note in page.footnotes if not is_source(note[0]))
    return replace(page, sections=tuple(sections), footnotes=footnotes)


def _narrow(blocks: Iterable[Block]) -> Iterable[Block]:
    for block in blocks:
        if isinstance(block, Table) and block.narrow:
            table, meant = narrowed(block)
            yield table
            yield from [Paragraph(f"{meant}.")] if meant else []
        else:
            yield block


def to_html(page: Page, drawings: Mapping[str, str]) -> str:
    """Write a page as one HTML file that needs no network: styles, script, figures and data are inline.

    Args:
        page: What it shows; all its text is escaped.
        drawings: SVG elements of its figures, by key; not escaped.
    """
    from markupsafe import Markup

    return template("report.html.j2", autoescape=True).render(
        page=replace(page, sections=tuple(_for_html(page))),
        answer=tuple(takewhile(lambda block: isinstance(block, Paragraph), page.lead)),
        keys=keys_of(panel.step for panel in page.panels),
        notes={key: number for number, (key, _) in enumerate(page.footnotes, 1)},
        drawings={key: Markup(svg) for key, svg in drawings.items()},  # noqa: S704 - drawn here, text escaped there
        widths={key: _width_pt(svg) for key, svg in drawings.items()},
        columns=_sort_values,
    )


def _for_html(page: Page) -> Iterable[Section]:
    """Leave what rung panels show to them, and put the deltas of the main table beside the names of its rows."""
    for section in page.sections:
        blocks = [
            _delta_second(block) if isinstance(block, Table) and block.narrow else block for block in section.blocks
        ]
        if section.rungs and page.panels:
            blocks = [block for block in blocks if isinstance(block, Figure)]
        if blocks:
            yield replace(section, blocks=tuple(blocks))


def _delta_second(table: Table) -> Table:
    deltas = [i for i, column in enumerate(table.columns) if column.number and "delta" in column.name][:1]
    order = [0, *deltas, *(i for i in range(1, len(table.columns)) if i not in deltas)]
    columns = tuple(table.columns[i] for i in order)
    return replace(table, columns=columns, rows=tuple(tuple(row[i] for i in order) for row in table.rows))


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
