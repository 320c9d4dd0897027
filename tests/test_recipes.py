"""The named recipes and their fingerprints."""

from __future__ import annotations

import inspect
from dataclasses import asdict, field, fields, make_dataclass, replace

import pytest
from tiny_runs import FIRST_LAPTOP

from modernize import spec as spec_module
from modernize.entry import fingerprint_of
from modernize.errors import ModernizeError
from modernize.external import parse_external
from modernize.ladder import ladder
from modernize.recipes import NOT_USED, RECIPES, named_recipe, origins
from modernize.regimes import base_spec
from modernize.spec import Arch, Recipe, Spec


def test_each_named_recipe_carries_its_name():
    assert [named_recipe(name).name for name in RECIPES] == list(RECIPES)
    rungs = ladder("resnet50")
    assert named_recipe("classic") == rungs[0].spec.recipe
    assert {rung.spec.recipe for rung in rungs[1:]} == {named_recipe("convnext")}
    with pytest.raises(ModernizeError, match="Did you mean 'convnext'"):
        named_recipe("convnxt")


def test_fine_tuning_is_table_6():
    recipe = named_recipe("finetune")
    assert (recipe.lr, recipe.weight_decay, recipe.batch_size, recipe.epochs) == (5e-5, 1e-8, 512, 30)
    assert (recipe.layer_decay, recipe.layer_decay_blocks, recipe.head_init_scale) == (0.7, 3, 0.001)
    assert recipe.warmup_epochs == recipe.mixup == recipe.cutmix == 0


def test_the_recipes_of_v2_are_its_papers():
    recipe = named_recipe("fcmae")
    assert recipe.lr == pytest.approx(1.5e-4 * recipe.batch_size / 256)
    assert (recipe.optimizer, recipe.betas, recipe.weight_decay, recipe.warmup_epochs) == (
        "adamw",
        (0.9, 0.95),
        0.05,
        40,
    )
    assert (recipe.random_resized_crop, recipe.rand_augment, recipe.mixup, recipe.label_smoothing) == (True, "", 0, 0)
    tuned = named_recipe("finetune-v2")
    assert tuned.lr == pytest.approx(6.25e-4 * tuned.batch_size / 256)
    assert (tuned.layer_decay, tuned.epochs, tuned.ema_decay, tuned.stochastic_depth) == (0.6, 100, 0.9999, 0.1)


@pytest.mark.parametrize("name", RECIPES)
def test_every_value_says_where_it_comes_from(name):
    found = origins(named_recipe(name))
    assert list(found) == [f.name for f in fields(Recipe)]
    assert all(found[f] for f in found if f != "name")
    off = Recipe()
    for f, text in found.items():
        # What a recipe does not use stays as it is where nothing is said.
        assert text != NOT_USED or getattr(named_recipe(name), f) == getattr(off, f)


def test_an_unnamed_recipe_has_no_origins():
    assert set(origins(Recipe(name="mine")).values()) == {""}


def test_torchs_defaults_are_as_the_notes_say():
    from torch.optim import AdamW
    from torch.optim.lr_scheduler import LinearLR

    defaults = inspect.signature(AdamW).parameters
    recipe = named_recipe("convnext")
    assert (defaults["betas"].default, defaults["eps"].default) == (recipe.betas, recipe.eps)
    assert defaults["weight_decay"].default == 0.01
    assert inspect.signature(LinearLR).parameters["start_factor"].default == pytest.approx(1 / 3)


@pytest.mark.slow
def test_timms_and_torchvisions_defaults_are_as_the_notes_say():
    from timm.data import Mixup, create_transform
    from timm.layers import LayerScale2d
    from timm.models.convnext import ConvNeXt
    from timm.scheduler import CosineLRScheduler
    from torchvision.models import ConvNeXt_Tiny_Weights
    from torchvision.transforms import InterpolationMode, v2

    def default(function, name):
        return inspect.signature(function).parameters[name].default

    recipe = named_recipe("convnext")
    assert default(create_transform, "interpolation") == "bilinear"
    # An enum in some releases, its value in others.
    assert InterpolationMode(default(v2.RandomResizedCrop, "interpolation")) is InterpolationMode.BILINEAR
    assert default(create_transform, "re_mode") == "const"
    assert default(v2.RandomErasing, "value") == 0
    assert (default(Mixup, "mixup_alpha"), default(Mixup, "cutmix_alpha")) == (1.0, 0.0)
    assert default(CosineLRScheduler, "warmup_prefix") is False
    assert default(CosineLRScheduler, "lr_min") == 0
    assert default(ConvNeXt, "ls_init_value") == recipe.layer_scale_init
    assert default(LayerScale2d, "init_values") == 1e-5
    transforms = ConvNeXt_Tiny_Weights.IMAGENET1K_V1.transforms.keywords
    assert (transforms["crop_size"], transforms["resize_size"]) == (224, 236)


def test_a_field_added_with_a_default_leaves_old_fingerprints_alone():
    rungs = ladder("resnet50")
    wider = make_dataclass("Recipe", [("new", int, field(default=0))], bases=(Recipe,), frozen=True, kw_only=True)
    for rung in rungs:
        later = Spec(regime=rung.spec.regime, arch=rung.spec.arch, recipe=wider(**asdict(rung.spec.recipe)))
        assert later.fingerprint == rung.spec.fingerprint
        used = Spec(regime=rung.spec.regime, arch=rung.spec.arch, recipe=wider(**asdict(rung.spec.recipe), new=1))
        assert used.fingerprint != rung.spec.fingerprint


def test_defaults_never_change():
    """Fingerprints leave out fields at their default: another default would give old records another meaning.

    Add new fields here; never change a value.
    """
    assert asdict(Arch()) == {
        "depths": (3, 4, 6, 3), "width": 64, "stem": "resnet", "stem_stride": 4, "stem_norm": True,
        "spatial_conv": "full", "bottleneck": "narrow", "spatial_position": "middle", "kernel_size": 3,
        "activation": "relu", "activations": "every", "norms": "every", "norm": "batch", "downsampling": "in-block",
        "downsample_norm": True, "shortcut_norm": "keep", "conv_bias": "unless-batch-norm", "layer_scale": False,
        "layer_scale_position": "end", "grn": False, "init": "kaiming", "init_std": 0.02, "num_classes": 1000,
        "dims": (), "pre_activation": False, "depthwise_multiplier": 1,
    }  # fmt: skip
    assert asdict(Recipe()) == {
        "name": "classic", "optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "betas": (0.9, 0.999), "eps": 1e-8,
        "weight_decay": 1e-4, "decay_norm_and_bias": True, "schedule": "step", "min_lr": 0.0, "warmup_epochs": 0.0,
        "epochs": 90, "batch_size": 256, "rand_augment": "", "random_resized_crop": True, "shift_pixels": 0,
        "horizontal_flip": True, "color_jitter": 0.0, "mixup": 0.0, "cutmix": 0.0, "mix_probability": 0.0,
        "mix_switch_probability": 0.5, "random_erasing": 0.0, "label_smoothing": 0.0, "stochastic_depth": 0.0,
        "layer_scale_init": 1e-6, "clip_grad_norm": 0.0, "ema_decay": 0.0, "interpolation": "bilinear",
        "eval_crop_ratio": 0.875, "eval_crop_mode": "center", "layer_decay": 1.0, "layer_decay_blocks": 3,
        "head_init_scale": 1.0,
        "step_epochs": (), "step_every_epochs": 0.0, "step_factors": (0.1,), "dropout": 0.0, "brightness": 0.0,
        "objective": "classification", "mask_ratio": 0.6, "grn_over": "image",
        "new_head": False, "freeze_groups": 0, "unfreeze_epoch": 0, "patience": 0, "chosen_epoch": "last",
        "mean": (), "std": (), "shuffle_labels": False, "seed_draws": "all",
    }  # fmt: skip


def test_a_fingerprint_is_what_it_was():
    # Records refer to it: if this value changes, every stored result is orphaned.
    assert spec_module.fingerprint({"arch": {}, "recipe": {}}) == base_spec("resnet50").fingerprint
    assert ladder("resnet50")[-1].spec.fingerprint == "0f781bd92bdbdc4f"


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_may_be_called_anything(name):
    recipe = named_recipe(name)
    spec, renamed = (replace(base_spec("laptop"), recipe=r) for r in (recipe, replace(recipe, name="summer school")))
    assert renamed.fingerprint == spec.fingerprint
    assert fingerprint_of(parse_external("timm:resnet18"), renamed.recipe) == fingerprint_of(
        parse_external("timm:resnet18"), recipe
    )


def test_named_recipes_keep_their_fingerprints():
    before = {"classic": "3fcfec62e79d24dc", "convnext": "1af1565bc7bc2b29", "finetune": "70f88e9005232770"}
    first = base_spec("laptop").with_arch(**FIRST_LAPTOP)
    assert {name: replace(first, recipe=named_recipe(name)).fingerprint for name in before} == before
