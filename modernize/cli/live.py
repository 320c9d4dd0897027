"""A study watched live: bars on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modernize.cli.console import ReadingProgress, error_is_terminal, note, progress_bars
from modernize.cli.layout import in_one_line, printable
from modernize.run.observer import Lines, Running, run_name

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from modernize.results.record import Record
    from modernize.run.plan import Plan
    from modernize.run.task import Task


class LiveProgress(Lines):
    """Shows rungs, epochs, steps, images a second and the time left.

    Args:
        live: Whether to draw bars; by default if stderr is a terminal.
        clock: Seconds from any origin; tests bring their own.
    """

    def __init__(self, live: bool | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._live = error_is_terminal() if live is None else live
        self._reading = ReadingProgress(self._live, clock)
        self._bars: Progress | None = None
        self._total: TaskID | None = None
        self._rows: dict[str, TaskID] = {}

    def say(self, text: str, style: str = "dim") -> None:
        """Print a line above the bars."""
        note(in_one_line(text), style)

    def reading(self, done: int, total: int) -> None:
        """Show how far the reading of image files is."""
        self._reading(done, total)

    def start(self, plan: Plan, done: Sequence[Record], jobs: int) -> None:
        """Say what is planned and what is skipped."""
        super().start(plan, done, jobs)
        if self._num_runs and self._live:
            self._bars = progress_bars()
            self._total = self._bars.add_task("ladder", total=1.0, info="")
            self._bars.start()
            self._refresh()

    def run_started(self, task: Task) -> None:
        """Show a run."""
        super().run_started(task)
        if self._bars:
            self._rows[task.run_id] = self._bars.add_task(printable(run_name(task)), total=1.0, info="starting")

    def moved(self, run: Running, *, new_epoch: bool) -> None:
        """Move a run's bar on."""
        if self._bars:
            described = run.describe(self._clock())
            self._bars.update(self._rows[run.task.run_id], completed=run.share, info=described)
            self._refresh()
        elif not self._live:
            super().moved(run, new_epoch=new_epoch)

    def run_finished(self, task: Task, record: Record) -> None:
        """Say how a run ended."""
        if self._bars and task.run_id in self._rows:  # it may have ended before it began, or elsewhere
            self._bars.remove_task(self._rows.pop(task.run_id))
        super().run_finished(task, record)
        self._refresh()

    @property
    def tells_left(self) -> bool:
        """Bars tell it all the time."""
        return not self._live

    def close(self) -> None:
        """Take the bars down."""
        if self._bars:
            self._bars.stop()
            self._bars = None

    def _refresh(self) -> None:
        if self._bars and self._total is not None:
            text = f"{self._num_ended}/{self._num_runs} runs, {self._left(self._clock())}"
            self._bars.update(self._total, completed=self._share(), info=text)
