"""How a recipe is shortened: what defines it stays, what is given up is said."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from modernize.errors import ModernizeError
from modernize.ladder import ladder
from modernize.train.budget import (
    BUDGETS,
    DEFAULT_BUDGET,
    UNREAD,
    UNTRAINED,
    get_budget,
    refuse_untrained,
    refuse_untrained_budget,
    shorten,
)

CLASSIC = ladder("laptop")[0].spec.recipe
MODERN = ladder("laptop")[-1].spec.recipe
KEPT = (
    "name", "optimizer", "momentum", "betas", "eps", "weight_decay", "decay_norm_and_bias", "schedule", "min_lr",
    "label_smoothing",
)  # fmt: skip


SHORT = {name: budget for name, budget in BUDGETS.items() if not budget.as_printed}


@pytest.mark.parametrize("budget", SHORT.values(), ids=list(SHORT))
@pytest.mark.parametrize("recipe", [CLASSIC, MODERN], ids=["classic", "modern"])
def test_what_defines_a_recipe_stays(recipe, budget):
    short, _ = shorten(recipe, budget)
    assert {name: getattr(short, name) for name in KEPT} == {name: getattr(recipe, name) for name in KEPT}
    assert (short.epochs, short.batch_size) == (budget.epochs, budget.batch_size)
    assert bool(short.warmup_epochs) == bool(recipe.warmup_epochs)
    assert short.warmup_epochs < short.epochs
    assert short.horizontal_flip == recipe.horizontal_flip
    refuse_untrained(short)


def test_each_recipe_gets_its_own_learning_rate():
    budget = get_budget(DEFAULT_BUDGET)
    assert shorten(CLASSIC, budget)[0].lr == budget.sgd_lr
    assert shorten(MODERN, budget)[0].lr == budget.adamw_lr


def test_every_change_is_said():
    budget = get_budget(DEFAULT_BUDGET)
    short, changes = shorten(MODERN, budget)
    said = " ".join(changes)
    words = {
        "epochs": "300 epochs -> 14", "batch_size": "batch 4096 -> 64", "lr": "rate 0.004 -> 0.008",
        "warmup_epochs": "warmup 20 epochs -> 2.8", "rand_augment": "RandAugment", "color_jitter": "colour jitter",
        "mixup": "mixup", "cutmix": "CutMix", "mix_probability": "mixup", "random_erasing": "random erasing",
        "stochastic_depth": "stochastic depth", "layer_scale_init": "LayerScale starts at 1 instead of 1e-06",
        "random_resized_crop": "random resized crops", "shift_pixels": "shifts of up to 2 px",
    }  # fmt: skip
    # Small images are evaluated whole: there is no crop to speak of.
    changed = {f.name for f in fields(short) if getattr(short, f.name) != getattr(MODERN, f.name)} - {"eval_crop_ratio"}
    assert changed <= set(words)
    for field in changed:
        assert words[field] in said


def test_the_classic_recipe_is_told_apart():
    said = " ".join(shorten(CLASSIC, get_budget(DEFAULT_BUDGET), layer_scale=False)[1])
    assert "90 epochs -> 14" in said
    assert "a tenth after each third" in said
    assert "LayerScale" not in said


def test_images_that_must_not_be_mirrored_are_not():
    short, changes = shorten(MODERN, get_budget(DEFAULT_BUDGET), mirror=False)
    assert not short.horizontal_flip
    assert any("no mirroring" in change for change in changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [("ema_decay", 0.9999), ("clip_grad_norm", 1.0), ("layer_decay", 0.8), ("head_init_scale", 0.001)],
)
def test_what_training_would_silently_leave_out_is_refused(field, value):
    with pytest.raises(ModernizeError, match=f"recipe.{field} is {value}"):
        shorten(replace(MODERN, **{field: value}), get_budget(DEFAULT_BUDGET))


def test_the_papers_recipes_as_they_are_are_refused():
    assert set(UNTRAINED) <= {f.name for f in fields(MODERN)}
    for recipe in (CLASSIC, MODERN):
        with pytest.raises(ModernizeError, match="does not support yet"):
            refuse_untrained(recipe)


def test_epochs_replace_the_budgets():
    assert get_budget("smoke", epochs=3) == replace(BUDGETS["smoke"], epochs=3)
    assert get_budget("smoke") is BUDGETS["smoke"]


def test_wrong_budgets_are_one_line():
    with pytest.raises(
        ModernizeError, match=r"unknown budget 'smok'. Did you mean 'smoke'\? Allowed: smoke, short, full"
    ):
        get_budget("smok")
    with pytest.raises(ModernizeError, match="--epochs should be at least 1, not 0"):
        get_budget("smoke", epochs=0)


def test_what_the_user_sets_is_left_alone_and_not_said():
    recipe = replace(MODERN, lr=2e-3, stochastic_depth=0.2, batch_size=32, layer_scale_init=0.1)
    given = ("lr", "stochastic_depth", "batch_size", "layer_scale_init")
    short, changes = shorten(recipe, get_budget(DEFAULT_BUDGET), given=given)
    assert (short.lr, short.stochastic_depth, short.batch_size, short.layer_scale_init) == (2e-3, 0.2, 32, 0.1)
    said = " ".join(changes)
    assert "300 epochs -> 14" in said
    for words in ("rate", "batch", "stochastic depth", "LayerScale"):
        assert words not in said


def test_one_thing_given_up_reads_well():
    recipe = replace(MODERN, rand_augment="", color_jitter=0.0, cutmix=0.0, random_erasing=0.0, stochastic_depth=0.0)
    _, changes = shorten(recipe, get_budget(DEFAULT_BUDGET))
    assert "mixup is off: it pays in long training only" in changes


@pytest.mark.parametrize("field", UNREAD)
def test_what_training_does_not_read_cannot_be_set(field):
    with pytest.raises(ModernizeError, match=f"recipe.{field} cannot be set"):
        shorten(MODERN, get_budget(DEFAULT_BUDGET), given=(field,))


def test_a_warmup_longer_than_training_is_refused():
    with pytest.raises(ModernizeError, match="warmup_epochs is 20, which leaves nothing of 14 epochs"):
        shorten(MODERN, get_budget(DEFAULT_BUDGET), given=("warmup_epochs",))


def test_the_full_budget_names_all_that_is_not_trained_yet():
    full = get_budget("full")
    with pytest.raises(ModernizeError) as caught:
        refuse_untrained_budget([CLASSIC, MODERN], full)
    for words in ("random resized crops", "RandAugment", "mixup", "CutMix", "random erasing", "Use --budget short"):
        assert words in str(caught.value)
    assert "EMA" not in str(caught.value)
    refuse_untrained_budget([CLASSIC, MODERN], get_budget("short"))


def test_the_full_budget_trains_a_recipe_as_printed():
    """Once nothing of it is untrained: here, by switching that off."""
    recipe = replace(MODERN, **{name: off for name, (off, _) in UNTRAINED.items()})
    full = get_budget("full")
    refuse_untrained_budget([recipe], full)
    assert shorten(recipe, full) == (recipe, ())
    short, changes = shorten(recipe, replace(full, batch_size=64), mirror=False)
    assert short == replace(recipe, batch_size=64, horizontal_flip=False)
    assert changes[0] == "batch 4096 -> 64"
