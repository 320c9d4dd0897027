"""How a recipe is shortened: what defines it stays, what is given up is said."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from modernize.errors import ModernizeError
from modernize.ladder import ladder
from modernize.train.budget import BUDGETS, DEFAULT_BUDGET, UNTRAINED, get_budget, refuse_untrained, shorten

CLASSIC = ladder("laptop")[0].spec.recipe
MODERN = ladder("laptop")[-1].spec.recipe
KEPT = (
    "name", "optimizer", "momentum", "betas", "eps", "weight_decay", "decay_norm_and_bias", "schedule", "min_lr",
    "label_smoothing",
)  # fmt: skip


@pytest.mark.parametrize("budget", BUDGETS.values(), ids=list(BUDGETS))
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
    said = " ".join(shorten(CLASSIC, get_budget(DEFAULT_BUDGET))[1])
    assert "90 epochs -> 14" in said
    assert "a tenth after each third" in said
    assert "LayerScale" not in said


def test_images_that_must_not_be_mirrored_are_not():
    short, changes = shorten(MODERN, get_budget(DEFAULT_BUDGET), mirror=False)
    assert not short.horizontal_flip
    assert any("no mirroring" in change for change in changes)


@pytest.mark.parametrize(("field", "value"), [("ema_decay", 0.9999), ("clip_grad_norm", 1.0)])
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
    with pytest.raises(ModernizeError, match=r"unknown budget 'smok'. Did you mean 'smoke'\? Allowed: smoke, short"):
        get_budget("smok")
    with pytest.raises(ModernizeError, match="--epochs should be at least 1, not 0"):
        get_budget("smoke", epochs=0)
