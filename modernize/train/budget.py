"""Budgets: how much training a run gets, and how a recipe is shortened to fit. This is the only place that does so.

The paper trains for 300 epochs on 1.28 million images; a laptop has minutes. A shortened recipe keeps what defines it
(optimizer, shape of the schedule, weight decay, label smoothing, which weights are decayed) and gives up what pays
only in long training (mixup, CutMix, RandAugment, random erasing, stochastic depth: they slow learning down to prevent
overfitting that a short run never reaches). Every change is listed in words and printed in the report.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from modernize.errors import ModernizeError, unknown_name
from modernize.spec import Recipe

WARMUP_SHARE = 0.2
"""Of a short run; the paper's 20 of 300 epochs would be less than one epoch."""

UNTRAINED = (
    "rand_augment",
    "random_resized_crop",
    "color_jitter",
    "mixup",
    "cutmix",
    "random_erasing",
    "clip_grad_norm",
    "ema_decay",
)
"""Recipe fields that the training loop cannot switch on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much training a run gets.

    Attributes:
        name: On the command line.
        epochs: Epochs of each run.
        batch_size: Images in one step.
        train_images: Images trained on; None for the whole split.
        test_images: Images evaluated on; None for the whole split.
        sgd_lr: Peak learning rate of the classic recipe at this batch size.
        adamw_lr: Peak learning rate of the modern recipe at this batch size.
        layer_scale_init: Starting value of LayerScale; from 1e-6 it needs thousands of steps to grow.
        shift_pixels: Random shift that stands in for RandomResizedCrop, which suits large images.
        what: One line for help and reports.
    """

    name: str
    epochs: int
    batch_size: int
    train_images: int | None
    test_images: int | None
    sgd_lr: float
    adamw_lr: float
    layer_scale_init: float
    shift_pixels: int
    what: str


BUDGETS = {
    budget.name: budget
    for budget in (
        Budget(
            name="smoke",
            epochs=14,
            batch_size=64,
            train_images=4000,
            test_images=2000,
            sgd_lr=0.05,
            adamw_lr=0.008,
            layer_scale_init=1.0,
            shift_pixels=2,
            what="minutes on a laptop: shows the machinery, not the paper's effects",
        ),
        Budget(
            name="short",
            epochs=60,
            batch_size=64,
            train_images=None,
            test_images=None,
            sgd_lr=0.05,
            adamw_lr=0.004,
            layer_scale_init=1.0,
            shift_pixels=2,
            what="an hour or more: the whole data set, shortened recipes",
        ),
    )
}

DEFAULT_BUDGET = "smoke"


def get_budget(name: str, *, epochs: int | None = None) -> Budget:
    """Return a budget, with other epochs if given.

    Raises:
        ModernizeError: If there is no such budget, or the epochs are not positive.
    """
    if name not in BUDGETS:
        raise unknown_name("budget", name, BUDGETS)
    if epochs is not None and epochs < 1:
        raise ModernizeError(f"--epochs should be at least 1, not {epochs}.")
    return BUDGETS[name] if epochs is None else replace(BUDGETS[name], epochs=epochs)


def shorten(recipe: Recipe, budget: Budget, *, mirror: bool = True) -> tuple[Recipe, tuple[str, ...]]:
    """Fit a recipe to a budget.

    Args:
        recipe: As the paper has it.
        budget: What there is.
        mirror: Whether a mirrored image keeps its class on this data (digits do not).

    Returns:
        The recipe as it will be trained, and what was changed, in sentences for the report.

    Raises:
        ModernizeError: If something is left that the training loop does not do.
    """
    modern = recipe.optimizer == "adamw"
    lr = budget.adamw_lr if modern else budget.sgd_lr
    short = replace(
        recipe,
        epochs=budget.epochs,
        batch_size=budget.batch_size,
        lr=lr,
        warmup_epochs=WARMUP_SHARE * budget.epochs if recipe.warmup_epochs else 0.0,
        rand_augment="",
        random_resized_crop=False,
        shift_pixels=budget.shift_pixels,
        horizontal_flip=recipe.horizontal_flip and mirror,
        color_jitter=0.0,
        mixup=0.0,
        cutmix=0.0,
        mix_probability=0.0,
        random_erasing=0.0,
        stochastic_depth=0.0,
        layer_scale_init=budget.layer_scale_init,
        eval_crop_ratio=1.0,
    )
    refuse_untrained(short)
    changes = [
        (
            f"{recipe.epochs} epochs -> {short.epochs}; batch {recipe.batch_size} -> {short.batch_size}; "
            f"peak learning rate {recipe.lr:g} -> {short.lr:g}"
        ),
        f"random resized crops -> shifts of up to {short.shift_pixels} px"
        + ("" if mirror else "; no mirroring, which would change the class of some images"),
    ]
    if recipe.schedule == "step":
        changes.append("the learning rate still falls to a tenth after each third of training")
    if modern:
        changes += [
            f"cosine schedule kept, warmup {recipe.warmup_epochs:g} epochs -> {short.warmup_epochs:g}",
            (
                "RandAugment, colour jitter, mixup, CutMix, random erasing and stochastic depth are off: "
                "they pay in long training only"
            ),
            (
                f"LayerScale starts at {short.layer_scale_init:g} instead of {recipe.layer_scale_init:g}, "
                "which would keep the branches switched off for most of a short run"
            ),
        ]
    return short, tuple(changes)


def refuse_untrained(recipe: Recipe) -> None:
    """Refuse a recipe that asks for what the training loop does not do, lest a record claim it.

    Raises:
        ModernizeError: Naming the first such field.
    """
    for field in UNTRAINED:
        if value := getattr(recipe, field):
            raise ModernizeError(f"recipe.{field} is {value!r}, which training does not support yet; turn it off.")
