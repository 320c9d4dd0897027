"""How far the reading of image files is: a bar on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from modernize.cli.console import QUIET_SECONDS, error_is_terminal, note, progress_bars
from modernize.words import clock

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

BAR_AFTER_SECONDS = 1.0
"""Nothing is said of what is read sooner."""


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
