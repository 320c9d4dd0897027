"""How far a run has come, as plain data for a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

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
