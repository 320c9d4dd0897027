"""Who watches a study run: the command line draws bars, the Python API prints lines."""

from __future__ import annotations

from collections.abc import Sequence

from modernize.results.record import Record
from modernize.run.plan import Plan
from modernize.run.task import Task


class Observer:
    """Watches nothing; override what you want to see."""

    def reading(self, done: int, total: int) -> None:
        """So many of all image files have been read, before there is a plan; both are equal at the end."""

    def start(self, plan: Plan, done: Sequence[Record], jobs: int) -> None:
        """The study is planned.

        Args:
            plan: All runs.
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
        """Nothing more will happen (also after an error or Ctrl-C)."""
