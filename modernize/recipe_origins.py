"""Where each value of the named recipes comes from, and where a library's default is another."""

from __future__ import annotations

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
SOURCES: dict[str, dict[str, tuple[str, ...]]] = {
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
"""By recipe and source, its fields."""

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
NOTES: dict[str, dict[str, str]] = {
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
        "random_resized_crop": "the configuration resizes, 400 to 800 px, and crops at random; here it mirrors",
        "layer_decay": "layer by layer in 6 groups in the configuration; here as `finetune` counts them",
        "layer_decay_blocks": "of the last stage but one; the stem and the other stages are one group each",
        "eps": "the default of torch's AdamW",
    },
    "segmentation": {
        "schedule": "the configuration's falls in a straight line ('poly' of power 1)",
        "warmup_epochs": "1,500 steps of 16 of ADE20K's 20,210 pictures",
        "epochs": "160,000 such steps",
        "random_resized_crop": "the configuration resizes and crops 512 px at random; here it mirrors",
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
"""By recipe and field, what there is to know of a value."""
