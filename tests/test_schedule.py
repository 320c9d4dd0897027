"""Learning rates against timm's and torch's schedulers."""

from __future__ import annotations

import pytest

from modernize.errors import ModernizeError
from modernize.spec import Recipe
from modernize.strict import replace_checked
from modernize.train.schedule import learning_rate


def rates(recipe: Recipe, steps_per_epoch: int) -> list[float]:
    return [learning_rate(recipe, step, steps_per_epoch) for step in range(recipe.epochs * steps_per_epoch)]


def optimizer(lr: float):
    import torch

    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


@pytest.mark.parametrize(("epochs", "warmup_epochs", "steps_per_epoch"), [(14, 2.8, 62), (300, 20.0, 3), (5, 0.0, 7)])
def test_cosine_is_timms(epochs, warmup_epochs, steps_per_epoch):
    from timm.scheduler import CosineLRScheduler

    recipe = Recipe(
        schedule="cosine", lr=0.004, min_lr=1e-6, epochs=epochs, warmup_epochs=warmup_epochs, random_resized_crop=False
    )
    warmup = round(warmup_epochs * steps_per_epoch)
    oracle = optimizer(recipe.lr)
    scheduler = CosineLRScheduler(
        oracle,
        # With warmup_prefix timm counts the cosine from the end of the warmup.
        t_initial=epochs * steps_per_epoch - warmup,
        lr_min=recipe.min_lr,
        warmup_t=warmup,
        warmup_lr_init=0.0,
        warmup_prefix=True,
        t_in_epochs=False,
    )
    expected = []
    for step in range(epochs * steps_per_epoch):
        scheduler.step_update(step)
        expected.append(oracle.param_groups[0]["lr"])
    assert rates(recipe, steps_per_epoch) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("fields", "theirs"),
    [
        ({}, ("StepLR", {"step_size": 3, "gamma": 0.1})),
        ({"step_epochs": (3, 7)}, ("MultiStepLR", {"milestones": [3, 7], "gamma": 0.1})),
        ({"step_epochs": (2, 12), "step_factors": (0.2,)}, ("MultiStepLR", {"milestones": [2, 12], "gamma": 0.2})),
        ({"step_every_epochs": 3, "step_factors": (0.9,)}, ("StepLR", {"step_size": 3, "gamma": 0.9})),
        ({"step_every_epochs": 1, "step_factors": (0.5,)}, ("ExponentialLR", {"gamma": 0.5})),
    ],
    ids=["thirds", "epochs", "an epoch beyond the end", "every 3", "every"],
)
def test_steps_are_torchs(fields, theirs):
    import torch

    recipe = replace_checked(Recipe(epochs=9, lr=0.1), fields, "recipe")
    name, options = theirs
    oracle = optimizer(recipe.lr)
    scheduler = getattr(torch.optim.lr_scheduler, name)(oracle, **options)
    expected = []
    for _ in range(recipe.epochs):
        expected += [oracle.param_groups[0]["lr"]] * 5
        oracle.step()
        scheduler.step()
    assert rates(recipe, 5) == pytest.approx(expected, rel=1e-9)


def test_each_step_may_have_a_factor_of_its_own():
    recipe = Recipe(epochs=5, lr=1.0, step_epochs=(1, 2, 4), step_factors=(0.5, 0.2, 0.1))
    assert rates(recipe, 1) == [1.0, 0.5, 0.1, 0.1, 0.01]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"step_epochs": (3,), "step_every_epochs": 1}, r"step_epochs and recipe\.step_every_epochs are both set"),
        ({"step_epochs": (7, 3)}, r"recipe\.step_epochs should rise, not \(7\.0, 3\.0\)\."),
        (
            {"step_epochs": (3, 7, 8), "step_factors": (0.1, 0.2)},
            r"lists 2; it should be one, or as many as .* \(3\)\.",
        ),
        ({"step_factors": ()}, r"recipe\.step_factors lists 0; it should be one"),
        ({"step_factors": (-0.1,)}, r"recipe\.step_factors should be from 0 to 1, not \(-0\.1,\)\."),
        ({"step_epochs": 3}, r"recipe\.step_epochs should be a list, not 3\."),
    ],
)
def test_steps_that_contradict_each_other_are_one_clear_line(fields, message):
    with pytest.raises(ModernizeError, match=message):
        replace_checked(Recipe(), fields, "recipe")


def test_step_falls_twice_where_three_does_not_divide_the_epochs():
    falls = rates(Recipe(epochs=14, lr=0.05), 62)
    assert [falls.count(lr) for lr in (0.05, 0.005, 0.0005)] == pytest.approx([14 * 62 / 3] * 3, abs=1)
    assert falls == sorted(falls, reverse=True)


def test_a_run_of_one_step_is_trained_at_the_peak():
    assert rates(Recipe(schedule="cosine", epochs=1, warmup_epochs=0.2, lr=0.008), 1) == [0.008]
