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
_OPTIMIZATION = ("objective", "optimizer", "lr", "weight_decay", "schedule", "epochs", "batch_size")
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
    "fcmae": {
        "arXiv:2301.00808": (
            *("objective", "mask_ratio", "grn_over", "optimizer", "lr", "betas", "weight_decay", "schedule"),
            *("warmup_epochs", "epochs", "random_resized_crop"),
        ),
        "released command": ("batch_size",),
        "released code": ("eps", "decay_norm_and_bias", "min_lr", "horizontal_flip", "interpolation"),
        "ours: the paper evaluates nothing": ("eval_crop_ratio", "eval_crop_mode"),
    },
    "finetune-v2": {
        "released command": (
            *("lr", "weight_decay", "epochs", "batch_size", "warmup_epochs", "mixup", "cutmix", "random_erasing"),
            *("label_smoothing", "stochastic_depth", "layer_decay", "layer_decay_blocks", "ema_decay"),
        ),
        "released code": (
            *("objective", "optimizer", "betas", "schedule", "rand_augment", "head_init_scale", "clip_grad_norm"),
            *_RELEASED_CODE,
        ),
    },
    "finetune-sgd": {
        "ours": (
            *_OPTIMIZATION,
            *("momentum", "step_every_epochs", "step_factors", "random_resized_crop", "horizontal_flip"),
            *("decay_norm_and_bias", "interpolation", "eval_crop_ratio", "eval_crop_mode", "dropout", "new_head"),
            *("patience", "chosen_epoch"),
        ),
    },
    "detection": {
        "released configuration": (
            *("objective", "optimizer", "lr", "betas", "weight_decay", "decay_norm_and_bias", "schedule"),
            *("step_epochs", "step_factors", "epochs", "batch_size", "horizontal_flip", "stochastic_depth"),
            *("layer_scale_init", "layer_decay"),
        ),
        "ours": ("random_resized_crop", "eval_crop_ratio", "layer_decay_blocks", "eps", "eval_crop_mode"),
    },
    "segmentation": {
        "released configuration": (
            *("objective", "optimizer", "lr", "betas", "weight_decay", "decay_norm_and_bias", "warmup_epochs"),
            *(
                "epochs",
                "batch_size",
                "horizontal_flip",
                "stochastic_depth",
                "layer_scale_init",
                "layer_decay",
                "min_lr",
            ),
        ),
        "ours": (
            *("schedule", "random_resized_crop", "eval_crop_ratio", "layer_decay_blocks", "eps", "eval_crop_mode"),
        ),
    },
    "cifar10-stem": {
        "the article": (
            *("objective", "optimizer", "lr", "weight_decay", "epochs", "batch_size", "random_resized_crop"),
            *("shift_pixels", "brightness", "label_smoothing", "stochastic_depth"),
        ),
        "not said in the article": (
            *("betas", "eps", "decay_norm_and_bias", "schedule", "step_factors", "horizontal_flip"),
            *("layer_scale_init", "eval_crop_ratio", "eval_crop_mode"),
        ),
    },
    "cifar10-preact": {
        "the article": (
            *("objective", "optimizer", "lr", "momentum", "weight_decay", "schedule", "step_epochs", "step_factors"),
            *("epochs", "batch_size", "random_resized_crop", "shift_pixels", "horizontal_flip"),
        ),
        "not said in the article": ("decay_norm_and_bias", "eval_crop_ratio", "eval_crop_mode"),
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
    "fcmae": {
        "grn_over": "the released pre-training takes the norm over the whole batch ('batch'), its fine-tuning does not",
        "lr": "1.5e-4 for each 256 images",
        "epochs": "the paper's ablations; 1600 in the released command",
        "decay_norm_and_bias": (
            "none on GRN; the released pre-training tells by dimensions and decays GRN, whose parameters have several"
        ),
        "random_resized_crop": "of 20 % of the image or more in the released code, of 8 % or more here",
        "horizontal_flip": "open choice: the paper prints random resized crops alone",
    },
    "finetune-v2": {
        "lr": "6.25e-4 for each 256 images; Atto 2e-4, Tiny 8e-4",
        "weight_decay": "Atto 0.3",
        "epochs": "Atto 600, Tiny 300",
        "warmup_epochs": "Atto 0, Tiny 40",
        "mixup": "Atto 0",
        "cutmix": "Atto 0",
        "label_smoothing": "Atto 0.2",
        "stochastic_depth": "Atto 0.1, Tiny 0.2",
        "layer_decay": "Atto and Tiny 0.9, each block a group of its own",
        "layer_decay_blocks": "of the last stage but one; the stem and the other stages are one group each",
        "layer_scale_init": "not read: ConvNeXt V2 has none",
        "decay_norm_and_bias": "none on GRN, whatever its dimensions",
        "eval_crop_ratio": "open choice: 224 of 256 pixels, as ConvNeXt",
    },
    "finetune-sgd": {
        "weight_decay": "the default of torch's SGD",
        "interpolation": "that of the weights it starts from, where they say one",
        "eval_crop_ratio": "likewise",
    },
    "detection": {
        "schedule": "its warmup of 500 steps, a fiftieth of an epoch, is left out",
        "random_resized_crop": "the configuration resizes to 400 to 800 px at random, and crops; here pictures are mirrored alone",
        "layer_decay": "layer by layer in 6 groups in the configuration; here as `finetune` counts them",
        "layer_decay_blocks": "of the last stage but one; the stem and the other stages are one group each",
        "eps": "the default of torch's AdamW",
    },
    "segmentation": {
        "schedule": "the configuration's falls in a straight line ('poly' of power 1)",
        "warmup_epochs": "1,500 steps of 16 of ADE20K's 20,210 pictures",
        "epochs": "160,000 such steps",
        "random_resized_crop": "the configuration resizes at random and crops 512 px; here pictures are mirrored alone",
        "layer_decay": "stage by stage in the configuration; here as `finetune` counts groups",
        "layer_decay_blocks": "of the last stage but one; the stem and the other stages are one group each",
        "eps": "the default of torch's AdamW",
    },
    "cifar10-stem": {
        "betas": "the default of torch's and Keras' AdamW",
        "eps": "the default of torch's AdamW; Keras' is 1e-7",
        "decay_norm_and_bias": "what an AdamW does that is told nothing else, torch's and Keras' alike",
        "schedule": "the rate stays as it is: its factor is 1",
        "step_factors": "1: the rate stays as it is",
        "shift_pixels": "padded to 40 px, cropped at random to 32",
        "horizontal_flip": "left out",
        "stochastic_depth": "by stage, of our networks; other libraries' have their own option",
        "layer_scale_init": "the ConvNeXt paper's",
        "eval_crop_ratio": "images are evaluated whole",
    },
    "cifar10-preact": {
        "weight_decay": "an L2 penalty as Keras counts it would be 2e-4 here: torch halves the square",
        "decay_norm_and_bias": "kernels alone, as where Keras' layers are given a kernel_regularizer",
        "step_epochs": "100 epochs end before the second",
        "shift_pixels": "12.5 % of 32 px; what comes in is black",
        "eval_crop_ratio": "images are evaluated whole",
    },
}


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
    sources = {field: source for source, its in _SOURCES.get(recipe.name, {}).items() for field in its}
    notes = _NOTES.get(recipe.name, {})
    found = dict.fromkeys((field.name for field in fields(Recipe)), "")
    for name in found:
        if named and name != "name" and getattr(named, name) == getattr(recipe, name):
            found[name] = "; ".join(filter(None, (sources.get(name, NOT_USED), notes.get(name))))
    return found
