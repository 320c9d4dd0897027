"""Fields of the spec that the user sets by hand: `--set recipe.lr=2e-3`, or `set` of a study file or of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from modernize.entry import Entry, Trainable
from modernize.errors import ModernizeError, hint
from modernize.metrics import MASKED_RECONSTRUCTION
from modernize.spec import Arch, Recipe
from modernize.strict import replace_checked
from modernize.toml import read_literal

PARTS: dict[str, Arch | Recipe] = {"arch": Arch(), "recipe": Recipe()}
FIELDS = {f"{part}.{each.name}": part for part, default in PARTS.items() for each in fields(default)}

READ_ONLY_IF: dict[str, Callable[[Recipe], bool]] = {
    "momentum": lambda recipe: recipe.optimizer == "sgd",
    "betas": lambda recipe: recipe.optimizer == "adamw",
    "eps": lambda recipe: recipe.optimizer == "adamw",
    "min_lr": lambda recipe: recipe.schedule == "cosine",
    "step_epochs": lambda recipe: recipe.schedule == "step",
    "step_every_epochs": lambda recipe: recipe.schedule == "step",
    "step_factors": lambda recipe: recipe.schedule == "step",
    "mix_probability": lambda recipe: bool(recipe.mixup or recipe.cutmix),
    "mix_switch_probability": lambda recipe: bool(recipe.mixup and recipe.cutmix),
    "layer_decay_blocks": lambda recipe: recipe.layer_decay < 1,
    "mask_ratio": lambda recipe: recipe.objective == MASKED_RECONSTRUCTION,
    "grn_over": lambda recipe: recipe.objective == MASKED_RECONSTRUCTION,
    "unfreeze_epoch": lambda recipe: recipe.freeze_groups != 0,
}
"""Fields that training reads only with some recipes."""

OF_OUR_NETWORKS = ("stochastic_depth", "layer_scale_init", "head_init_scale", "layer_decay_blocks")
"""Fields that another library's network does not read: it has what its own options say."""

READ_AS_TRAINED_IF: dict[str, tuple[Callable[[Recipe, bool], bool], str]] = {
    "mix_probability": (lambda recipe, _: READ_ONLY_IF["mix_probability"](recipe), "recipe.mixup or recipe.cutmix on"),
    "mix_switch_probability": (
        lambda recipe, _: READ_ONLY_IF["mix_switch_probability"](recipe),
        "both recipe.mixup and recipe.cutmix on",
    ),
    "color_jitter": (lambda recipe, _: not recipe.rand_augment, "recipe.rand_augment off"),
    "interpolation": (
        lambda recipe, streamed: bool(
            streamed or recipe.random_resized_crop or recipe.rand_augment or recipe.eval_crop_ratio < 1
        ),
        "recipe.random_resized_crop or recipe.rand_augment on or recipe.eval_crop_ratio below 1",
    ),
    "eval_crop_mode": (lambda _, streamed: streamed, "image files that are decoded each epoch, as from 128 px on"),
}
"""Fields that depend on what a budget switches off: whether training reads one, of the recipe as trained and whether
image files are streamed; and with what it does, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Fields set by hand, checked.

    Attributes:
        arch: Set on the base, before the steps.
        recipe: Set on every rung, after the steps; the budget leaves them alone.
    """

    arch: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.arch or self.recipe)

    def flat(self) -> dict[str, Any]:
        """Return them by their full names, architecture first."""
        parts = (("arch", self.arch), ("recipe", self.recipe))
        return {f"{part}.{name}": value for part, values in parts for name, value in values.items()}

    def of(self, entry: Entry) -> Overrides:
        """Return these for a row, with its own beside them or in their place."""
        own = read_overrides(entry.given)
        return Overrides(arch=self.arch | own.arch, recipe=self.recipe | own.recipe)

    def for_entry(self, entry: Trainable) -> dict[str, Any]:
        """Return the recipe's fields that mean something at this row: SGD has no betas, AdamW no momentum."""
        recipe, model = replace_checked(entry.recipe, self.recipe, "recipe"), entry.model
        unread = {name for name, reads in READ_ONLY_IF.items() if not reads(recipe)}
        if not isinstance(model, Arch):
            unread.update(OF_OUR_NETWORKS)
        elif not model.layer_scale:
            unread.add("layer_scale_init")
        return {name: value for name, value in self.recipe.items() if name not in unread}


def read_overrides(values: Mapping[str, Any]) -> Overrides:
    """Check fields given by name, flat ("recipe.lr": 2e-3) or nested ("recipe": {"lr": 2e-3}).

    Raises:
        ModernizeError: If a field is unknown, or cannot have its value.
    """
    flat: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, Mapping) and name in PARTS
        flat |= {f"{name}.{key}": inner for key, inner in value.items()} if nested else {name: value}
    found: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    for name, value in flat.items():
        if name not in FIELDS:
            raise _unknown(name)
        if name == "arch.num_classes":
            raise ModernizeError("arch.num_classes cannot be set: it follows from the data.")
        part, _, key = name.partition(".")
        found[part][key] = value
    for part, changes in found.items():
        checked = replace_checked(PARTS[part], changes, part)
        found[part] = {f.name: getattr(checked, f.name) for f in fields(checked) if f.name in changes}
    return Overrides(**found)


def refuse_unread(given: Overrides, trained: Iterable[Recipe], budget: str, *, streamed: bool = True) -> None:
    """Refuse a field that the budget leaves without effect, lest a record claim it.

    Args:
        given: Fields set by hand.
        trained: The recipes as trained, of every rung.
        budget: Its name.
        streamed: Whether image files are streamed; True where that is not known yet.

    Raises:
        ModernizeError: Naming the first such field.
    """
    recipes = tuple(trained)
    for name, (reads, words) in READ_AS_TRAINED_IF.items():
        if name in given.recipe and not any(reads(recipe, streamed) for recipe in recipes):
            raise ModernizeError(
                f"recipe.{name} is set, but as budget {budget} trains this ladder nothing reads it: "
                f"it takes {words}. Set that too, or leave recipe.{name} out."
            )


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """Read `--set` options: "recipe.lr=2e-3". A value is a TOML literal; anything else is a string.

    Raises:
        ModernizeError: If one is no assignment, or a field is set twice.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise ModernizeError(f"--set '{text}' should be FIELD=VALUE, for example recipe.lr=2e-3.")
        if name in values:
            raise ModernizeError(f"--set gives {name} twice.")
        values[name] = read_literal(value)
    return values


def _unknown(name: str) -> ModernizeError:
    """Name the nearest field."""
    return ModernizeError(f"unknown field '{name[:100]}'.{hint(name, FIELDS)} All: `modernize show recipe --all`.")
