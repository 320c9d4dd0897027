"""Specs: frozen, checked, compared, fingerprinted."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from modernize.errors import ModernizeError
from modernize.fingerprint import fingerprint
from modernize.regimes import REGIMES, base_spec
from modernize.spec import Arch, Recipe
from modernize.strict import from_dict

SPEC = base_spec("resnet50")


def test_a_spec_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        SPEC.arch.norm = "layer"


@pytest.mark.parametrize("regime", REGIMES)
def test_rung_0_is_the_regimes_resnet(regime):
    spec = base_spec(regime)
    assert spec.arch.depths == spec.regime.depths
    assert spec.arch.width == spec.regime.width
    assert spec.recipe == Recipe()
    assert not spec.arch.layer_scale


def test_an_unknown_regime_is_named_with_its_nearest():
    with pytest.raises(ModernizeError, match=r"unknown regime 'resnet-50'\. Did you mean 'resnet50'\?"):
        base_spec("resnet-50")


def test_diff_lists_what_changed_architecture_first():
    changed = SPEC.with_recipe(lr=0.2).with_arch(norm="layer", depths=(3, 3, 9, 3))
    assert [str(change) for change in SPEC.diff(changed)] == [
        "arch.depths: (3, 4, 6, 3) -> (3, 3, 9, 3)",
        "arch.norm: batch -> layer",
        "recipe.lr: 0.1 -> 0.2",
    ]
    assert SPEC.diff(SPEC) == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nrom": "layer"}, r"unknown field 'arch.nrom'\. Did you mean 'arch.norm'\?"),
        ({"norm": "instance"}, r"arch.norm cannot be 'instance'\. Allowed: 'batch', 'layer', 'group'\."),
        ({"kernel_size": 4}, r"arch.kernel_size should be odd, not 4\."),
        ({"kernel_size": -1}, r"arch.kernel_size should be from 1 to 255, not -1\."),
        ({"kernel_size": "7"}, r"arch.kernel_size should be int, not '7'\."),
        ({"stem_stride": 3}, r"arch.stem_stride cannot be 3\. Allowed: 1, 2, 4\."),
        ({"stem_stride": True}, r"arch.stem_stride cannot be True\."),
        ({"layer_scale": 1}, r"arch.layer_scale should be bool, not 1\."),
        ({"depths": (3, 0, 9, 3)}, r"arch.depths should be from 1 to 1,000, not \(3, 0, 9, 3\)\."),
        ({"width": 0}, r"arch.width should be from 1 to 8,192, not 0\."),
        ({"depths": (1,) * 9}, r"arch.depths should list 1 to 8 stages, not 9\."),
        ({"depths": ()}, r"arch.depths should list 1 to 8 stages, not 0\."),
    ],
)
def test_a_wrong_field_is_one_clear_line(changes, message):
    with pytest.raises(ModernizeError, match=message) as error:
        SPEC.with_arch(**changes)
    assert "\n" not in str(error.value)


def test_every_field_counts_for_the_fingerprint():
    other = {
        "depths": (1, 1, 1, 1), "width": 8, "dims": (1, 2, 3, 4), "pre_activation": True,
        "stem": "patchify", "stem_stride": 2, "stem_norm": False,
        "spatial_conv": "depthwise", "depthwise_multiplier": 2, "bottleneck": "inverted", "spatial_position": "first",
        "kernel_size": 7,
        "activation": "gelu", "activations": "one", "norms": "one", "norm": "layer", "downsampling": "separate",
        "downsample_norm": False, "shortcut_norm": "drop", "conv_bias": "always", "layer_scale": True,
        "layer_scale_position": "before-norm", "grn": True, "init": "trunc-normal", "init_std": 0.2, "num_classes": 10,
    }  # fmt: skip
    assert set(other) == {field.name for field in fields(Arch)}
    prints = {SPEC.with_arch(**{name: value}).fingerprint for name, value in other.items()}
    assert len(prints | {SPEC.fingerprint}) == len(other) + 1


def test_the_fingerprint_is_stable():
    # Records refer to it: a change of this value orphans every stored result.
    assert fingerprint({"b": 1, "a": [1, 2.5, "x"]}) == fingerprint({"a": (1, 2.5, "x"), "b": 1}) == "169e17f8f54ae360"


def test_the_regime_is_no_part_of_the_fingerprint():
    elsewhere = replace(SPEC, regime=base_spec("laptop").regime)
    assert elsewhere != SPEC
    assert elsewhere.fingerprint == SPEC.fingerprint


def test_specs_from_plain_data_are_strict():
    assert from_dict(Recipe, {"lr": 1, "betas": [0.9, 0.95]}) == Recipe(lr=1.0, betas=(0.9, 0.95))
    with pytest.raises(ModernizeError, match=r"unknown field 'recipe\.learning_rate'"):
        from_dict(Recipe, {"learning_rate": 1}, "recipe")
    with pytest.raises(ModernizeError, match=r"recipe\.betas\[1\] should be float, not 'x'"):
        from_dict(Recipe, {"betas": [0.9, "x"]}, "recipe")
