"""The named recipes, and where each of their values comes from.

"classic" is the base's recipe and "convnext" what the step `recipe` makes of it, so neither is written down twice.
"finetune" is the paper's Table 6: no step leads to it, for it begins with trained weights (`train(..., weights=FILE)`).
"finetune-sgd" is what `modernize finetune` takes.
"fcmae" and "finetune-v2" are ConvNeXt V2's; with labels alone it trains with "convnext", its paper printing no other.
"detection" and "segmentation" are the released configurations of ConvNeXt-T in Mask R-CNN and UPerNet.
"cifar10-stem" and "cifar10-preact" are those of the built-in studies of these names.
"""

from __future__ import annotations

from dataclasses import fields, replace

from modernize.errors import unknown_name
from modernize.ladder import rung_of
from modernize.metrics import DETECTION, MASKED_RECONSTRUCTION, SEGMENTATION
from modernize.recipe_origins import NOTES, SOURCES
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

FCMAE = Recipe(
    name="fcmae",
    objective=MASKED_RECONSTRUCTION,
    optimizer="adamw",
    lr=2.4e-3,
    betas=(0.9, 0.95),
    weight_decay=0.05,
    decay_norm_and_bias=False,
    schedule="cosine",
    warmup_epochs=40.0,
    epochs=800,
    batch_size=4096,
    interpolation="bicubic",
)
"""Masked pre-training of a ConvNeXt V2."""

FINETUNE_V2 = replace(
    FINETUNE,
    name="finetune-v2",
    lr=2.5e-3,
    weight_decay=0.05,
    warmup_epochs=20.0,
    epochs=100,
    batch_size=1024,
    color_jitter=0.0,
    mixup=0.8,
    cutmix=1.0,
    stochastic_depth=0.1,
    ema_decay=0.9999,
    eval_crop_ratio=0.875,
    eval_crop_mode="center",
    layer_decay=0.6,
)
"""For ConvNeXt V2-Base at 224 px behind `FCMAE`; the notes say what Atto and Tiny take."""

DETECT = Recipe(
    name="detection",
    objective=DETECTION,
    optimizer="adamw",
    lr=1e-4,
    weight_decay=0.05,
    decay_norm_and_bias=False,
    step_epochs=(27, 33),
    epochs=36,
    batch_size=16,
    random_resized_crop=False,
    stochastic_depth=0.4,
    layer_scale_init=1.0,
    eval_crop_ratio=1.0,
    layer_decay=0.95,
)
"""For Mask R-CNN with ConvNeXt-T from ImageNet-1K weights, on COCO."""

SEGMENT = replace(
    DETECT,
    name="segmentation",
    objective=SEGMENTATION,
    schedule="cosine",
    step_epochs=(),
    warmup_epochs=1.2,
    epochs=127,
    layer_decay=0.9,
)
"""For UPerNet with ConvNeXt-T from ImageNet-1K weights, on ADE20K."""

CIFAR10_STEM = Recipe(
    name="cifar10-stem",
    optimizer="adamw",
    lr=1e-3,
    weight_decay=4e-3,
    step_factors=(1.0,),
    epochs=200,
    random_resized_crop=False,
    shift_pixels=4,
    horizontal_flip=False,
    brightness=0.5,
    label_smoothing=0.1,
    stochastic_depth=(0.1, 0.1, 0.2, 0.3),
    eval_crop_ratio=1.0,
)

CIFAR10_PREACT = Recipe(
    name="cifar10-preact",
    decay_norm_and_bias=False,
    step_epochs=(80, 120),
    epochs=100,
    batch_size=128,
    random_resized_crop=False,
    shift_pixels=4,
    eval_crop_ratio=1.0,
)

FINETUNE_SGD = Recipe(
    name="finetune-sgd",
    lr=1e-3,
    weight_decay=0.0,
    step_every_epochs=3,
    step_factors=(0.9,),
    epochs=30,
    batch_size=32,
    dropout=0.2,
    new_head=True,
    patience=5,
    chosen_epoch="best",
)

_ALL = (FINETUNE, FINETUNE_SGD, FCMAE, FINETUNE_V2, DETECT, SEGMENT, CIFAR10_STEM, CIFAR10_PREACT)
_WRITTEN = {recipe.name: recipe for recipe in _ALL}

RECIPES = {
    "classic": "torchvision's original recipe for ResNet-50, the base of every ladder",
    "convnext": "the paper's training from scratch (arXiv:2201.03545 Table 5), of every rung from `recipe` on",
    "finetune": "the paper's fine-tuning (arXiv:2201.03545 Table 6), of ConvNeXt-B at 384 px, from trained weights",
    "fcmae": "masked pre-training of ConvNeXt V2 (arXiv:2301.00808), without labels",
    "finetune-v2": "fine-tuning of ConvNeXt V2-Base at 224 px behind it (arXiv:2301.00808, released commands)",
    "finetune-sgd": "fine-tuning on a few thousand photographs, from trained weights, as `modernize finetune` does",
    "detection": "Mask R-CNN on a ConvNeXt-T for COCO (arXiv:2201.03545 Table 3, released configuration)",
    "segmentation": "UPerNet on a ConvNeXt-T for ADE20K (arXiv:2201.03545 Table 4, released configuration)",
    "cifar10-stem": "a ConvNeXt, a ResNet, a ViT and a Swin on CIFAR-10 (article 'ConvNeXt image classification')",
    "cifar10-preact": "a pre-activation ResNet on CIFAR-10 (article 'ResNet (Residual Network) image classification')",
}
"""What each recipe is, by name."""

NOT_USED = "not used"


def named_recipe(name: str) -> Recipe:
    """Return a recipe by name.

    Raises:
        ModernizeError: If there is none.
    """
    if name not in RECIPES:
        raise unknown_name("recipe", name, RECIPES)
    if name in _WRITTEN:
        return _WRITTEN[name]
    return rung_of("base" if name == "classic" else "recipe", "resnet50").spec.recipe


def origins(recipe: Recipe) -> dict[str, str]:
    """Say of each field of a recipe where its value comes from, and where a library's default is another.

    Returns:
        By field, for example "released code; timm's CosineLRScheduler falls to 0 by default"; "" for a value that is
        not that of the recipe of this name, but a step's or the user's own.
    """
    named = named_recipe(recipe.name) if recipe.name in RECIPES else None
    sources = {field: source for source, its in SOURCES.get(recipe.name, {}).items() for field in its}
    notes = NOTES.get(recipe.name, {})
    found = dict.fromkeys((field.name for field in fields(Recipe)), "")
    for name in found:
        if named and name != "name" and getattr(named, name) == getattr(recipe, name):
            found[name] = "; ".join(filter(None, (sources.get(name, NOT_USED), notes.get(name))))
    return found
