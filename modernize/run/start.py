"""The weights that runs start from, where they are not random."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modernize.entry import Entry
from modernize.errors import ModernizeError
from modernize.results.artifact import PREFIX, run_called, weights_of_run
from modernize.results.store import load_records


@dataclass(frozen=True, slots=True)
class StartWeights:
    """A file of weights.

    Attributes:
        path: Where it lies.
        digest: The first sixteen hex digits of its SHA-256.
    """

    path: Path
    digest: str


def start_weights(path: Path | None, entries: Sequence[Entry], out: Path, image_size: int) -> StartWeights | None:
    """Check the file of weights that was asked for; torch is loaded for that.

    Args:
        path: The file, or "run:ID" for the weights that a run left.
        entries: Which start from them.
        out: Folder that holds results/ and runs/.
        image_size: In pixels.

    Raises:
        ModernizeError: If it cannot be read or does not fit, or the entries are different networks.
    """
    if path is None:
        return None
    if any(entry.model != entries[0].model for entry in entries):
        raise ModernizeError(
            "weights to start from fit one network; choose it with --start STEP and --upto STEP, the same one."
        )
    if str(path).startswith(PREFIX):
        path = weights_of_run(run_called(str(path), load_records(out / "results").records), out)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise ModernizeError(f"the weights in {path} cannot be read: {error.strerror or error}.") from error
    from modernize.train.weights import fitting_weights

    fitting_weights(path, entries[0], image_size=image_size)
    return StartWeights(path, digest)
