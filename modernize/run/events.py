"""What happens to runs while a study is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modernize.results.record import Record
from modernize.run.task import Task

Tell = Callable[[dict[str, Any]], None]
"""Takes a message about a run, plain data: see `modernize.run.worker`."""


@dataclass(frozen=True, slots=True)
class Started:
    """A worker took a task."""

    task: Task


@dataclass(frozen=True, slots=True)
class Noted:
    """Something about a run, in one line."""

    task: Task
    text: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A run is not done: another process (`holder`) has it in hand or, if that is "", has finished it."""

    task: Task
    holder: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """A run has done `step` steps and is in `epoch` (from 0)."""

    task: Task
    epoch: int
    step: int
    images: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A run ended, well or not; its record says which."""

    task: Task
    record: Record


Event = Started | Progressed | Noted | Elsewhere | Ended


def event_of(task: Task, message: dict[str, Any]) -> Event:
    """Read a message about a run."""
    match message["event"]:
        case "step":
            return Progressed(task, message["epoch"], message["step"], message["images"])
        case "note":
            return Noted(task, message["text"])
        case "elsewhere":
            return Elsewhere(task, message["holder"])
        case _:
            return Ended(task, Record.from_json(message["record"]))
