"""How far a run has come, as plain data for a checkpoint."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field

from modernize.results.record import Curves


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a run has come and what it has measured.

    Attributes:
        epoch: Epochs done, evaluation included.
        batch: Steps done in the epoch under way.
        curves: One value for each epoch done.
        epoch_seconds: One value for each epoch done, and one for the epoch under way.
        training_seconds: Spent in training steps.
        seconds: Spent in training, evaluation and checkpoints.
        num_resumes: How often it was resumed.
    """

    epoch: int = 0
    batch: int = 0
    curves: Curves = field(default_factory=Curves)
    epoch_seconds: tuple[float, ...] = (0.0,)
    training_seconds: float = 0.0
    seconds: float = 0.0
    num_resumes: int = 0

    def book(self, seconds: float, *, training: bool) -> None:
        """Add time to the epoch under way."""
        self.seconds += seconds
        self.epoch_seconds = (*self.epoch_seconds[:-1], self.epoch_seconds[-1] + seconds)
        self.training_seconds += seconds * training

    def next_epoch(self, curves: Curves) -> None:
        """Begin the next epoch.

        Args:
            curves: Those so far, the epoch that is done included.
        """
        self.curves = curves
        self.epoch, self.batch = self.epoch + 1, 0
        self.epoch_seconds = (*self.epoch_seconds, 0.0)

    def contradiction(self, *, step: int, epochs: int, steps_per_epoch: int, split: str) -> str:
        """Say what a run cannot have come to; "" if there is nothing.

        Args:
            step: Optimizer steps done.
            epochs: Of the whole run.
            steps_per_epoch: Of the run.
            split: What is evaluated after each epoch, "val" or "test".
        """
        where = f"epoch {self.epoch}, batch {self.batch}"
        if not (0 <= self.epoch < epochs and 0 <= self.batch <= steps_per_epoch):
            return f"{where} is outside of {epochs} epochs of {steps_per_epoch} steps"
        if self.epoch * steps_per_epoch + self.batch != step:
            return f"{where} is not after {step} steps"
        curves = asdict(self.curves)
        for name, values in curves.items():
            if len(values) != (self.epoch if name.startswith((split, "train", "lr")) else 0):
                return f"curves.{name} has {len(values)} values after {self.epoch} epochs"
        if len(self.epoch_seconds) != self.epoch + 1:
            return f"epoch_seconds has {len(self.epoch_seconds)} values after {self.epoch} epochs"
        times = (*self.epoch_seconds, self.training_seconds, self.seconds, self.num_resumes)
        if not all(math.isfinite(number) for values in curves.values() for number in values):
            return "its curves are not finite"
        if not all(0 <= number < math.inf for number in times):
            return "its times are negative or not finite"
        return ""
