"""A recipe for every rung, one that fits the data, and fields of a recipe that nothing reads."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product

import numpy as np
import pytest
from PIL import Image
from tiny_runs import tiny_data, tiny_request

from modernize.datasets.feeds import fits_resident
from modernize.errors import ModernizeError
from modernize.overrides import read_overrides
from modernize.run.identity import study_name
from modernize.run.plan import plan_study
from modernize.spec import Recipe
from modernize.train.budget import BUDGETS


@pytest.fixture
def folder(tmp_path):
    tiny_data(tmp_path)
    return tmp_path


def test_one_recipe_for_every_rung_is_another_study(folder):
    request = tiny_request(folder, upto="recipe")
    plan = plan_study(replace(request, recipe="classic"))
    assert {task.recipe["name"] for task in plan.tasks} == {"classic"}
    assert [task.recipe["optimizer"] for task in plan_study(request).tasks] == ["sgd", "adamw"]
    assert study_name(replace(request, recipe="classic", name="")) != study_name(replace(request, name=""))
    # The base is trained as before, the step `recipe` now changes the network alone.
    assert plan_study(request).tasks[0].run_id == plan.tasks[0].run_id
    assert all(change["field"].startswith("arch.") for change in plan.tasks[1].entry.changes)


def test_a_field_that_no_rung_reads_is_refused(folder):
    with pytest.raises(ModernizeError, match=r"recipe\.layer_decay_blocks is set, but no rung of this ladder reads it"):
        plan_study(replace(tiny_request(folder), overrides=read_overrides({"recipe.layer_decay_blocks": 2})))


def test_a_cut_batch_is_one_that_processes_can_share(folder):
    task = plan_study(tiny_request(folder, train_images=23, processes=2)).tasks[1]
    assert task.trained_recipe["batch_size"] == 20


MIXES = {"mixup": 0.8, "cutmix": 1.0}
BY_HAND = {
    "name": "mine", "optimizer": "sgd", "lr": 1e-3, "momentum": 0.8, "betas": [0.9, 0.95], "eps": 1e-6,
    "weight_decay": 0.01, "decay_norm_and_bias": True, "schedule": "step", "min_lr": 1e-5, "warmup_epochs": 0.5,
    "epochs": 30, "batch_size": 32, "rand_augment": "rand-m5", "random_resized_crop": True, "shift_pixels": 1,
    "horizontal_flip": False, "color_jitter": 0.2, "mixup": 0.5, "cutmix": 0.5, "mix_probability": 0.8,
    "mix_switch_probability": 0.3, "random_erasing": 0.1, "label_smoothing": 0.2, "stochastic_depth": 0.2,
    "layer_scale_init": 0.1, "clip_grad_norm": 1.0, "ema_decay": 0.9, "interpolation": "bilinear",
    "eval_crop_ratio": 0.9, "eval_crop_mode": "squash", "layer_decay": 0.8, "layer_decay_blocks": 2,
    "head_init_scale": 0.5, "objective": "classification", "mask_ratio": 0.75, "grn_over": "batch",
    "new_head": True, "freeze_groups": 1, "unfreeze_epoch": 1, "patience": 3, "chosen_epoch": "best",
    "mean": [100.0, 110.0, 120.0], "std": [50.0, 60.0, 70.0],
    "step_epochs": [3.0, 5.0], "step_every_epochs": 2.0, "step_factors": [0.5], "dropout": 0.2, "brightness": 0.4,
    "shuffle_labels": True, "seed_draws": "weights",
}  # fmt: skip
# What else takes a field to matter: momentum is SGD's, groups of blocks are layer-wise decay's.
BESIDE = {
    "momentum": {"optimizer": "sgd"},
    "layer_decay_blocks": {"layer_decay": 0.8},
    "unfreeze_epoch": {"freeze_groups": 1},
    **{name: {"schedule": "step"} for name in ("step_epochs", "step_every_epochs", "step_factors")},
}
WITHOUT_EFFECT = {
    *product(("smoke", "short", "full"), ["eval_crop_mode"]),
    ("smoke", "mix_probability"), ("smoke", "mix_switch_probability"), ("smoke", "interpolation"),
    ("short", "mix_probability"), ("short", "mix_switch_probability"), ("short", "interpolation"),
    ("full", "color_jitter"),
}  # fmt: skip


def modern(folder, values, **options):
    """Plan the rung `recipe` with these fields set by hand, for as many epochs as the budget has."""
    settings = {f"recipe.{name}": value for name, value in values.items()}
    rung = {"start": "recipe", "upto": "recipe", "epochs": None, "set": settings}
    (task,) = plan_study(tiny_request(folder, **(rung | options))).tasks
    return task


def test_every_field_is_tried():
    assert set(BY_HAND) == {each.name for each in fields(Recipe)}


@pytest.mark.parametrize(("budget", "name"), list(product(BUDGETS, BY_HAND)))
def test_a_field_set_by_hand_is_trained_with_or_refused(folder, budget, name):
    values = BESIDE.get(name, {}) | {name: BY_HAND[name]}
    if name in ("mask_ratio", "grn_over"):
        masked = {"recipe": "fcmae", "start": "downsample", "upto": "downsample", "image_size": 32}
        assert modern(folder, values, budget=budget, **masked).trained_recipe[name] == BY_HAND[name]
        with pytest.raises(ModernizeError, match=rf"recipe\.{name} is set, but no rung of this ladder reads it"):
            modern(folder, values, budget=budget)
        return
    if (budget, name) in WITHOUT_EFFECT:
        with pytest.raises(ModernizeError, match=rf"recipe\.{name} is set, but as budget {budget} trains") as caught:
            modern(folder, values, budget=budget)
        assert "\n" not in str(caught.value)
        return
    task = modern(folder, values, budget=budget)
    trained = task.trained_recipe[name]
    assert (list(trained) if isinstance(trained, tuple) else trained) == BY_HAND[name]
    assert f"recipe.{name}" in task.budget.given


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("mix_probability", {"mixup": 0.8}),
        ("mix_switch_probability", MIXES),
        ("interpolation", {"eval_crop_ratio": 0.875}),
        ("interpolation", {"rand_augment": "rand-m5"}),
    ],
    ids=str,
)
def test_set_with_what_it_takes_it_is_trained(folder, name, beside):
    task = modern(folder, beside | {name: BY_HAND[name]})
    assert task.trained_recipe[name] == BY_HAND[name]
    with pytest.raises(ModernizeError, match=rf"it takes .*{next(iter(beside))}"):
        modern(folder, {name: BY_HAND[name]})


def test_it_is_refused_before_the_data_is_read(tmp_path):
    with pytest.raises(
        ModernizeError, match=r"budget smoke trains this ladder nothing reads it: it takes recipe\.mixup"
    ):
        modern(tmp_path, {"mix_probability": 0.8})


@pytest.mark.parametrize("values", [{}, {"rand_augment": "rand-m5"}, {"color_jitter": 0.1}, MIXES], ids=str)
@pytest.mark.parametrize("budget", ["smoke", "short"])
def test_the_plan_knows_which_path_images_will_take(folder, values, budget):
    task = modern(folder, values, budget=budget)
    assert (task.input_path == "resident") == fits_resident(Recipe(**task.trained_recipe))


def test_recipes_as_printed_are_decoded_from_the_modern_one_on(folder):
    tasks = plan_study(tiny_request(folder, budget="full", epochs=None)).tasks
    assert [task.input_path for task in tasks] == ["resident", "decoded"]


@pytest.mark.parametrize(("image_size", "path"), [(64, "resident"), (128, "decoded")])
def test_files_that_stay_files_are_decoded_and_resampled(tmp_path, image_size, path):
    for split, name in product(("train", "test"), "ab"):
        place = tmp_path / split / name
        place.mkdir(parents=True)
        for k in range(4):
            Image.fromarray(np.full((8, 8, 3), 9 * k, np.uint8)).save(place / f"{k}.png")
    options = {"data": f"folder:{tmp_path}", "image_size": image_size}
    task = modern(tmp_path, {}, **options)
    assert task.input_path == path
    if path == "decoded":
        task = modern(tmp_path, {"interpolation": "bilinear", "eval_crop_mode": "squash"}, **options)
        assert task.trained_recipe["interpolation"] == "bilinear"
        assert task.trained_recipe["eval_crop_mode"] == "squash"


def test_masked_reconstruction_is_refused_where_it_cannot_be(folder):
    objective = {"objective": "masked-reconstruction"}
    with pytest.raises(ModernizeError, match=r"networks with arch\.norm 'layer', not 'batch': from the step ln on"):
        modern(folder, objective)
    end = {"start": "downsample", "upto": "downsample", "image_size": 32}
    with pytest.raises(ModernizeError, match=r"recipe\.mixup is 0\.8, but masked reconstruction has neither labels"):
        modern(folder, objective | {"mixup": 0.8, "mix_probability": 1.0}, **end)
    with pytest.raises(ModernizeError, match=r"unknown recipe\.objective 'fcmae'"):
        modern(folder, {"objective": "fcmae"})
