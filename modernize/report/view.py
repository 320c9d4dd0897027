"""What a report shows before it has a format: sections of paragraphs, lists, tables and figures, as plain data.

Markdown, HTML and LaTeX are three renderings of the same `Page`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: As printed.
        source: Where the value comes from, in words; "" for what is no value.
        value: What a column is sorted by; None sorts last.
        note: Key of a footnote, "" for none.
        rung: Id of the step whose panel the cell leads to.
        link: Address that the cell leads to, "" for none.
        bad: Whether the eye should stop here: a failure, a stale or a missing run.
    """

    text: str
    source: str = ""
    value: float | str | None = None
    note: str = ""
    rung: str = ""
    link: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `number` aligns to the right."""

    name: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list; each item has a label, "" for none, and a text."""

    kind: ClassVar[str] = "items"
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """A table of names and values without a head."""

    kind: ClassVar[str] = "facts"
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `caption` says what it holds to those who do not see it, and under LaTeX's table.

    Attributes:
        narrow: Whether Markdown has to fit it into a code host's column (`modernize.report.narrow`).
    """

    kind: ClassVar[str] = "table"
    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, by its key; `alt` says what it shows to those who do not see it."""

    kind: ClassVar[str] = "figure"
    key: str
    alt: str


@dataclass(frozen=True, slots=True)
class Fold:
    """What a reader opens who wants to know more; only Markdown folds it."""

    kind: ClassVar[str] = "fold"
    title: str
    blocks: tuple[Paragraph | Items | Facts | Table | Figure, ...]


Block = Paragraph | Items | Facts | Table | Figure | Fold


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it.

    Attributes:
        id: For links.
        title: The heading.
        blocks: In order.
        rungs: Whether HTML shows the rung panels in place of the blocks.
        folded: Whether Markdown folds it.
    """

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    rungs: bool = False
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Everything about one rung, for the rung picker.

    Attributes:
        step: Its id.
        title: Its title.
        label: Its id, with its role where it is no rung.
        card: What the step is and why: label and text.
        before: Step it was applied to, "" at the base.
        changes: Field, old and new value; of a recipe's groups also what was trained here.
        diagram: The change drawn in text; "" where the spec is not known.
        drawing: Key of a drawing of the same; "" for none.
        numbers: Label, value and where it comes from.
        curves: Keys of drawings of its training.
    """

    step: str
    title: str
    label: str
    card: tuple[tuple[str, str], ...]
    before: str
    changes: tuple[tuple[str, ...], ...]
    diagram: str
    drawing: str
    numbers: tuple[tuple[str, str, str], ...]
    curves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A report.

    Attributes:
        name: Of the study.
        title: The heading.
        lead: Under the heading.
        sections: In order.
        footnotes: Key and text.
        panels: One a row.
        noun: What a row is.
    """

    name: str
    title: str
    lead: tuple[Block, ...] = ()
    sections: tuple[Section, ...]
    footnotes: tuple[tuple[str, str], ...] = ()
    panels: tuple[Panel, ...] = ()
    noun: str = "rung"


def heads(*names: str) -> tuple[Column, ...]:
    """Columns by name; a trailing ">" marks one of numbers.

    Examples:
        >>> heads("step", "GMACs>")[1]
        Column(name='GMACs', number=True)
    """
    return tuple(Column(name=name.removesuffix(">"), number=name.endswith(">")) for name in names)


def is_source(key: str) -> bool:
    """Whether a footnote names the records and tables behind a row: it is for who looks them up."""
    return key.startswith("rung-")


def unfolded(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Give blocks with those that are folded in their places."""
    return tuple(inner for block in blocks for inner in (block.blocks if isinstance(block, Fold) else (block,)))


def table(
    key: str,
    caption: str,
    items: Iterable[T],
    *columns: tuple[str, Callable[[T], Cell | str]] | None,
    narrow: bool = False,
) -> Table:
    """Make a table of a row an item.

    Args:
        key: See `Table`.
        caption: See `Table`.
        items: What its rows are of.
        columns: The name of each (see `heads`) and what it shows of an item; None is left out.
        narrow: See `Table`.

    Examples:
        >>> table("squares", "Squares.", [2, 3], ("n", str), ("square>", lambda n: Cell(f"{n * n}"))).rows[1][1].text
        '9'
    """
    shown = [column for column in columns if column]
    return Table(
        key,
        caption,
        heads(*(name for name, _ in shown)),
        tuple(tuple(_cell(show(item)) for _, show in shown) for item in items),
        narrow=narrow,
    )


def _cell(shown: Cell | str) -> Cell:
    return Cell(shown) if isinstance(shown, str) else shown


def key_of(text: str) -> str:
    """Make a name usable in links and footnotes.

    Examples:
        >>> key_of("My step <b>")
        'my-step-b'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def keys_of(names: Iterable[str]) -> dict[str, str]:
    """Give each name a key of its own.

    Examples:
        >>> keys_of(["a b", "a-b"])
        {'a b': 'a-b', 'a-b': 'a-b-2'}
    """
    found: dict[str, str] = {}
    for name in names:
        key = stem = key_of(name)
        number = 1
        while key in found.values():
            number += 1
            key = f"{stem}-{number}"
        found.setdefault(name, key)
    return found
