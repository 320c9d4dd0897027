"""How far a run in hand is, in a small file beside its claim, for whoever asks from elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from modernize.errors import ModernizeError
from modernize.run.executor import Event, Progressed
from modernize.run.task import Task
from modernize.strict import from_dict

POSITION_FILE = "position.json"
SECONDS_BETWEEN = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a run is.

    Attributes:
        epoch: That it is in, from 1.
        epochs: Of the whole run.
        step: Optimizer steps done.
        num_steps: Of the whole run.
        images_per_second: Since this process trains it; 0.0 where that is not known yet.
    """

    epoch: int
    epochs: int
    step: int
    num_steps: int
    images_per_second: float = 0.0


def positioning(task: Task, clock: Callable[[], float] = time.monotonic) -> Callable[[Event], None]:
    """Return what writes a run's position as it hears of it, every few seconds; a disk that refuses costs nothing."""
    if not task.folder:
        return lambda _: None
    path, epochs = Path(task.folder) / POSITION_FILE, int(task.trained_recipe["epochs"])
    part = path.with_name(f".{POSITION_FILE}.part")
    first: tuple[float, int] | None = None
    written = float("-inf")

    def hear(event: Event) -> None:
        nonlocal first, written
        now = clock()
        if not isinstance(event, Progressed) or now - written < SECONDS_BETWEEN:
            return
        first, written = first or (now, event.images), now
        speed = (event.images - first[1]) / (now - first[0]) if now > first[0] else 0.0
        position = Position(
            epoch=min(event.epoch + 1, epochs),
            epochs=epochs,
            step=event.step,
            num_steps=task.num_steps,
            images_per_second=round(speed, 1),
        )
        with suppress(OSError):  # not synced: nobody wants it after a power cut
            part.write_text(json.dumps(asdict(position)), encoding="utf-8")
            part.replace(path)

    return hear


def position_of(folder: Path) -> Position | None:
    """Read how far a run is; None where nothing is known.

    Args:
        folder: The run's own.
    """
    try:
        return from_dict(Position, json.loads((folder / POSITION_FILE).read_bytes()))
    except (OSError, ValueError, ModernizeError):
        return None


def forget_position(folder: Path) -> None:
    """Remove it: nobody has the run in hand any more."""
    for name in (POSITION_FILE, f".{POSITION_FILE}.part"):
        with suppress(OSError):
            (folder / name).unlink()
