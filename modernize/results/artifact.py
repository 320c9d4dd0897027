"""Artifacts: the trained weights that a run leaves, as safetensors in its own folder.

    runs/<run id>/weights.safetensors      the network's state dict after the last step, or the chosen epoch
    runs/<run id>/ema.safetensors          that of the weights' moving average, where the recipe has one
    runs/<run id>/pictures.png             what its network draws, where that is what it learns
    runs/<run id>/predictions.safetensors  what it took the test images for (`modernize.results.predictions`)

The record names them with size and hash, so that whoever begins with them knows what they are. They may be thrown away
at any time: a record is complete without them. Small pictures are kept beside the record too, of one run an entry.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from modernize.errors import ModernizeError
from modernize.results.files import write_atomically
from modernize.results.record import Record, WeightsFile

RUNS = "runs"
WEIGHTS_FILE, EMA_FILE = "weights.safetensors", "ema.safetensors"
PICTURES_FILE = "pictures.png"
PREDICTIONS_FILE = "predictions.safetensors"
KEPT_FILES = (WEIGHTS_FILE, EMA_FILE, PICTURES_FILE, PREDICTIONS_FILE)
MOST_PICTURE_BYTES = 2**18
"""Of pictures that are kept beside a record too."""

PREFIX = "run:"
"""What begins the name of a run's weights where a file would do: `run:3f2a`."""

SHORTEST_ID = 4


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of weights.

    Attributes:
        record: Of the run that left it.
        about: Its name, hash and size as recorded.
        path: Where it lies, or lay.
    """

    record: Record
    about: WeightsFile
    path: Path

    @property
    def state(self) -> str:
        """Say "kept", "changed" (its size is another), or "gone"."""
        try:
            return "kept" if self.path.stat().st_size == self.about.num_bytes else "changed"
        except OSError:
            return "gone"


def artifacts(records: Iterable[Record], out: Path) -> Iterator[Artifact]:
    """List the weights that runs left, those of the network before their moving average.

    Args:
        records: Of the runs; a run that several studies share is listed once.
        out: The folder that holds runs/.
    """
    for record in {record.run_id: record for record in records}.values():
        for about in (record.weights, record.ema_weights):
            if about.file in (WEIGHTS_FILE, EMA_FILE):  # a record may come from anywhere
                yield Artifact(record, about, out / RUNS / record.run_id / about.file)


def run_called(name: str, records: Iterable[Record]) -> Record:
    """Find a run.

    Args:
        name: "run:ID", or the id alone; its first digits will do.
        records: Where to look for it.

    Raises:
        ModernizeError: If there is no such run, or several.
    """
    wanted = name.removeprefix(PREFIX)
    found = {record.run_id: record for record in records if wanted and record.run_id.startswith(wanted)}
    if len(wanted) < SHORTEST_ID or len(found) != 1:
        why = f"{len(found)} runs begin so" if len(found) > 1 else "no record has this id"
        why = f"give at least {SHORTEST_ID} digits of its id" if len(wanted) < SHORTEST_ID else why
        raise ModernizeError(f"there is no run '{wanted}': {why}. `modernize weights` lists them.")
    return found.popitem()[1]


def weights_of_run(record: Record, out: Path) -> Path:
    """Return the file of a run's weights, as they were evaluated: the moving average where there is one.

    Args:
        record: Of the run.
        out: The folder that holds runs/.

    Raises:
        ModernizeError: If it kept no weights, or their file is missing or not the recorded one.
    """
    kept = list(artifacts([record], out))
    if not kept:
        raise ModernizeError(f"run {record.run_id} kept no weights; `modernize run` with --repeat does it again.")
    last = kept[-1]
    try:
        with last.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        why = f"{last.path}: {error.strerror}"
        raise ModernizeError(f"the weights of run {record.run_id} cannot be read: {why}.") from error
    if digest != last.about.sha256:
        raise ModernizeError(f"{last.path} has changed since run {record.run_id} wrote it: its hash is another.")
    return last.path


def record_stem(record: Record) -> str:
    """Return the name, without suffix, of what the results folder holds of a run."""
    step = re.sub(r"[^\w.+-]", "_", record.entry.name)
    return f"{step}-seed{record.seed}-{record.run_id[:8]}"


def picture_file(record: Record, folder: Path) -> Path:
    """Say where small pictures of a run lie beside its record, so that they go where records go.

    Args:
        record: Of the run.
        folder: The results folder.
    """
    return folder / record.study / f"{record_stem(record)}.png"


def sample_file(record: Record, folder: Path) -> Path:
    """Say where sample images of the data that a run was trained on lie, beside its record.

    Args:
        record: Of the run.
        folder: The results folder.
    """
    return folder / record.study / f"samples-{re.sub(r'[^0-9a-z]', '', record.data.fingerprint)[:8]}.png"


def keep_pictures(record: Record, folder: Path, run_folder: Path) -> None:
    """Put a run's pictures there, if they are small and no other run of its entry's has any there.

    Args:
        record: Of the run.
        folder: The results folder.
        run_folder: The run's own.
    """
    path, drawn = picture_file(record, folder), run_folder / PICTURES_FILE
    with suppress(OSError, ModernizeError):  # they stay in the run's folder
        of_entry = f"{path.name.rpartition('-seed')[0]}-seed*.png"
        if drawn.stat().st_size <= MOST_PICTURE_BYTES and not any(path.parent.glob(of_entry)):
            write_atomically(path, drawn.read_bytes())


def clear_run(folder: Path, *, keep_weights: bool = True) -> None:
    """Remove what a run in hand needed: claim and checkpoints, and the folder if nothing is left in it.

    Args:
        folder: The run's own.
        keep_weights: Whether its weights stay.
    """
    there: list[Path] = []
    with suppress(OSError):  # it is gone, or no folder
        there += folder.iterdir()
    for path in there:
        if keep_weights and path.name in KEPT_FILES:
            continue
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    with suppress(OSError):
        folder.rmdir()
