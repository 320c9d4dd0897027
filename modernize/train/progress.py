"""How far a run has come, as plain data for a checkpoint, and what came of it; without torch."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field

from modernize.metrics import Metric
from modernize.results.record import NO_WEIGHTS, Curves, Execution, Result, WeightsFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What training gave: the measured values of a record.

    Attributes:
        execution: How the arithmetic was really done.
        num_resumes: How often the run was resumed after an interruption.
        earlier_seconds: What it had taken before the last one.
        weights: The network's, where they were kept.
        ema_weights: Those of their moving average, likewise.
    """

    diverged: bool
    curves: Curves
    result: Result
    images_per_second: float
    epoch_seconds: tuple[float, ...]
    execution: Execution = field(default_factory=Execution)
    num_resumes: int = 0
    earlier_seconds: float = 0.0
    weights: WeightsFile = NO_WEIGHTS
    ema_weights: WeightsFile = NO_WEIGHTS


def best_epoch(curves: Curves, metric: Metric) -> int:
    """Return the first epoch with the best value of a metric, counted from 1; 0 before the first."""
    values = curves.metrics.get(metric.name, ())
    return values.index((min if metric.falls else max)(values)) + 1 if values else 0


def final_result(curves: Curves, metric: Metric, *, diverged: bool, test: dict[str, float] | None = None) -> Result:
    """Return the result on the test images, with the best epoch kept apart.

    Args:
        curves: Of all epochs done. The best epoch is chosen on the validation images where there are any.
        metric: The primary one.
        diverged: A diverged run has no result.
        test: What was measured on the test images, where they were looked at only once, at the end; else the result is
            the last epoch's.
    """
    values = curves.metrics.get(metric.name, ())
    best = best_epoch(curves, metric)
    last = test or {name: series[-1] for name, series in curves.metrics.items()}
    return Result(
        metrics={} if diverged else last,
        epoch=len(values),
        best=values[best - 1] if best else None,
        best_epoch=best,
    )


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

    def contradiction(
        self, *, step: int, epochs: int, steps_per_epoch: int, split: str, metrics: Collection[str]
    ) -> str:
        """Say what a run cannot have come to; "" if there is nothing.

        Args:
            step: Optimizer steps done.
            epochs: Of the whole run.
            steps_per_epoch: Of the run.
            split: What is evaluated after each epoch, "val" or "test".
            metrics: Names of what is measured.
        """
        where = f"epoch {self.epoch}, batch {self.batch}"
        if not (0 <= self.epoch < epochs and 0 <= self.batch <= steps_per_epoch):
            return f"{where} is outside of {epochs} epochs of {steps_per_epoch} steps"
        if self.epoch * steps_per_epoch + self.batch != step:
            return f"{where} is not after {step} steps"
        if self.epoch and not (self.curves.split == split and self.curves.metrics.keys() == set(metrics)):
            return f"its curves are of {self.curves.split} {', '.join(self.curves.metrics)}"
        curves = {"train_loss": self.curves.train_loss, "lr": self.curves.lr} | self.curves.metrics
        for name, values in curves.items():
            if len(values) != self.epoch:
                return f"curves.{name} has {len(values)} values after {self.epoch} epochs"
        if len(self.epoch_seconds) != self.epoch + 1:
            return f"epoch_seconds has {len(self.epoch_seconds)} values after {self.epoch} epochs"
        times = (*self.epoch_seconds, self.training_seconds, self.seconds, self.num_resumes)
        if not all(math.isfinite(number) for values in curves.values() for number in values):
            return "its curves are not finite"
        if not all(0 <= number < math.inf for number in times):
            return "its times are negative or not finite"
        return ""
