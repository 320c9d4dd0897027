"""Classification: cross-entropy, with mixed and smoothed targets where the recipe says so, and top-1."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from modernize.entry import Trainable
from modernize.metrics import LOSS, TOP1
from modernize.objectives.mixing import Mixing, mixes
from modernize.objectives.objective import Evaluator, Forward, Objective, Processes


class Classification(Objective):
    """The networks map images (n, 3, h, w) to logits (n, classes); targets are labels (n,), int64.

    timm is imported only for a recipe with mixup or CutMix.
    """

    def __init__(self, entry: Trainable, **facts: Any) -> None:
        super().__init__(entry, **facts)
        self.mixing = (
            Mixing(
                self.recipe,
                num_classes=self.num_classes,
                batch_size=self.batch_size,
                seed=self.seed,
                rank=self.rank,
            )
            if mixes(self.recipe)
            else None
        )

    def prepare(self, inputs: Tensor, targets: Tensor, *, step: int) -> tuple[Tensor, Tensor]:
        """Mix images and labels, where the recipe does."""
        return self.mixing(inputs, targets, step=step) if self.mixing else (inputs, targets)

    def loss(self, forward: Forward, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy."""
        # Mixed targets are smoothed already.
        smoothing = 0.0 if self.mixing else self.recipe.label_smoothing
        return F.cross_entropy(forward(inputs).float(), targets, label_smoothing=smoothing)

    def evaluator(self) -> Evaluator:
        """Return what counts."""
        return _Counts()


class _Counts(Evaluator):
    """Sums of loss and right answers, which stay on the device."""

    def __init__(self) -> None:
        self.loss_sum: Tensor | float = 0.0
        self.correct: Tensor | int = 0
        self.count = 0

    def add(self, forward: Forward, inputs: Tensor, targets: Tensor) -> None:
        logits = forward(inputs).float()
        self.loss_sum = self.loss_sum + F.cross_entropy(logits, targets, reduction="sum").double()
        self.correct = self.correct + (logits.argmax(dim=1) == targets).sum()
        self.count += len(targets)

    def metrics(self, world: Processes) -> dict[str, float]:
        loss, correct, count = world.sum(float(self.loss_sum), float(self.correct), float(self.count))
        return {TOP1.name: 100.0 * correct / count, LOSS.name: loss / count}
