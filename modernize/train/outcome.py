"""What training gave, without torch."""

from __future__ import annotations

from dataclasses import dataclass

from modernize.results.record import Curves, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What training gave: the measured values of a record.

    Attributes:
        num_resumes: How often the run was resumed after an interruption.
        earlier_seconds: What it had taken before the last one.
    """

    diverged: bool
    curves: Curves
    result: Result
    images_per_second: float
    epoch_seconds: tuple[float, ...]
    num_resumes: int = 0
    earlier_seconds: float = 0.0


def final_result(curves: Curves, *, diverged: bool) -> Result:
    """Return the last epoch's evaluation, with the best epoch kept apart; a diverged run has no result."""
    top1 = curves.test_top1_percent
    best = max(range(len(top1)), key=lambda i: top1[i]) if top1 else -1
    return Result(
        top1_percent=None if diverged else top1[-1],
        loss=None if diverged else curves.test_loss[-1],
        epoch=len(top1),
        best_top1_percent=top1[best] if top1 else None,
        best_epoch=best + 1,
    )
