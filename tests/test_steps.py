"""Every step: its card, its names, its one change."""

from __future__ import annotations

from pathlib import Path

import pytest

import steps
from modernize.families import family_spec
from modernize.ladder import ladder
from modernize.published import published_rows
from modernize.registry import load_steps
from modernize.spec import Arch

STEPS = [step for step in load_steps().values() if step.module.startswith("steps.")]
IDS = [step.id for step in STEPS]
ADOPTED = (
    "recipe stage-ratio patchify depthwise width inverted move-up kernel-7 gelu fewer-acts fewer-norms ln downsample"
)
PROBES = ["kernel-5", "kernel-9", "kernel-11"]
# Section, source and path of the steps that are not the paper's.
OTHERS = {"grn": ("", "arXiv:2301.00808", "v2")}
# The fields each step changes in the resnet50 regime: as few as its sentence in the paper.
ARCH_FIELDS = {
    "recipe": {"layer_scale", "init"},
    "stage-ratio": {"depths"},
    "patchify": {"stem"},
    "depthwise": {"spatial_conv"},
    "width": {"width"},
    "inverted": {"bottleneck"},
    "move-up": {"spatial_position"},
    "kernel-5": {"kernel_size"},
    "kernel-7": {"kernel_size"},
    "kernel-9": {"kernel_size"},
    "kernel-11": {"kernel_size"},
    "gelu": {"activation"},
    "fewer-acts": {"activations"},
    "fewer-norms": {"norms"},
    "ln": {"norm"},
    "downsample": {"downsampling"},
    "grn": {"grn", "layer_scale"},
}


def test_the_steps_are_the_papers_in_its_order():
    assert [step.id for step in STEPS if step.adopted] == [*ADOPTED.split(), *OTHERS]
    assert sorted(step.id for step in STEPS if not step.adopted) == sorted(PROBES)
    for regime in ("resnet50", "resnet200"):
        assert [row.step for row in published_rows(regime) if row.role != "reference"] == ["base", *steps.PATH]


@pytest.mark.parametrize("step", STEPS, ids=IDS)
def test_a_card_says_what_why_watch_and_deviates(step):
    card = step.card()
    assert all(
        card[part].endswith(".") and len(card[part]) > len("nothing") for part in ("what", "why", "watch", "deviates")
    )
    assert step.title
    section, source, path = OTHERS.get(step.id, ("2.", "arXiv:2201.03545", "convnext"))
    assert step.section.startswith(section)
    assert (step.source, step.path) == (source, path)


@pytest.mark.parametrize("step", STEPS, ids=IDS)
def test_file_function_and_id_agree(step):
    name = step.id.replace("-", "_")
    assert (step.module, step.transform.__name__) == (f"steps.{name}", name)


def test_every_file_is_a_step_on_a_path():
    files = {path.stem for path in Path(steps.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in (*steps.PATH, *OTHERS)}


@pytest.mark.parametrize("rung", ladder("resnet50", path="v2", probes=True)[1:], ids=lambda rung: rung.step)
def test_a_step_changes_the_fields_of_its_sentence_only(rung):
    fields = {change.field for change in rung.changes}
    assert {name.removeprefix("arch.") for name in fields if name.startswith("arch.")} == ARCH_FIELDS[rung.step]
    assert any(name.startswith("recipe.") for name in fields) == (rung.step == "recipe")


def test_every_open_choice_keeps_its_default_along_the_ladder():
    choices = ("stem_norm", "shortcut_norm", "conv_bias", "layer_scale_position", "init_std", "downsample_norm", "grn")
    for rung in ladder("resnet50", probes=True):
        assert {name: getattr(rung.spec.arch, name) for name in choices} == {n: getattr(Arch(), n) for n in choices}


def test_the_path_v2_ends_in_convnext_v2_and_the_default_one_does_not():
    for regime, v1, v2 in (("resnet50", "convnext-t", "tiny"), ("resnet200", "convnext-b", "base")):
        default, longer = ladder(regime), ladder(regime, path="v2")
        assert longer[:-1] == default
        assert default[-1].spec.arch == family_spec(v1).arch
        assert longer[-1].spec.arch == family_spec(f"convnext-v2-{v2}").arch


def test_the_modern_recipe_is_table_5():
    recipe = ladder("resnet50", upto="recipe")[-1].spec.recipe
    expected = {
        "optimizer": "adamw", "lr": 4e-3, "weight_decay": 0.05, "decay_norm_and_bias": False, "betas": (0.9, 0.999),
        "batch_size": 4096, "epochs": 300, "warmup_epochs": 20.0, "schedule": "cosine", "min_lr": 1e-6,
        "rand_augment": "rand-m9-mstd0.5-inc1", "color_jitter": 0.4, "mixup": 0.8, "cutmix": 1.0,
        "mix_probability": 1.0, "mix_switch_probability": 0.5, "random_erasing": 0.25, "label_smoothing": 0.1,
        "stochastic_depth": 0.1, "layer_scale_init": 1e-6, "clip_grad_norm": 0.0, "ema_decay": 0.0,
        "interpolation": "bicubic", "eval_crop_ratio": 0.875,
    }  # fmt: skip
    assert {name: getattr(recipe, name) for name in expected} == expected
