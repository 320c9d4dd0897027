"""What training gave, without torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from modernize.results.record import Curves, Execution, Result, WeightsFile


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
    weights: WeightsFile = field(default_factory=WeightsFile)
    ema_weights: WeightsFile = field(default_factory=WeightsFile)


def final_result(curves: Curves, *, diverged: bool, test: tuple[float, float] | None = None) -> Result:
    """Return the last epoch's result on the test images, with the best epoch kept apart.

    Args:
        curves: Of all epochs done. The best epoch is chosen on the validation images where there are any.
        diverged: A diverged run has no result.
        test: Loss and top-1 in percent on the test images, where they were looked at only once, at the end.
    """
    top1 = curves.val_top1_percent or curves.test_top1_percent
    best = max(range(len(top1)), key=lambda i: top1[i]) if top1 else -1
    if test is None and not diverged:
        test = curves.test_loss[-1], curves.test_top1_percent[-1]
    return Result(
        top1_percent=None if diverged or test is None else test[1],
        loss=None if diverged or test is None else test[0],
        epoch=len(top1),
        best_top1_percent=top1[best] if top1 else None,
        best_epoch=best + 1,
    )
