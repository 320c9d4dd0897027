"""Budgets: how much training a run gets, and how a recipe is shortened to fit. This is the only place that does so.

The paper trains for 300 epochs on 1.28 million images; a laptop has minutes. A shortened recipe keeps what defines it
and gives up what pays only in long training. Every change is printed in the report, in words:

* Kept: optimizer, betas, weight decay and which weights it falls on, shape of the schedule, label smoothing, mirroring.
* Warmup is a fifth of the run: in proportion, the paper's 20 of 300 epochs would be less than one of 12.
* Mixup, CutMix, RandAugment, colour and brightness jitter, random erasing, stochastic depth and dropout are off: they
  slow learning down to prevent overfitting that a short run never reaches.
* Random resized crops become shifts by a few pixels, which suit small images, and images are evaluated whole.
* LayerScale starts at 1: from 1e-6 it needs thousands of steps to let the branches through.

Whatever the budget, a batch is cut where there are fewer images than it takes, and the learning rate in proportion.
Whatever the user sets by hand stays as it is. A moving average of the weights (EMA) is off on the whole ladder; where
it is on, it is what is evaluated, and its decay should fit the steps there are, for it begins at the initial weights.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from modernize.errors import ModernizeError, unknown_name
from modernize.metrics import DETECTION, MASKED_RECONSTRUCTION, SEGMENTATION
from modernize.spec import Recipe
from modernize.words import plural, value_text

WARMUP_SHARE = 0.2
"""Of a short run; the paper's 20 of 300 epochs would be less than one epoch."""

PAYS_LATE: Mapping[str, tuple[Any, str]] = {
    "rand_augment": ("", "RandAugment"),
    "color_jitter": (0.0, "colour jitter"),
    "brightness": (0.0, "brightness jitter"),
    "mixup": (0.0, "mixup"),
    "cutmix": (0.0, "CutMix"),
    "random_erasing": (0.0, "random erasing"),
    "stochastic_depth": (0.0, "stochastic depth"),
    "dropout": (0.0, "dropout"),
}
"""What a shortened recipe gives up because it pays in long training only: its value when off, and what it is called."""

OF_LABELS = ("mixup", "cutmix", "label_smoothing", "shuffle_labels", "dropout", "head_init_scale")
"""What means nothing without labels and a classifier."""

OF_PIXELS = ("rand_augment", "shift_pixels", "color_jitter", "brightness", "random_erasing")
_WITH_OBJECTS = {name: getattr(Recipe(), name) for name in (*OF_LABELS, *OF_PIXELS)} | {
    "random_resized_crop": False,
    "eval_crop_ratio": 1.0,
}
UNREAD: Mapping[str, tuple[Mapping[str, Any], str]] = {
    MASKED_RECONSTRUCTION: (
        {name: getattr(Recipe(), name) for name in OF_LABELS},
        "masked reconstruction has neither labels nor a classifier",
    ),
    DETECTION: (_WITH_OBJECTS, "detection mirrors pictures with their boxes and masks, and does nothing else to them"),
    SEGMENTATION: (_WITH_OBJECTS, "segmentation mirrors pictures with their masks, and does nothing else to them"),
}
"""By objective, the only values that fields can have which mean nothing to it; and why."""

GOES_WITH: Mapping[str, tuple[str, ...]] = {
    "shift_pixels": ("random_resized_crop",),
    "mix_probability": ("mixup", "cutmix"),
}
"""What a shortened recipe changes only because of other fields: it stays where the user switches one of them on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much training a run gets.

    None stands for what the recipe says, but for `cut_from`.

    Attributes:
        name: On the command line.
        epochs: Epochs of each run.
        batch_size: Images in one step.
        cut_from: What the batch was before there turned out to be too few images for it (`cut_batch`); the learning
            rates belong to this batch. None where nothing was cut.
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
    cut_from: int | None = None
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
            epochs=10,
            batch_size=64,
            train_images=4000,
            test_images=2000,
            sgd_lr=0.05,
            adamw_lr=0.004,
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
        Budget(name="full", as_printed=True, what="each recipe as printed, on the whole data set: for GPUs"),
    )
}


def get_budget(name: str, *, epochs: int | None = None, own: Mapping[str, Budget] | None = None) -> Budget:
    """Return a budget, with other epochs if given.

    Args:
        name: Of one of `BUDGETS`, or of `own`.
        epochs: Instead of its own.
        own: Budgets of a study.

    Raises:
        ModernizeError: If there is no such budget, or the epochs are not positive.
    """
    budgets = {**BUDGETS, **(own or {})}
    if name not in budgets:
        raise unknown_name("budget", name, budgets)
    if epochs is not None and epochs < 1:
        raise ModernizeError(f"--epochs should be at least 1, not {epochs}.")
    return budgets[name] if epochs is None else replace(budgets[name], epochs=epochs)


def cut_batch(
    budget: Budget, recipe: Recipe, *, num_images: int, num_processes: int = 1, given: Collection[str] = ()
) -> Budget:
    """Fit the batch to the images there are: an even number a process, for mixup takes pairs.

    Learning rates are cut with it, in proportion, by `shorten`. This linear scaling (arXiv:1706.02677, for SGD) is what
    the training code of DeiT and ConvNeXt V2 does with AdamW too.

    Args:
        budget: What there is; returned as it is where a batch fits.
        recipe: Its batch size is wanted where the budget names none.
        num_images: Training images.
        num_processes: Processes that share each batch.
        given: Fields that the user set by hand; a batch size among them is left alone.

    Raises:
        ModernizeError: If there are not even images for the smallest batch.
    """
    wanted = budget.batch_size or recipe.batch_size
    if wanted <= num_images or "batch_size" in given:
        return budget
    batch_size = num_images // (2 * num_processes) * 2 * num_processes
    if not batch_size:
        raise ModernizeError(f"training images: {num_images}; at least {2 * num_processes} are needed for a batch.")
    return replace(budget, batch_size=batch_size, cut_from=wanted)


def shorten(
    recipe: Recipe, budget: Budget, *, mirror: bool = True, layer_scale: bool = True, given: Collection[str] = ()
) -> Recipe:
    """Fit a recipe to a budget.

    Args:
        recipe: As the paper has it, but for the fields in `given`.
        budget: What there is.
        mirror: Whether a mirrored image keeps its class on this data (digits do not).
        layer_scale: Whether the network has LayerScale.
        given: Fields that the user set by hand: they stay as they are.

    Returns:
        The recipe as it will be trained.

    Raises:
        ModernizeError: If fields of the result contradict each other.
    """
    wanted = {} if budget.as_printed else _cuts(recipe, budget, layer_scale=layer_scale, given=given)
    wanted |= {"epochs": budget.epochs, "batch_size": budget.batch_size}
    wanted["horizontal_flip"] = recipe.horizontal_flip and mirror
    if budget.cut_from and budget.batch_size:
        wanted["lr"] = (wanted.get("lr") or recipe.lr) * budget.batch_size / budget.cut_from
    share = (budget.epochs or recipe.epochs) / recipe.epochs if "epochs" not in given else 1.0
    wanted["step_epochs"] = tuple(share * epoch for epoch in recipe.step_epochs)
    wanted["step_every_epochs"] = share * recipe.step_every_epochs
    short = replace(recipe, **{k: v for k, v in wanted.items() if v is not None and k not in given})
    refuse_contradictions(short)
    return short


def _cuts(recipe: Recipe, budget: Budget, *, layer_scale: bool, given: Collection[str]) -> dict[str, Any]:
    """Say what a shortened recipe has instead of the paper's values; None leaves one as it is."""
    epochs = budget.epochs or recipe.epochs
    on_by_hand = {name for name in given if getattr(recipe, name)}
    stays = {name for name, others in GOES_WITH.items() if on_by_hand & set(others)}
    cuts = {
        **{name: off for name, (off, _) in PAYS_LATE.items()},
        "lr": budget.adamw_lr if recipe.optimizer == "adamw" else budget.sgd_lr,
        "warmup_epochs": WARMUP_SHARE * epochs if recipe.warmup_epochs else None,
        "random_resized_crop": False,
        "shift_pixels": None if "shift_pixels" in UNREAD.get(recipe.objective, ({}, ""))[0] else budget.shift_pixels,
        "mix_probability": 0.0,
        "layer_scale_init": budget.layer_scale_init if layer_scale else None,
        "eval_crop_ratio": 1.0,
    }
    return {name: value for name, value in cuts.items() if name not in stays}


def refuse_contradictions(recipe: Recipe) -> None:
    """Refuse a recipe that cannot be trained as it says, lest a record claim it.

    Raises:
        ModernizeError: Naming the first contradiction.
    """
    if recipe.warmup_epochs >= recipe.epochs:
        raise ModernizeError(
            f"recipe.warmup_epochs is {recipe.warmup_epochs:g}, which leaves nothing of "
            f"{plural(recipe.epochs, 'epoch')}; set it to less."
        )
    unread, why = UNREAD.get(recipe.objective, ({}, ""))
    for name, off in unread.items():
        if (value := getattr(recipe, name)) != off:
            raise ModernizeError(f"recipe.{name} is {value_text(value)}, but {why}; set it to {value_text(off)}.")
    for name in ("mixup", "cutmix"):
        if (strength := getattr(recipe, name)) and recipe.mix_probability == 0:
            raise ModernizeError(
                f"recipe.{name} is {strength:g}, but recipe.mix_probability is 0: no batch would be mixed; set it too."
            )
