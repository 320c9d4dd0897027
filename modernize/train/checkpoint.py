"""Checkpoints: how far a run has come, on disk, so that an interrupted one goes on where it stopped.

A checkpoint is a folder that appears whole or not at all:

    checkpoint-0000000120/          named after the steps done
        weights.safetensors         the network's state dict
        state.safetensors           all else that is made of tensors: optimizer, moving average of the weights (EMA),
                                    and of each process its random numbers and the loss of the epoch under way
        progress.json               whose it is, and the numbers: position, curves so far, seconds so far
        SHA256SUMS                  of the three, as `sha256sum --check` reads them

Nothing in it is a pickle, so reading one runs no code of whoever wrote it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from modernize.results.files import sync_folder

FORMAT = 1
NUM_KEPT = 2
"""The last one and the one before, in case the last is damaged."""

SECONDS_BETWEEN = 20.0
MOST_SHARE = 0.02
"""Of the time that writing may take; checkpoints of a large network come less often."""

MOST_STRETCH = 30.0
"""But no less often than every so many times the wanted interval."""

_NAME = re.compile(r"checkpoint-\d{10}")
_WEIGHTS, _STATE, _PROGRESS, _SUMS = "weights.safetensors", "state.safetensors", "progress.json", "SHA256SUMS"


class CheckpointError(Exception):
    """A checkpoint that cannot be used; one line says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Everything that decides how a run goes on.

    Attributes:
        step: Optimizer steps done.
        weights: The network's state dict.
        state: All other tensors, by any name.
        progress: Plain data for JSON.
    """

    step: int
    weights: dict[str, Tensor]
    state: dict[str, Tensor]
    progress: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run. A run has one writer at a time.

    Args:
        folder: The run's own; made when the first checkpoint is written.
        owner: Names what the run is, in full; a checkpoint of another owner is refused.
        seconds_between: Time from one to the next; 0 for one at every step.
        note: Told in one line of everything that a user may want to know.
        clock: Seconds from any origin.
    """

    def __init__(
        self,
        folder: Path,
        owner: str,
        *,
        seconds_between: float = SECONDS_BETWEEN,
        note: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.owner = owner
        self.note = note
        self._seconds_between = seconds_between
        self._clock = clock
        self._due = clock() + seconds_between
        self._warned = False

    def due(self) -> bool:
        """Whether it is time for the next one."""
        return self._clock() >= self._due

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint and drop all but the last two.

        One that cannot be written is noted, the first time, and costs the run nothing.
        """
        began = self._clock()
        try:
            self._write(checkpoint)
        except OSError as error:
            if not self._warned:
                self._warned = True
                why = error.strerror or str(error)
                self.note(f"no checkpoint can be written to {self.folder}: {why}; training goes on without")
        now = self._clock()
        wait = max(self._seconds_between, min((now - began) / MOST_SHARE, MOST_STRETCH * self._seconds_between))
        self._due = now + wait

    def restore(self, into: Callable[[Checkpoint], None]) -> bool:
        """Give the last usable checkpoint to `into`.

        A damaged or foreign one is noted, set aside under another name, and the one before is used.

        Args:
            into: Raises CheckpointError, and has changed nothing, if the checkpoint does not fit.

        Returns:
            Whether there was one.
        """
        with suppress(OSError):
            for leftover in self.folder.glob(".checkpoint-*.tmp"):
                shutil.rmtree(leftover, ignore_errors=True)
        for path in reversed(self._paths()):
            try:
                into(self._read(path))
            except CheckpointError as error:
                self.note(f"{path} is not used: {error}")
                with suppress(OSError):
                    path.rename(path.with_name(f"refused-{time.time_ns()}-{path.name}"))
            else:
                return True
        return False

    def _paths(self) -> list[Path]:
        with suppress(OSError):
            return sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))
        return []

    def _write(self, checkpoint: Checkpoint) -> None:
        path = self.folder / f"checkpoint-{checkpoint.step:010d}"
        about = {"format": FORMAT, "owner": self.owner, "step": checkpoint.step, "torch": str(torch.__version__)}
        files = {
            _WEIGHTS: save(contiguous(checkpoint.weights), {key: str(value) for key, value in about.items()}),
            _STATE: save(contiguous(checkpoint.state)),
            _PROGRESS: json.dumps(about | {"progress": checkpoint.progress}, allow_nan=False, indent=1).encode(),
        }
        sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
        part = self.folder / f".{path.name}.{secrets.token_hex(8)}.tmp"
        try:
            part.mkdir(parents=True)
            for name, data in (files | {_SUMS: sums.encode()}).items():
                with (part / name).open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            sync_folder(part)
            part.rename(path)
            sync_folder(self.folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        for old in self._paths()[:-NUM_KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def _read(self, path: Path) -> Checkpoint:
        try:
            sums = (path / _SUMS).read_text().splitlines()
            files = {name: (path / name).read_bytes() for name in (_WEIGHTS, _STATE, _PROGRESS)}
        except (OSError, ValueError) as error:
            raise CheckpointError(f"it is incomplete or cannot be read ({type(error).__name__})") from error
        for name, data in files.items():
            if f"{hashlib.sha256(data).hexdigest()}  {name}" not in sums:
                raise CheckpointError(f"{name} is damaged, its checksum differs")
        try:
            about = json.loads(files[_PROGRESS])
            weights, state = load(files[_WEIGHTS]), load(files[_STATE])
            written = about["format"], about["owner"]
            step, progress, version = int(about["step"]), dict(about["progress"]), about["torch"]
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError, SafetensorError) as error:
            raise CheckpointError(f"it is no checkpoint of modernize ({type(error).__name__})") from error
        if written != (FORMAT, self.owner):
            raise CheckpointError(f"it belongs to {written[1]} in format {written[0]}, not to {self.owner}")
        if version != str(torch.__version__):
            self.note(f"begun with torch {version}, resumed with {torch.__version__}: last digits may differ")
        return Checkpoint(step=step, weights=weights, state=state, progress=progress)


def copy_into(live: dict[str, Tensor], saved: dict[str, Tensor]) -> Callable[[], None]:
    """Check that saved tensors fit live ones, and return what copies them over.

    Args:
        live: Tensors by name, changed in place.
        saved: As many of the same names, shapes and types.

    Raises:
        CheckpointError: If they differ.
    """
    if differing := live.keys() ^ saved.keys():
        raise CheckpointError(f"it lacks {min(differing)} or has it in excess")
    for name, tensor in live.items():
        if (tensor.shape, tensor.dtype) != (saved[name].shape, saved[name].dtype):
            raise CheckpointError(f"its {name} is {tuple(saved[name].shape)}, not {tuple(tensor.shape)}")

    @torch.no_grad()
    def copy() -> None:
        for name, tensor in live.items():
            tensor.copy_(saved[name])

    return copy


def contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors as safetensors writes them: detached, in the order of their dimensions."""
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
