"""How a recipe is shortened: what defines it stays, what is given up is said."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

import pytest
from factories import make_record, make_study

from modernize.errors import ModernizeError
from modernize.ladder import ladder
from modernize.recipes import named_recipe
from modernize.results.record import BudgetFacts
from modernize.run.recipe_changes import recipe_changes
from modernize.train.budget import (
    BUDGETS,
    cut_batch,
    get_budget,
    refuse_contradictions,
    shorten,
)

CLASSIC = ladder("laptop")[0].spec.recipe
MODERN = ladder("laptop")[-1].spec.recipe
KEPT = (
    "name", "optimizer", "momentum", "betas", "eps", "weight_decay", "decay_norm_and_bias", "schedule", "min_lr",
    "label_smoothing",
)  # fmt: skip


def told(recipe, trained, *, cut_from=None, given=()):
    """What a report says of the run."""
    budget = BudgetFacts(name="", epochs=trained.epochs, given=dict(given), cut_from=cut_from)
    record = make_record(make_study(upto="base"), "base", budget=budget)
    return recipe_changes(replace(record, recipe=asdict(recipe), trained_recipe=asdict(trained)))


SHORT = {name: budget for name, budget in BUDGETS.items() if not budget.as_printed}


@pytest.mark.parametrize("budget", SHORT.values(), ids=list(SHORT))
@pytest.mark.parametrize("recipe", [CLASSIC, MODERN], ids=["classic", "modern"])
def test_what_defines_a_recipe_stays(recipe, budget):
    short = shorten(recipe, budget)
    assert {name: getattr(short, name) for name in KEPT} == {name: getattr(recipe, name) for name in KEPT}
    assert (short.epochs, short.batch_size) == (budget.epochs, budget.batch_size)
    assert bool(short.warmup_epochs) == bool(recipe.warmup_epochs)
    assert short.warmup_epochs < short.epochs
    assert short.horizontal_flip == recipe.horizontal_flip
    refuse_contradictions(short)


def test_each_recipe_gets_its_own_learning_rate():
    budget = get_budget("smoke")
    assert shorten(CLASSIC, budget).lr == budget.sgd_lr
    assert shorten(MODERN, budget).lr == budget.adamw_lr


def test_every_change_is_said():
    budget = get_budget("smoke")
    short = shorten(MODERN, budget)
    said = " ".join(told(MODERN, short))
    words = {
        "epochs": "300 epochs -> 10", "batch_size": "batch 4096 -> 64",
        "warmup_epochs": "warmup 20 epochs -> 2", "rand_augment": "RandAugment", "color_jitter": "colour jitter",
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
    said = " ".join(told(CLASSIC, shorten(CLASSIC, get_budget("smoke"), layer_scale=False)))
    assert "90 epochs -> 10" in said
    assert "a tenth after each third" in said
    assert "LayerScale" not in said


def test_images_that_must_not_be_mirrored_are_not():
    short = shorten(MODERN, get_budget("smoke"), mirror=False)
    assert not short.horizontal_flip
    assert any("no mirroring" in change for change in told(MODERN, short))


@pytest.mark.parametrize(
    ("field", "value"),
    [("ema_decay", 0.999), ("clip_grad_norm", 1.0), ("layer_decay", 0.8), ("head_init_scale", 0.001)],
)
def test_what_a_recipe_has_beside_is_kept(field, value):
    short = shorten(replace(MODERN, **{field: value}), get_budget("smoke"))
    assert getattr(short, field) == value


def test_that_an_average_is_evaluated_is_said():
    recipe = replace(MODERN, ema_decay=0.999)
    for budget in BUDGETS.values():
        said = "evaluated is the moving average of the weights (EMA, decay 0.999)"
        assert said in told(recipe, shorten(recipe, budget))
        assert said not in told(MODERN, shorten(MODERN, budget))


@pytest.mark.parametrize("field", ["mixup", "cutmix"])
def test_mixing_set_by_hand_is_done(field):
    budget = get_budget("smoke")
    short = shorten(MODERN, budget, given=(field,))
    assert (getattr(short, field), short.mix_probability) == (getattr(MODERN, field), 1.0)
    with pytest.raises(ModernizeError, match=rf"recipe.{field} is 0.5, but recipe.mix_probability is 0: no batch"):
        shorten(replace(CLASSIC, **{field: 0.5}), budget, given=(field,))


def test_random_resized_crops_set_by_hand_are_not_shifted_too():
    short = shorten(MODERN, get_budget("smoke"), given=("random_resized_crop",))
    assert (short.random_resized_crop, short.shift_pixels) == (True, 0)


@pytest.mark.parametrize("field", ["mixup", "cutmix", "random_resized_crop"])
def test_switching_off_by_hand_what_is_off_anyway_changes_nothing(field):
    budget = get_budget("smoke")
    off = replace(MODERN, **{field: type(getattr(MODERN, field))(0)})
    assert shorten(off, budget, given=(field,)) == shorten(MODERN, budget)


@pytest.mark.parametrize("recipe", [CLASSIC, MODERN], ids=["classic", "modern"])
@pytest.mark.parametrize("budget", BUDGETS.values(), ids=list(BUDGETS))
def test_too_few_images_cut_the_batch_and_the_learning_rate_with_it(recipe, budget):
    whole = shorten(recipe, budget)
    assert cut_batch(budget, recipe, num_images=whole.batch_size) is budget
    cut = cut_batch(budget, recipe, num_images=16)
    short = shorten(recipe, cut)
    assert short == replace(whole, batch_size=16, lr=whole.lr * 16 / whole.batch_size)
    sentence = f"too few training images for a batch of {whole.batch_size}: it is 16, and the learning rate is cut in"
    assert told(recipe, short, cut_from=cut.cut_from)[-1].startswith(sentence)
    assert not any("too few" in change for change in told(recipe, whole))


def test_a_cut_batch_can_be_shared_and_mixed():
    budget = get_budget("full")
    cut = [cut_batch(budget, MODERN, num_images=n, num_processes=p).batch_size for n, p in ((23, 1), (23, 2), (23, 3))]
    assert cut == [22, 20, 18]
    with pytest.raises(ModernizeError, match=r"training images: 3; at least 4 are needed"):
        cut_batch(budget, MODERN, num_images=3, num_processes=2)


def test_a_batch_or_a_learning_rate_set_by_hand_is_not_cut():
    budget = get_budget("smoke")
    assert cut_batch(budget, MODERN, num_images=10, given=("batch_size",)) is budget
    by_hand, cut = replace(MODERN, lr=0.5), cut_batch(budget, MODERN, num_images=10)
    short = shorten(by_hand, cut, given=("lr",))
    assert (short.batch_size, short.lr) == (10, 0.5)
    *_, few, said = told(by_hand, short, cut_from=cut.cut_from, given={"recipe.lr": 0.5})
    assert few.endswith("it is 10, and the learning rate stays as set by hand")
    assert said == "set by hand: recipe.lr = 0.5"


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
    short = shorten(recipe, get_budget("smoke"), given=given)
    assert (short.lr, short.stochastic_depth, short.batch_size, short.layer_scale_init) == (2e-3, 0.2, 32, 0.1)
    said = " ".join(told(recipe, short))
    assert "300 epochs -> 10" in said
    for words in ("rate", "batch", "stochastic depth", "LayerScale"):
        assert words not in said


@pytest.mark.parametrize(("field", "value"), [("step_epochs", (30.0, 60.0)), ("step_every_epochs", 45.0)])
def test_steps_keep_their_place_in_a_shorter_run(field, value):
    recipe = replace(CLASSIC, **{field: value})
    short = shorten(recipe, get_budget("smoke", epochs=9))
    assert getattr(short, field) == ((3.0, 6.0) if field == "step_epochs" else 4.5)
    assert "the learning rate still falls at the same shares of training" in told(recipe, short)
    by_hand = shorten(recipe, get_budget("smoke", epochs=9), given=(field,))
    assert getattr(by_hand, field) == value
    assert not [line for line in told(recipe, by_hand) if "still falls" in line]


def test_one_thing_given_up_reads_well():
    recipe = replace(MODERN, rand_augment="", color_jitter=0.0, cutmix=0.0, random_erasing=0.0, stochastic_depth=0.0)
    said = told(recipe, shorten(recipe, get_budget("smoke")))
    assert "mixup is off: it pays in long training only" in said


def test_a_warmup_longer_than_training_is_refused():
    with pytest.raises(ModernizeError, match="warmup_epochs is 20, which leaves nothing of 10 epochs"):
        shorten(MODERN, get_budget("smoke"), given=("warmup_epochs",))


def test_the_full_budget_trains_recipes_as_printed():
    full = get_budget("full")
    for recipe in (CLASSIC, MODERN, named_recipe("finetune")):
        assert shorten(recipe, full) == recipe
        assert told(recipe, recipe) == ()
    short = shorten(MODERN, replace(full, batch_size=64), mirror=False)
    assert short == replace(MODERN, batch_size=64, horizontal_flip=False)
    assert told(MODERN, short)[0] == "batch 4096 -> 64"
