"""The named recipes, and where each of their values comes from.

"classic" is the base's recipe and "convnext" what the step `recipe` makes of it, so neither is written down twice.
"finetune" is the paper's Table 6: no step leads to it, for it begins with trained weights (`train(..., weights=FILE)`).
"""

from __future__ import annotations

from dataclasses import fields

from modernize.errors import unknown_name
from modernize.ladder import rung_of
from modernize.spec import Recipe

FINETUNE = Recipe(
    name="finetune",
    optimizer="adamw",
    lr=5e-5,
    weight_decay=1e-8,
    decay_norm_and_bias=False,
    schedule="cosine",
    min_lr=1e-6,
    epochs=30,
    batch_size=512,
    rand_augment="rand-m9-mstd0.5-inc1",
    color_jitter=0.4,
    mix_probability=1.0,
    random_erasing=0.25,
    label_smoothing=0.1,
    stochastic_depth=0.8,
    interpolation="bicubic",
    eval_crop_ratio=1.0,
    eval_crop_mode="squash",
    layer_decay=0.7,
    head_init_scale=0.001,
)
"""For ConvNeXt-B at 384 px from ImageNet-1K weights; the notes say what other networks take."""

RECIPES = {
    "classic": "torchvision's original recipe for ResNet-50, the base of every ladder",
    "convnext": "the paper's training from scratch (arXiv:2201.03545 Table 5), of every rung from `recipe` on",
    "finetune": "the paper's fine-tuning (arXiv:2201.03545 Table 6), of ConvNeXt-B at 384 px, from trained weights",
}
"""What each recipe is, by name."""

NOT_USED = "not used"
_OPTIMIZATION = ("optimizer", "lr", "weight_decay", "schedule", "epochs", "batch_size")
_TABLES_5_AND_6 = (
    *("betas", "warmup_epochs", "rand_augment", "mixup", "cutmix", "random_erasing", "label_smoothing"),
    *("stochastic_depth", "layer_scale_init", "clip_grad_norm"),
)
_RELEASED_CODE = (
    *("eps", "decay_norm_and_bias", "min_lr", "color_jitter", "mix_probability", "mix_switch_probability"),
    *("random_resized_crop", "horizontal_flip", "interpolation", "eval_crop_ratio"),
    "eval_crop_mode",
)
_SOURCES: dict[str, dict[str, tuple[str, ...]]] = {
    "classic": {
        "torchvision": (
            *_OPTIMIZATION,
            *("momentum", "decay_norm_and_bias", "random_resized_crop", "horizontal_flip", "interpolation"),
            *("eval_crop_ratio", "eval_crop_mode"),
        ),
    },
    "convnext": {
        "Table 5": (*_OPTIMIZATION, *_TABLES_5_AND_6),
        "Appendix A.1": ("ema_decay",),
        "released code": _RELEASED_CODE,
    },
    "finetune": {
        "Table 6": (*_OPTIMIZATION, *_TABLES_5_AND_6, "layer_decay", "head_init_scale"),
        "released code": (*_RELEASED_CODE, "layer_decay_blocks", "ema_decay"),
    },
}

_MODERN_NOTES = {
    "betas": "also the default of torch's AdamW",
    "eps": "the paper prints none; also the default of torch's AdamW",
    "weight_decay": "torch's AdamW defaults to 0.01",
    "decay_norm_and_bias": "torch's optimizers decay every parameter they are given",
    "min_lr": "timm's CosineLRScheduler falls to 0 by default",
    "rand_augment": "timm's; torchvision's RandAugment has other magnitudes",
    "color_jitter": "without effect: timm leaves it out where RandAugment is on",
    "random_erasing": "filled with noise; timm and torchvision default to a constant",
    "interpolation": "timm's create_transform and torchvision's RandomResizedCrop default to bilinear",
}
_NOTES: dict[str, dict[str, str]] = {
    "classic": {
        "schedule": "a tenth every 30 epochs",
        "decay_norm_and_bias": "weight decay on all parameters",
        "eval_crop_ratio": "224 of 256 pixels",
    },
    "convnext": _MODERN_NOTES
    | {
        "warmup_epochs": (
            "linear from 0, the cosine begins behind it; torch's LinearLR begins at a third of the peak, timm's "
            "CosineLRScheduler lets the warmup cover the start of the cosine unless warmup_prefix is set"
        ),
        "mixup": "timm's Mixup defaults to 1",
        "cutmix": "timm's Mixup defaults to 0",
        "stochastic_depth": "per sample and rescaled; ConvNeXt-S takes 0.4, B 0.5",
        "layer_scale_init": "also in timm's and torchvision's ConvNeXt; timm's LayerScale alone defaults to 1e-5",
        "eval_crop_ratio": "224 of 256 pixels; torchvision evaluates its ConvNeXt-T at 224 of 236",
        "ema_decay": "off on the whole ladder, for it hurts BatchNorm; Table 5's 0.9999 is for the final models",
    },
    "finetune": _MODERN_NOTES
    | {
        "layer_decay": "0.8 from ImageNet-22K weights",
        "layer_decay_blocks": "of the last stage but one; the stem and the other stages are one group each",
        "stochastic_depth": "B from ImageNet-1K; L 0.95; from ImageNet-22K B 0.2, L 0.3, XL 0.4",
        "layer_scale_init": "no starting value is used: LayerScale comes with the weights",
        "eval_crop_ratio": "from 384 px on the whole image is evaluated; below, 224 of 256 pixels",
        "eval_crop_mode": "from 384 px on; below, the centre is cropped",
        "ema_decay": "0.9999 for XL",
        "mix_probability": "without effect: mixup and CutMix are off",
        "mix_switch_probability": "without effect: mixup and CutMix are off",
    },
}


def named_recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises:
        ModernizeError: If there is none.
    """
    if name not in RECIPES:
        raise unknown_name("recipe", name, RECIPES)
    if name == "finetune":
        return FINETUNE
    return rung_of("base" if name == "classic" else "recipe", "resnet50").spec.recipe


def origins(name: str) -> dict[str, str]:
    """Say of each field of a recipe where its value comes from, and where a library's default is another.

    Args:
        name: Of the recipe.

    Returns:
        By field, for example "released code; timm's CosineLRScheduler falls to 0 by default"; "" for every field of
        a recipe that is not one of `RECIPES`.
    """
    sources = {field: source for source, its in _SOURCES.get(name, {}).items() for field in its}
    notes = _NOTES.get(name, {})
    return {
        field.name: "; ".join(filter(None, (sources.get(field.name, NOT_USED), notes.get(field.name))))
        if name in RECIPES and field.name != "name"
        else ""
        for field in fields(Recipe)
    }
