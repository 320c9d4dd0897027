"""Several things timed in turn, pass by pass, so that whatever drifts (clock, heat, other programs) hits all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from textwrap import shorten
from typing import TypeVar

import torch

from modernize.errors import one_line
from modernize.measure.memory import added_memory_mb

Key = TypeVar("Key", bound=Hashable)

LONGEST_REASON = 160


@dataclass(slots=True)
class Task:
    """Something to time.

    Attributes:
        call: One pass.
        ready: What has to be done before each pass, untimed.
    """

    call: Callable[[], object]
    ready: Callable[[], object] = lambda: None


@dataclass(slots=True)
class Passes:
    """What was measured of a task so far.

    Attributes:
        seconds: Wall time of each pass.
        processor_seconds: Processor time of each, over all threads.
        peak_memory_mb: See `modernize.measure.memory.added_memory_mb`.
        why_not: One line, where a pass failed.
    """

    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)
    peak_memory_mb: float | None = None
    why_not: str = ""


def time_in_turn(
    tasks: Mapping[Key, Task], found: dict[Key, Passes], *, device: str, warm_up: int, repeats: int
) -> None:
    """Time tasks round robin; one that fails says why and is left out of what follows.

    Args:
        tasks: By key.
        found: Filled meanwhile, so that an interrupt leaves what was measured.
        device: "cpu" or a GPU, which is waited for at the end of each pass.
        warm_up: Untimed passes of each, at least one; memory is measured behind them.
        repeats: Timed passes of each.
    """
    alive = dict(tasks)

    def attempt(key: Key, do: Callable[[Task], None]) -> None:
        try:
            alive[key].ready()
            do(alive[key])
        except Exception as error:  # a device, a compiler and a library may raise anything
            found[key] = Passes(why_not=reason(error))
            del alive[key]

    for key in tasks:
        found[key] = Passes()
        for _ in range(warm_up):
            if key in alive:
                attempt(key, lambda task: _wait(task.call(), device))
        if key in alive:
            attempt(key, lambda task, key=key: _note_memory(task, found[key], device))  # type: ignore[misc]
    for _ in range(repeats):
        for key in list(alive):
            attempt(key, lambda task, key=key: _note_time(task, found[key], device))  # type: ignore[misc]


def reason(error: BaseException) -> str:
    """Say in one line what went wrong."""
    return shorten(one_line(error), LONGEST_REASON, placeholder=" ...")


def _note_memory(task: Task, passes: Passes, device: str) -> None:
    passes.peak_memory_mb = added_memory_mb(lambda: _wait(task.call(), device), device)


def _note_time(task: Task, passes: Passes, device: str) -> None:
    processor, wall = time.process_time(), time.perf_counter()
    _wait(task.call(), device)
    passes.seconds.append(time.perf_counter() - wall)
    passes.processor_seconds.append(time.process_time() - processor)


def _wait(_result: object, device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
