"""Who watches a study run: nobody, or plain lines on stderr; the command line draws bars."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modernize.results.record import Record
from modernize.results.sources import changed_since
from modernize.run.placement import execution_words
from modernize.run.plan import Plan
from modernize.run.task import Task
from modernize.words import clock, images_per_second, plural

if TYPE_CHECKING:
    from modernize.results.record import Record
    from modernize.run.plan import Plan
    from modernize.run.task import Task


class Observer:
    """Watches nothing; override what you want to see."""

    def reading(self, done: int, total: int) -> None:
        """So many of all image files have been read, before there is a plan; both are equal at the end."""

    def start(self, plan: Plan, done: Sequence[Record], jobs: int) -> None:
        """The study is planned, or where seeds come in rounds, the next round is.

        Args:
            plan: All runs until then.
            done: Records of those that are finished already and will be skipped.
            jobs: Runs at a time.
        """

    def run_started(self, task: Task) -> None:
        """A run begins; those that another process does, or whose worker dies before, end without that."""

    def step(self, task: Task, epoch: int, step: int, images: int) -> None:
        """A run is in `epoch` (from 0) and has done `step` steps on `images` images."""

    def note(self, task: Task, text: str) -> None:
        """Something about a run that a user may want to know, in one line: resumed, waiting, a damaged checkpoint."""

    def run_finished(self, task: Task, record: Record) -> None:
        """A run has ended, and its record is on disk."""

    def close(self) -> None:
        """Nothing more will happen before another `start` (also after an error or Ctrl-C)."""


QUIET_SECONDS = 10.0
"""A line an epoch, but this far apart."""

ENOUGH_TO_EXTRAPOLATE = 0.01
"""Share of the work."""

LONGEST_SILENCE = 300.0
"""In epochs that take long, a line so often."""


@dataclass(slots=True)
class Running:
    """A run in flight: what it has done, and when (and how many images in) it was first seen training."""

    task: Task
    epoch: int = 0
    step: int = 0
    images: int = 0
    first: tuple[float, int] | None = None

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        return min(1.0, self.step / max(1, self.task.num_steps))

    def saw(self, epoch: int, step: int, images: int, now: float) -> None:
        """Note how far it is at this moment."""
        self.epoch, self.step, self.images = epoch, step, images
        self.first = self.first or (now, images)

    def describe(self, now: float) -> str:
        """Say where it is and how fast it goes."""
        if self.first is None:
            return "starting"
        since, images = self.first
        speed = f", {images_per_second((self.images - images) / (now - since))}" if now - since > 1 else ""
        epochs = self.task.trained_recipe["epochs"]
        return f"epoch {min(self.epoch + 1, epochs)}/{epochs}, step {self.step}/{self.task.num_steps}{speed}"


class Lines(Observer):
    """Says what is planned, how each run ends, and about once an epoch how far they are and the time left.

    Args:
        clock: Seconds from any origin; tests bring their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running: dict[str, Running] = {}
        self._work = self._work_done = 0.0
        self._num_runs = self._num_ended = 0
        self._last_line = clock()
        # When training was first seen, and the share of the work done by then: loading torch tells nothing of the rest.
        self._began: tuple[float, float] | None = None

    def say(self, text: str, style: str = "") -> None:  # noqa: ARG002 - for whoever overrides it
        """Print a line; `style` is one of rich's."""
        sys.stderr.write(f"{text}\n")

    def reading(self, done: int, total: int) -> None:
        """Say how far the reading of image files is."""
        if done < total and self._due(QUIET_SECONDS):
            self.say(f"reading images: {done:,} of {total:,}")

    def start(self, plan: Plan, done: Sequence[Record], jobs: int) -> None:
        """Say what is planned and what is skipped."""
        finished = {record.run_id for record in done}
        todo = [task for task in plan.tasks if task.run_id not in finished]
        self._work = sum(task.work for task in todo)
        self._num_runs = len(todo)
        self._work_done, self._num_ended, self._began = 0.0, 0, None  # a round of several begins anew
        self._last_line = self._clock()
        study = plan.study
        self.say(f"{study.name}: {study.size}, {plural(study.epochs, 'epoch')} of {study.data}", "bold")
        if done:
            self.say(f"{len(done)} of {plural(len(plan.tasks), 'run')} finished already: skipped")
        if changed := sum(changed_since(record.sources) for record in done):
            self.say(f"{changed} of them were trained by code that has changed since: --repeat trains them again")
        if others := {record.copied_from for record in done} - {""}:
            copied = sum(bool(record.copied_from) for record in done)
            self.say(f"{copied} of them are copies from results/{', results/'.join(sorted(others))}")
        if todo:
            on = execution_words(todo, plan.placement.gpus)
            self.say(f"{plural(len(todo), 'run')} to do, {min(jobs, len(todo))} at a time; {on}")

    def run_started(self, task: Task) -> None:
        """Remember a run."""
        self._running[task.run_id] = Running(task)

    def step(self, task: Task, epoch: int, step: int, images: int) -> None:
        """Move a run on."""
        run, now = self._running[task.run_id], self._clock()
        new_epoch = epoch > run.epoch
        run.saw(epoch, step, images, now)
        self._began = self._began or (now, self._share())
        self.moved(run, new_epoch=new_epoch)

    def moved(self, run: Running, *, new_epoch: bool) -> None:
        """Say how far a run is, if nothing was said for a while."""
        if self._due(QUIET_SECONDS if new_epoch else LONGEST_SILENCE):
            self.say(f"{run_name(run.task)}: {run.describe(self._clock())}; {self._left(self._clock())}")

    def run_finished(self, task: Task, record: Record) -> None:
        """Say how a run ended."""
        self._running.pop(task.run_id, None)
        self._work_done += task.work
        self._num_ended += 1
        self._last_line = now = self._clock()
        left = f"; {self._left(now)}" if self.tells_left and self._num_ended < self._num_runs else ""
        self.say(f"{run_name(task)}: {_ending(record)}{left}", "" if record.status == "finished" else "red")

    @property
    def tells_left(self) -> bool:
        """Whether the end of a run is the place to say how long the others will take."""
        return True

    def note(self, task: Task, text: str) -> None:
        """Say something about a run: resumed, waiting for another process, a checkpoint refused."""
        self.say(f"{run_name(task)}: {text}")

    def _due(self, seconds: float) -> bool:
        now = self._clock()
        if now - self._last_line < seconds:
            return False
        self._last_line = now
        return True

    def _share(self) -> float:
        running = sum(run.task.work * run.share for run in self._running.values())
        return (self._work_done + running) / self._work if self._work else 1.0

    def _left(self, now: float) -> str:
        began, share_then = self._began or (now, 0.0)
        share = self._share()
        if share - share_then < ENOUGH_TO_EXTRAPOLATE:
            return "time left not known yet"
        return f"about {clock((now - began) * (1 - share) / (share - share_then))} left"


def run_name(task: Task) -> str:
    """Name a run for people."""
    return f"{task.entry.name} seed {task.seed}"


def _ending(record: Record) -> str:
    if record.status == "failed":
        return f"failed: {record.error}"
    if record.status == "diverged":
        return f"diverged in epoch {record.result.epoch + 1}"
    speed = record.speed
    value = f"{record.metric.title} {record.metric.text(record.value or 0.0)}"
    return f"{value}, {images_per_second(speed.images_per_second)}, {speed.seconds:.0f} s"
