"""A study watched live: bars on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modernize.cli.console import QUIET_SECONDS, error_is_terminal, note, progress_bars
from modernize.cli.execution import execution_words
from modernize.cli.layout import printable
from modernize.cli.reading import ReadingProgress
from modernize.run.observer import Observer
from modernize.words import clock, images_per_second, plural

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from modernize.results.record import Record
    from modernize.run.plan import Plan
    from modernize.run.task import Task

ENOUGH_TO_EXTRAPOLATE = 0.01
"""Share of the work."""

LONGEST_SILENCE = 300.0
"""Where there are no bars, a line an epoch, but `QUIET_SECONDS` apart; and one so often in epochs that take long."""


@dataclass(slots=True)
class _Running:
    """A run in flight: what it has done, and when (and how many images in) it was first seen training."""

    task: Task
    epoch: int = 0
    step: int = 0
    images: int = 0
    first: tuple[float, int] | None = None

    @property
    def num_steps(self) -> int:
        recipe = self.task.trained_recipe
        return max(1, int(recipe["epochs"]) * (self.task.data.num_train_images // int(recipe["batch_size"])))

    @property
    def share(self) -> float:
        return min(1.0, self.step / self.num_steps)

    def saw(self, epoch: int, step: int, images: int, now: float) -> None:
        self.epoch, self.step, self.images = epoch, step, images
        self.first = self.first or (now, images)

    def describe(self, now: float) -> str:
        if self.first is None:
            return "starting"
        since, images = self.first
        speed = f", {images_per_second((self.images - images) / (now - since))}" if now - since > 1 else ""
        epochs = self.task.trained_recipe["epochs"]
        return f"epoch {min(self.epoch + 1, epochs)}/{epochs}, step {self.step}/{self.num_steps}{speed}"


class LiveProgress(Observer):
    """Shows rungs, epochs, steps, images a second and the time left.

    Args:
        live: Whether to draw bars; by default if stderr is a terminal.
        clock: Seconds from any origin; tests bring their own.
    """

    def __init__(self, live: bool | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._live = error_is_terminal() if live is None else live
        self._clock = clock
        self._reading = ReadingProgress(self._live, clock)
        self._running: dict[str, _Running] = {}
        self._work = self._work_done = 0.0
        self._num_runs = self._num_ended = 0
        self._last_line = 0.0
        # When training was first seen, and the share of the work done by then: loading torch tells nothing of the rest.
        self._began: tuple[float, float] | None = None
        self._bars: Progress | None = None
        self._total: TaskID | None = None
        self._rows: dict[str, TaskID] = {}

    def reading(self, done: int, total: int) -> None:
        """Show how far the reading of image files is."""
        self._reading(done, total)

    def start(self, plan: Plan, done: Sequence[Record], jobs: int) -> None:
        """Say what is planned and what is skipped."""
        finished = {record.run_id for record in done}
        todo = [task for task in plan.tasks if task.run_id not in finished]
        self._work = sum(task.work for task in todo)
        self._num_runs = len(todo)
        self._last_line = self._clock()
        study = plan.study
        size = f"{plural(len(study.rungs), 'rung')} x {plural(len(study.seeds), 'seed')}"
        note(f"{study.name}: {size}, {plural(study.epochs, 'epoch')} of {study.data}", "bold")
        if done:
            note(f"{len(done)} of {plural(len(plan.tasks), 'run')} finished already: skipped")
        if others := {record.copied_from for record in done} - {""}:
            copied = sum(bool(record.copied_from) for record in done)
            note(f"{copied} of them are copies from results/{', results/'.join(sorted(others))}")
        if todo:
            on = execution_words(todo, plan.placement.gpus)
            note(f"{plural(len(todo), 'run')} to do, {min(jobs, len(todo))} at a time; {on}")
        if todo and self._live:
            self._bars = progress_bars()
            self._total = self._bars.add_task("ladder", total=1.0, info="")
            self._bars.start()
            self._refresh()

    def run_started(self, task: Task) -> None:
        """Show a run."""
        self._running[task.run_id] = _Running(task)
        if self._bars:
            self._rows[task.run_id] = self._bars.add_task(_name(task), total=1.0, info="starting")

    def step(self, task: Task, epoch: int, step: int, images: int) -> None:
        """Move a run on."""
        run, now = self._running[task.run_id], self._clock()
        new_epoch = epoch > run.epoch
        run.saw(epoch, step, images, now)
        self._began = self._began or (now, self._share())
        if self._bars:
            self._bars.update(self._rows[task.run_id], completed=run.share, info=run.describe(now))
            self._refresh()
        elif not self._live and now - self._last_line >= (QUIET_SECONDS if new_epoch else LONGEST_SILENCE):
            self._last_line = now
            note(f"{_name(task)}: {run.describe(now)}; {self._left(now)}")

    def run_finished(self, task: Task, record: Record) -> None:
        """Say how a run ended."""
        self._running.pop(task.run_id, None)
        self._work_done += task.work
        self._num_ended += 1
        self._last_line = now = self._clock()
        if self._bars:
            self._bars.remove_task(self._rows.pop(task.run_id))
            self._refresh()
        left = "" if self._live or self._num_ended == self._num_runs else f"; {self._left(now)}"
        note(f"{_name(task)}: {_ending(record)}{left}", "" if record.status == "finished" else "red")

    def note(self, task: Task, text: str) -> None:
        """Say something about a run: resumed, waiting for another process, a checkpoint refused."""
        note(f"{_name(task)}: {text}")

    def close(self) -> None:
        """Take the bars down."""
        if self._bars:
            self._bars.stop()
            self._bars = None

    def _refresh(self) -> None:
        if self._bars and self._total is not None:
            text = f"{self._num_ended}/{self._num_runs} runs, {self._left(self._clock())}"
            self._bars.update(self._total, completed=self._share(), info=text)

    def _share(self) -> float:
        running = sum(run.task.work * run.share for run in self._running.values())
        return (self._work_done + running) / self._work if self._work else 1.0

    def _left(self, now: float) -> str:
        began, share_then = self._began or (now, 0.0)
        share = self._share()
        if share - share_then < ENOUGH_TO_EXTRAPOLATE:
            return "time left not known yet"
        return f"about {clock((now - began) * (1 - share) / (share - share_then))} left"


def _name(task: Task) -> str:
    return printable(f"{task.rung.step} seed {task.seed}")


def _ending(record: Record) -> str:
    if record.status == "failed":
        return f"failed: {record.error}"
    if record.status == "diverged":
        return f"diverged in epoch {record.result.epoch + 1}"
    speed = record.speed
    return (
        f"top-1 {record.result.top1_percent:.2f} %, {images_per_second(speed.images_per_second)}, {speed.seconds:.0f} s"
    )
