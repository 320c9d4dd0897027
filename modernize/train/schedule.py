"""Learning-rate schedules as a function of the step. Plain arithmetic, no torch."""

from __future__ import annotations

import math

from modernize.spec import Recipe


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of one optimizer step.

    Args:
        recipe: Its `lr`, `min_lr`, schedule, `warmup_epochs` and `epochs` are read.
        step: Counted from 0.
        steps_per_epoch: Optimizer steps in an epoch.

    Examples:
        >>> classic = Recipe(epochs=90)
        >>> [learning_rate(classic, step, 1) for step in (0, 29, 30, 60)]
        [0.1, 0.1, 0.01, 0.001]
        >>> [learning_rate(Recipe(step_epochs=(80, 120)), step, 1) for step in (79, 80, 120)]
        [0.1, 0.01, 0.001]
    """
    total = recipe.epochs * steps_per_epoch
    warmup = round(recipe.warmup_epochs * steps_per_epoch)
    if step < warmup:
        return recipe.lr * step / warmup
    if recipe.schedule == "step":
        return float(f"{recipe.lr * _factor(recipe, step, steps_per_epoch):.12g}")
    progress = (step - warmup) / max(1, total - warmup)
    return recipe.min_lr + (recipe.lr - recipe.min_lr) * 0.5 * (1 + math.cos(math.pi * progress))


def _factor(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """Return what the rate has been multiplied by until this step."""
    over = step / steps_per_epoch
    if recipe.step_every_epochs:
        times = int(over // recipe.step_every_epochs)
    elif recipe.step_epochs:
        times = sum(over >= epoch for epoch in recipe.step_epochs)
    else:
        times = 3 * step // (recipe.epochs * steps_per_epoch)
    factors = recipe.step_factors
    return factors[0] ** times if len(factors) == 1 else math.prod(factors[:times])
