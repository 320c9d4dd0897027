"""What reaches the screen: data on stdout, notes and progress on stderr. The only file that imports rich.

Where stdout is no terminal, text is plain and complete; rich is not even imported.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

from modernize.cli.layout import CONTROLS, Column, paragraph, printable, table_lines, unbroken
from modernize.words import clock

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

WIDEST_PROSE = 100
PLAIN_PROSE = 80

COLOURS = {"green": "color(28)", "red": "color(160)", "yellow": "color(130)", "dim": "color(243)"}
"""What styles are drawn in: colours that are read on white and on black; a terminal's own are not."""

QUIET_SECONDS = 10.0
"""Where there are no bars, lines of progress are at least this far apart."""

BAR_AFTER_SECONDS = 1.0
"""Nothing is said of what is read sooner."""


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
    import json

    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


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


@contextmanager
def progress(what: str) -> Iterator[Callable[[str, int], None]]:
    """Show on stderr how far a job is, as a bar on a terminal and as a line now and then elsewhere.

    Nothing may be printed to stdout meanwhile.

    Args:
        what: The job.

    Yields:
        A function to be told the name of each part as it begins, and how many parts there are.
    """
    begun, last = 0, time.monotonic()
    bars = progress_bars() if error_is_terminal() else None
    task = bars.add_task(printable(what), total=1, info="") if bars else None

    def begin(name: str, total: int) -> None:
        nonlocal begun, last
        begun += 1
        text = printable(f"{begun} of {total}: {name}")
        if bars and task is not None:
            bars.update(task, completed=begun - 1, total=total, info=text)
        elif time.monotonic() - last >= QUIET_SECONDS:
            last = time.monotonic()
            note(f"{what}, {text}")

    with bars or nullcontext():
        yield begin


class ReadingProgress:
    """Shows how many files have been read and the time left; a `modernize.datasets.image_files.Watcher`.

    Args:
        live: Whether to draw a bar; by default if stderr is a terminal.
        clock: Seconds from any origin; tests bring their own.
    """

    def __init__(self, live: bool | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._live = error_is_terminal() if live is None else live
        self._clock = clock
        self._began: float | None = None
        self._last_line = 0.0
        self._bar: tuple[Progress, TaskID] | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show that so many of all files have been read."""
        now = self._clock()
        if self._began is None:
            self._began = self._last_line = now
        seconds = now - self._began
        if done == total:
            self._end()
        elif self._live and seconds >= BAR_AFTER_SECONDS:
            self._draw(done, total, self._text(done, total, seconds))
        elif not self._live and now - self._last_line >= QUIET_SECONDS:
            self._last_line = now
            note(f"reading images: {self._text(done, total, seconds)}")

    def _text(self, done: int, total: int, seconds: float) -> str:
        left = f", about {clock(seconds * (total - done) / done)} left" if done else ""
        return f"{done:,} of {total:,}{left}"

    def _draw(self, done: int, total: int, text: str) -> None:
        if self._bar is None:
            bars = progress_bars()
            self._bar = bars, bars.add_task("reading images", total=total, info="")
            bars.start()
        bars, bar = self._bar
        bars.update(bar, completed=done, info=text)

    def _end(self) -> None:
        if self._bar:
            self._bar[0].stop()
        self._bar = self._began = None


def error_is_terminal() -> bool:
    """Whether a live display can be drawn on stderr."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _write(text: str, style: str, *, error: bool) -> None:
    stream: TextIO = sys.stderr if error else sys.stdout
    text = printable(text)
    if stream.isatty():
        text = unbroken(text, shutil.get_terminal_size().columns)
    if style and stream.isatty():
        from rich.text import Text

        drawn = " ".join(COLOURS.get(word, word) for word in style.split())
        _console(error=error).print(Text(text, style=drawn), soft_wrap=True)
    else:
        stream.write(f"{text}\n")


@cache
def _console(*, error: bool) -> Console:
    from rich.console import Console
    from rich.theme import Theme

    return Console(stderr=error, highlight=False, theme=Theme({"progress.elapsed": COLOURS["dim"]}))
