"""What does the runs of a study: workers of this machine, processes that torchrun started, or a cluster's jobs."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from modernize.run.events import Tell
from modernize.run.task import Task


class Executor(Protocol):
    """Does tasks; entered before the study is planned and left when it is done, also by an error or Ctrl-C.

    Whoever does a task writes its record into the folder of results (`modernize.run.worker` does); the study only hears
    that the run has ended, and reads the folder.
    """

    @property
    def jobs(self) -> int:
        """Runs at a time."""

    def __enter__(self) -> Self:
        """Get ready, for example by starting processes that load torch while the study is planned."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """End what is in hand."""

    def run(self, tasks: Sequence[Task], handle: Tell) -> None:
        """Do tasks and hand over what happens, at the latest that each is `Ended` or `Elsewhere`."""
