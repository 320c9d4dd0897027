"""Budgets: how much training a run gets, and how a recipe is shortened to fit. This is the only place that does so.

The paper trains for 300 epochs on 1.28 million images; a laptop has minutes. A shortened recipe keeps what defines it
(optimizer, shape of the schedule, weight decay, label smoothing, which weights are decayed) and gives up what pays
only in long training (mixup, CutMix, RandAugment, random erasing, stochastic depth: they slow learning down to prevent
overfitting that a short run never reaches). Every change is listed in words and printed in the report.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from modernize.errors import ModernizeError, unknown_name
from modernize.spec import Recipe

WARMUP_SHARE = 0.2
"""Of a short run; the paper's 20 of 300 epochs would be less than one epoch."""

UNTRAINED: Mapping[str, tuple[Any, str]] = {
    "random_resized_crop": (False, "random resized crops"),
    "rand_augment": ("", "RandAugment"),
    "color_jitter": (0.0, "colour jitter"),
    "mixup": (0.0, "mixup"),
    "cutmix": (0.0, "CutMix"),
    "random_erasing": (0.0, "random erasing"),
    "clip_grad_norm": (0.0, "gradient clipping"),
    "ema_decay": (0.0, "EMA"),
    "layer_decay": (1.0, "layer-wise learning-rate decay"),
    "head_init_scale": (1.0, "a scaled classifier"),
    "eval_crop_ratio": (1.0, "evaluation crops"),
}
"""Recipe fields that the training loop cannot switch on: what they must be instead, and what they are called."""

UNREAD = ("interpolation", "mix_probability", "mix_switch_probability", "layer_decay_blocks")
"""Recipe fields that the training loop does not read: without effect now, so nobody may set them by hand."""

PAYS_LATE = {
    name: UNTRAINED[name] for name in ("rand_augment", "color_jitter", "mixup", "cutmix", "random_erasing")
} | {"stochastic_depth": (0.0, "stochastic depth")}
"""What a shortened recipe gives up because it pays in long training only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much training a run gets.

    None stands for what the recipe says.

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
        as_printed: Whether recipes are trained with everything they name.
        what: One line for help and reports.
    """

    name: str
    epochs: int | None = None
    batch_size: int | None = None
    train_images: int | None = None
    test_images: int | None = None
    sgd_lr: float | None = None
    adamw_lr: float | None = None
    layer_scale_init: float | None = None
    shift_pixels: int | None = None
    as_printed: bool = False
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
            sgd_lr=0.05,
            adamw_lr=0.004,
            layer_scale_init=1.0,
            shift_pixels=2,
            what="an hour or more: the whole data set, shortened recipes",
        ),
        Budget(
            name="full", as_printed=True, what="each recipe as printed, for days: refused until all of it is trained"
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


def shorten(
    recipe: Recipe, budget: Budget, *, mirror: bool = True, layer_scale: bool = True, given: Collection[str] = ()
) -> tuple[Recipe, tuple[str, ...]]:
    """Fit a recipe to a budget.

    Args:
        recipe: As the paper has it, but for the fields in `given`.
        budget: What there is.
        mirror: Whether a mirrored image keeps its class on this data (digits do not).
        layer_scale: Whether the network has LayerScale.
        given: Fields that the user set by hand: they stay as they are.

    Returns:
        The recipe as it will be trained, and what was changed, in sentences for the report.

    Raises:
        ModernizeError: If something is left that the training loop does not do.
    """
    for name in UNREAD:
        if name in given:
            raise ModernizeError(f"recipe.{name} cannot be set: training does not read it yet.")
    wanted = {} if budget.as_printed else _cuts(recipe, budget, layer_scale=layer_scale)
    wanted |= {"epochs": budget.epochs, "batch_size": budget.batch_size}
    wanted["horizontal_flip"] = recipe.horizontal_flip and mirror
    short = replace(recipe, **{k: v for k, v in wanted.items() if v is not None and k not in given})
    refuse_untrained(short)
    if short.warmup_epochs >= short.epochs:
        raise ModernizeError(
            f"recipe.warmup_epochs is {short.warmup_epochs:g}, which leaves nothing of {short.epochs} epochs."
        )
    return short, _sentences(recipe, short)


def _cuts(recipe: Recipe, budget: Budget, *, layer_scale: bool) -> dict[str, Any]:
    """Say what a shortened recipe has instead of the paper's values."""
    epochs = budget.epochs or recipe.epochs
    return {
        **{name: off for name, (off, _) in PAYS_LATE.items()},
        "lr": budget.adamw_lr if recipe.optimizer == "adamw" else budget.sgd_lr,
        "warmup_epochs": WARMUP_SHARE * epochs if recipe.warmup_epochs else None,
        "random_resized_crop": False,
        "shift_pixels": budget.shift_pixels,
        "mix_probability": 0.0,
        "layer_scale_init": budget.layer_scale_init if layer_scale else None,
        "eval_crop_ratio": 1.0,
    }


def _sentences(recipe: Recipe, short: Recipe) -> tuple[str, ...]:
    """Say in words what differs."""

    def differs(name: str) -> bool:
        return bool(getattr(recipe, name) != getattr(short, name))

    lengths = (
        f"{recipe.epochs} epochs -> {short.epochs}" if differs("epochs") else "",
        f"batch {recipe.batch_size} -> {short.batch_size}" if differs("batch_size") else "",
        f"peak learning rate {recipe.lr:g} -> {short.lr:g}" if differs("lr") else "",
    )
    shifts = f"shifts of up to {short.shift_pixels} px"
    crops = (
        f"random resized crops -> {shifts if short.shift_pixels else 'none'}" if differs("random_resized_crop") else "",
        shifts if differs("shift_pixels") and not differs("random_resized_crop") else "",
        "no mirroring, which would change the class of some images" if differs("horizontal_flip") else "",
    )
    off = [words for name, (_, words) in PAYS_LATE.items() if differs(name)]
    sentences = ["; ".join(filter(None, lengths)), "; ".join(filter(None, crops))]
    if recipe.schedule == "step" and differs("epochs"):
        sentences.append("the learning rate still falls to a tenth after each third of training")
    if differs("warmup_epochs"):
        sentences.append(
            f"{recipe.schedule} schedule kept, warmup {recipe.warmup_epochs:g} epochs -> {short.warmup_epochs:g}"
        )
    if len(off) > 1:
        sentences.append(f"{', '.join(off[:-1])} and {off[-1]} are off: they pay in long training only")
    elif off:
        sentences.append(f"{off[0]} is off: it pays in long training only")
    if differs("layer_scale_init"):
        sentences.append(
            f"LayerScale starts at {short.layer_scale_init:g} instead of {recipe.layer_scale_init:g}, "
            "which would keep the branches switched off for most of a short run"
        )
    return tuple(filter(None, sentences))


def untrained(recipe: Recipe) -> tuple[str, ...]:
    """Name the fields of a recipe that ask for what the training loop does not do."""
    return tuple(name for name, (off, _) in UNTRAINED.items() if getattr(recipe, name) != off)


def refuse_untrained(recipe: Recipe) -> None:
    """Refuse a recipe that asks for what the training loop does not do, lest a record claim it.

    Raises:
        ModernizeError: Naming the first such field.
    """
    for name in untrained(recipe):
        raise ModernizeError(
            f"recipe.{name} is {getattr(recipe, name)!r}, which training does not support yet; turn it off."
        )


def refuse_untrained_budget(recipes: Collection[Recipe], budget: Budget) -> None:
    """Refuse a budget that trains recipes as printed while training lacks some of what they name.

    Raises:
        ModernizeError: Naming all of it.
    """
    fields = {name for recipe in recipes for name in untrained(recipe)} if budget.as_printed else set()
    if fields:
        missing = ", ".join(words for name, (_, words) in UNTRAINED.items() if name in fields)
        raise ModernizeError(
            f"--budget {budget.name} trains recipes as printed, but training does not do all of that yet: {missing}. "
            "Use --budget short."
        )
