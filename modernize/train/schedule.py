"""Learning-rate schedules as a function of the step. Plain arithmetic, no torch."""

from __future__ import annotations

import math

from modernize.spec import Recipe


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of one optimizer step.

    Args:
        recipe: Its `lr`, `min_lr`, `schedule`, `warmup_epochs` and `epochs` are read.
        step: Counted from 0.
        steps_per_epoch: Optimizer steps in an epoch.

    Examples:
        >>> classic = Recipe(epochs=90)
        >>> [learning_rate(classic, step, 1) for step in (0, 29, 30, 60)]
        [0.1, 0.1, 0.01, 0.001]
    """
    total = recipe.epochs * steps_per_epoch
    warmup = round(recipe.warmup_epochs * steps_per_epoch)
    if step < warmup:
        return recipe.lr * step / warmup
    if recipe.schedule == "step":
        return float(f"{recipe.lr * 0.1 ** (3 * step // total):.12g}")
    progress = (step - warmup) / max(1, total - warmup)
    return recipe.min_lr + (recipe.lr - recipe.min_lr) * 0.5 * (1 + math.cos(math.pi * progress))
