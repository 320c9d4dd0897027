"""Keeping the weights of a run that has finished."""

from __future__ import annotations

import hashlib
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from modernize.models.description import Description
from modernize.results.artifact import EMA_FILE, WEIGHTS_FILE
from modernize.results.files import write_atomically
from modernize.results.record import WeightsFile
from modernize.train.checkpoint import contiguous
from modernize.train.learner import Learner


def keep_weights(learner: Learner, folder: Path, description: Description) -> tuple[WeightsFile, WeightsFile]:
    """Write the final weights of a network, and those of their moving average where there is one.

    Args:
        learner: At the end of its run.
        folder: The run's own.
        description: Written into the files.

    Returns:
        What was written, for the record; the second is empty without a moving average.

    Raises:
        ModernizeError: If they cannot be written.
    """

    def written(name: str, state: dict[str, Tensor]) -> WeightsFile:
        data = save(contiguous(state), description.to_metadata())
        write_atomically(folder / name, data)
        return WeightsFile(file=name, sha256=hashlib.sha256(data).hexdigest(), num_bytes=len(data))

    average = learner.ema.module.state_dict() if learner.ema else None
    return (
        written(WEIGHTS_FILE, learner.network.state_dict()),
        written(EMA_FILE, average) if average is not None else WeightsFile(),
    )
