"""A recipe in words: one line of all it has, or four groups, and what a step made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modernize.metrics import MASKED_RECONSTRUCTION
from modernize.report.rows import Row
from modernize.report.specs import paper_rungs
from modernize.results.record import Record
from modernize.results.study import Study
from modernize.spec import ALL_GROUPS
from modernize.words import plural

# A clause of a recipe: the field, and what is said of its value; "" says nothing.
_DRAWN = {"weights": "initial weights", "order": "order of the images, augmentation and noise"}
_CLAUSES: dict[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "objective": lambda v, r: _masked(r) if v == MASKED_RECONSTRUCTION else "",
    "optimizer": lambda v, r: _optimizer(v, r),
    "lr": lambda v, _: f"peak learning rate {v:g}",
    "schedule": lambda v, r: _schedule(v, r),
    "weight_decay": lambda v, r: f"weight decay {v:g}{'' if r.get('decay_norm_and_bias') else _UNDECAYED}",
    "epochs": lambda v, _: plural(v, "epoch"),
    "batch_size": lambda v, _: f"batch {v}",
    "rand_augment": lambda v, _: f"RandAugment {v}" if v else "",
    "random_resized_crop": lambda v, _: "random resized crops" if v else "",
    "shift_pixels": lambda v, _: f"random shifts of up to {v} px" if v else "",
    "horizontal_flip": lambda v, _: "horizontal flips" if v else "",
    "color_jitter": lambda v, _: f"colour jitter {v:g}" if v else "",
    "brightness": lambda v, _: f"brightness jitter {v:g}" if v else "",
    "mixup": lambda v, _: f"mixup {v:g}" if v else "",
    "cutmix": lambda v, _: f"CutMix {v:g}" if v else "",
    "random_erasing": lambda v, _: f"random erasing {v:g}" if v else "",
    "label_smoothing": lambda v, _: f"label smoothing {v:g}" if v else "",
    "shuffle_labels": lambda v, _: "labels of the training images shuffled" if v else "",
    "stochastic_depth": (
        lambda v, _: f"stochastic depth {_each(v)}{' by stage' * isinstance(v, Sequence)}" if v else ""
    ),
    "dropout": lambda v, _: f"dropout {v:g}" if v else "",
    "clip_grad_norm": lambda v, _: f"gradient norms clipped at {v:g}" if v else "",
    "ema_decay": lambda v, _: f"moving average of the weights {v:g}" if v else "",
    "eval_crop_ratio": lambda v, _: f"evaluation on the central {v:g} of the image" if v != 1 else "",
    "mean": lambda v, _: "images normalised as those of the weights it starts from" if v else "",
    "new_head": lambda v, _: "a new classifier" if v else "",
    "freeze_groups": lambda v, r: _frozen(v, r) if v else "",
    "layer_decay": lambda v, _: f"rate times {v:g} from a group of layers to the one below" if v and v < 1 else "",
    "seed_draws": lambda v, _: f"a seed draws the {_DRAWN[v]} alone, seed 0 the rest" if v in _DRAWN else "",
    "patience": lambda v, _: f"at an end after {plural(v, 'epoch')} without a better one" if v else "",
    "eval_crop_mode": lambda v, _: "image files squashed to squares, not cropped" if v == "squash" else "",
}
_UNDECAYED = " (none on norms and biases)"
GROUPS: dict[str, tuple[str, ...]] = {
    "optimiser": ("optimizer", "lr", "weight_decay", "batch_size", "clip_grad_norm", "ema_decay", "layer_decay"),
    "schedule": ("schedule", "epochs", "patience"),
    "augmentation": (
        "rand_augment",
        "random_resized_crop",
        "shift_pixels",
        "horizontal_flip",
        "color_jitter",
        "brightness",
        "mixup",
        "cutmix",
        "random_erasing",
    ),
    "regularisation": ("label_smoothing", "shuffle_labels", "stochastic_depth", "dropout", "seed_draws"),
}
"""What readers ask a recipe for, and the fields that say it."""
OFF = "none"


@dataclass(frozen=True, slots=True)
class Regrouped:
    """A group of a recipe's settings before and after a step, and as trained here; "" where nothing was trained."""

    group: str
    before: str
    after: str
    trained: str


@dataclass(frozen=True, slots=True)
class RecipeStep:
    """What a step made of a recipe.

    Attributes:
        published: Whether before and after are the paper's; else they are what the study asked for.
        groups: One for each of `GROUPS`.
    """

    published: bool
    groups: tuple[Regrouped, ...]


def recipe_steps(study: Study, rows: Sequence[Row]) -> dict[str, RecipeStep]:
    """Lay out what each step that changes the recipe made of it, by step; one of which nothing is known is left out."""
    changing = [row for row in rows if row.on_ladder and any(c.startswith("recipe.") for c in row.planned.changes)]
    rungs = paper_rungs(study.published) if study.published and changing else {}
    by_step = {row.step: row for row in rows}
    found = {}
    for row in changing:
        rung = rungs.get(row.step) if row.published else None
        printed = rung is not None and rung.before is not None
        before, after = _record(by_step.get(row.before)), _record(row)
        trained = recipe_groups(after.trained_recipe, _has_layer_scale(after)) if after else {}
        if rung and rung.before:
            old, new = (recipe_groups(asdict(s.recipe), s.arch.layer_scale) for s in (rung.before, rung.spec))
        elif before and after:
            old, new = (recipe_groups(r.recipe, _has_layer_scale(r)) for r in (before, after))
        else:
            continue
        found[row.step] = RecipeStep(
            printed, tuple(Regrouped(group, old[group], new[group], trained.get(group, "")) for group in GROUPS)
        )
    return found


def _record(row: Row | None) -> Record | None:
    return next(iter(row.records.values()), None) if row else None


def _has_layer_scale(record: Record) -> bool:
    return bool(record.arch.get("layer_scale"))


def recipe_groups(recipe: Mapping[str, Any], layer_scale: bool) -> dict[str, str]:
    """Describe a recipe in four groups.

    Args:
        recipe: Plain data.
        layer_scale: Whether the network has LayerScale.
    """
    found = {group: _clauses(recipe, fields) for group, fields in GROUPS.items()}
    found["regularisation"] += _layer_scale(recipe) if layer_scale else []
    return {group: ", ".join(clauses) or OFF for group, clauses in found.items()}


def recipe_text(recipe: Mapping[str, Any], *, layer_scale: bool) -> str:
    """Describe a recipe as it was trained; what is off is not named."""
    return ", ".join([*_clauses(recipe, _CLAUSES), *(_layer_scale(recipe) if layer_scale else [])])


def _clauses(recipe: Mapping[str, Any], fields: Iterable[str]) -> list[str]:
    return [text for field in fields if field in recipe and (text := _CLAUSES[field](recipe[field], recipe))]


def _layer_scale(recipe: Mapping[str, Any]) -> list[str]:
    return [f"LayerScale from {recipe['layer_scale_init']:g}"] if "layer_scale_init" in recipe else []


def _masked(recipe: Mapping[str, Any]) -> str:
    over = " (GRN's norm over the whole batch, as the authors' code pre-trains and the paper does not)"
    return (
        f"masked reconstruction without labels, {100 * recipe['mask_ratio']:g} % of the patches hidden"
        f"{over if recipe['grn_over'] == 'batch' else ''} (MACs and parameters are counted with a classifier, not with "
        "the decoder)"
    )


def _optimizer(name: str, recipe: Mapping[str, Any]) -> str:
    if name == "sgd":
        return f"SGD with momentum {recipe.get('momentum', 0):g}"
    betas = ", ".join(f"{beta:g}" for beta in recipe.get("betas", ()))
    return f"AdamW with betas ({betas}) and eps {recipe.get('eps', 0):g}" if name == "adamw" else name


def _schedule(name: str, recipe: Mapping[str, Any]) -> str:
    warmup = recipe.get("warmup_epochs", 0)
    after = f" after {plural(float(warmup), 'epoch')} of linear warmup" if warmup else ""
    if name == "cosine":
        return f"cosine schedule to {recipe.get('min_lr', 0):g}{after}"
    if name != "step":
        return name
    factors = recipe.get("step_factors", [0.1])
    if set(factors) == {1.0}:
        return f"constant learning rate{after}"
    how = "divided by 10" if [*factors] == [0.1] else f"multiplied by {_each(factors)}"
    when = "after each third of training"
    if epochs := recipe.get("step_epochs"):
        when = f"after {_each(epochs)} epochs"
    elif every := recipe.get("step_every_epochs"):
        when = f"every {every:g} epochs"
    return f"learning rate {how} {when}{after}"


def _frozen(groups: int, recipe: Mapping[str, Any]) -> str:
    which = f"the first {plural(groups, 'group')} of layers" if groups < ALL_GROUPS else "all layers but the classifier"
    until = recipe.get("unfreeze_epoch")
    how_long = f" for {plural(until, 'epoch')}" if until else ""
    return f"{which} frozen{how_long}"


def _each(value: float | Sequence[float]) -> str:
    return ", ".join(f"{each:g}" for each in (value if isinstance(value, Sequence) else [value]))
