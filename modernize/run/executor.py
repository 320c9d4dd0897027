"""What does the runs of a study, workers of this machine or anything else, and what it tells meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Protocol, Self

from modernize.run.task import Task


@dataclass(frozen=True, slots=True)
class Started:
    """Whoever does the run has claimed it; processes that share it may join."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """The run has done `step` steps on `images` images and is in `epoch` (from 0)."""

    run_id: str
    epoch: int
    step: int
    images: int


@dataclass(frozen=True, slots=True)
class Noted:
    """Something about the run, in one line."""

    run_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Queued:
    """The run waits for its turn as a job that outlives this process, or is done by one; the job writes its record."""

    run_id: str
    job: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The run is not done: another process (`holder`) has it in hand or, if that is "", has finished it."""

    run_id: str
    holder: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The run ended, well or not. Its record is in `file`; where that is "", `error` says why it may have left none."""

    run_id: str
    file: str = ""
    error: str = ""


Event = Started | Progressed | Noted | Queued | Elsewhere | Ended
Tell = Callable[[Event], None]

_KINDS = {kind.__name__: kind for kind in (Started, Progressed, Noted, Queued, Elsewhere, Ended)}


def to_line(event: Event) -> str:
    """Write an event as a line of JSON."""
    return json.dumps({"event": type(event).__name__, **asdict(event)}) + "\n"


def from_line(line: str) -> Event | None:
    """Read an event; None if the line holds none: libraries print, and a killed process leaves half a line."""
    try:
        facts = json.loads(line)
        event: Event = _KINDS[facts.pop("event")](**facts)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return event


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
        """Do tasks and hand over what happens, at the latest that each is `Ended`, `Queued` or `Elsewhere`."""
