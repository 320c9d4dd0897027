"""What reaches the screen: data on stdout, notes and progress on stderr. The only file that imports rich.

Where stdout is no terminal, text is plain and complete; rich is not even imported.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

from modernize.cli.layout import Column, paragraph, table_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

WIDEST_PROSE = 100
PLAIN_PROSE = 80


def width() -> int | None:
    """Characters in a line of the terminal; None where stdout is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def say(text: str = "", style: str = "") -> None:
    """Print a line of data to stdout, styled where it is a terminal."""
    _write(text, style, error=False)


def note(text: str, style: str = "dim") -> None:
    """Print a line to stderr: what happens, not what was asked for."""
    _write(text, style, error=True)


def say_json(data: Any) -> None:
    """Print plain JSON to stdout."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def say_table(heads: Sequence[Column], rows: Iterable[Sequence[str]], styles: Sequence[str] = ()) -> None:
    """Print a table to stdout.

    Args:
        heads: Its columns.
        rows: Cells by row.
        styles: A rich style a row; plain where they run out.
    """
    head, *body = table_lines(heads, list(rows), width())
    for line in head:
        say(line, "bold")
    for index, lines in enumerate(body):
        for line in lines:
            say(line, styles[index] if index < len(styles) else "")


def say_prose(name: str, text: str, indent: int = 0, style: str = "") -> None:
    """Print a folded paragraph to stdout, its name at the left."""
    for line in paragraph(name, text, min(width() or PLAIN_PROSE, WIDEST_PROSE), indent or len(name) + 2):
        say(line, style)


def progress_bars() -> Progress:
    """Build the one live display, on stderr: a task a line, with its bar, its time and its field `info`."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        TimeElapsedColumn(),
        TextColumn("{task.fields[info]}", markup=False),
        console=_console(error=True),
        transient=True,
    )


def error_is_terminal() -> bool:
    """Whether a live display can be drawn on stderr."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _write(text: str, style: str, *, error: bool) -> None:
    stream: TextIO = sys.stderr if error else sys.stdout
    if style and stream.isatty():
        from rich.text import Text

        _console(error=error).print(Text(text, style=style), soft_wrap=True)
    else:
        stream.write(f"{text}\n")


@cache
def _console(*, error: bool) -> Console:
    from rich.console import Console

    return Console(stderr=error, highlight=False)
