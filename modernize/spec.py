"""The spec: one network and its training recipe as frozen, typed data.

A spec has three parts. `Arch` decides the network, `Recipe` how it is trained, and `Regime` is the context that the
steps read: which ResNet the ladder starts from, and which depths and widths it leads to. Steps derive one spec from
another with `Spec.with_arch` and `Spec.with_recipe`; nothing here knows about steps, tensors or files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from modernize.errors import ModernizeError, shown, unknown_name
from modernize.fingerprint import fingerprint
from modernize.metrics import CLASSIFICATION, METRICS
from modernize.strict import refuse_outside, replace_checked
from modernize.words import value_text

Depths = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Arch:
    """The architecture of one rung. Defaults are ResNet-50 v1.5.

    Attributes:
        depths: Blocks in each stage.
        width: Channels of the stem, and of the k x k convolution in stage 1; they double at each stage.
        dims: Channels of that convolution in each stage where they do not double from `width`; () where they do.
        stem: "resnet" is an overlapping convolution, norm, activation and max pool; "patchify" one non-overlapping
            convolution.
        stem_stride: Total stride of the stem: 4 at 224 px; 2 or 1 for small images.
        stem_norm: Whether the patchify stem ends in a norm (open choice; the paper's text does not say).
        spatial_conv: The k x k convolution of a block: "full", or "depthwise" (filters of one channel each).
        depthwise_multiplier: Filters for each channel of a depthwise one: so many times the channels go on from it.
        bottleneck: "narrow" squeezes 4C -> C -> 4C; "inverted" expands C -> 4C -> C.
        spatial_position: Where the k x k convolution stands: "middle" of the two 1x1 convolutions, or "first".
        kernel_size: Its k, odd.
        activation: The nonlinearity everywhere in the network.
        activations: "every" after each convolution and the addition; "one" a block, before the last 1x1.
        norms: "every" after each convolution; "one" a block, after the k x k convolution.
        pre_activation: Whether norm and activation stand before each convolution of a block, not behind it, and once
            more before the global pool; a projection shortcut is taken behind the block's first pair, has no norm, and
            nothing follows the addition. With one norm, it begins the block.
        norm: "batch" over the batch and positions, "layer" over the channels at each position, or "group" over the
            channels and positions of an image (GroupNorm with one group).
        downsampling: "in-block" strides the first block of a stage; "separate" puts a 2x2 stride-2 convolution between
            stages.
        downsample_norm: Whether "separate" also adds its LayerNorms (before each 2x2 convolution, after the stem, after
            the global pool). Without them training diverges in the paper: False is the negative control.
        shortcut_norm: Norm on projection shortcuts: "keep", or "drop" it once a block has only one norm (open choice).
        conv_bias: "unless-batch-norm" gives every convolution a bias but those a BatchNorm follows; "always"; "never"
            (open choice).
        layer_scale: Whether each block's branch is scaled by a learned vector (its starting value is in the recipe).
        layer_scale_position: "end" of the branch, or "before-norm" where the branch ends in a norm (open choice).
        grn: Whether Global Response Normalization follows the activation (ConvNeXt V2).
        init: "kaiming" as torchvision's ResNet, or "trunc-normal" with `init_std` (open choice from `recipe` on).
        init_std: Standard deviation of "trunc-normal". The paper's Table 5 prints 0.2, its released code uses 0.02.
        num_classes: Outputs of the classifier.
    """

    depths: Depths = (3, 4, 6, 3)
    width: int = 64
    dims: tuple[int, ...] = ()
    stem: Literal["resnet", "patchify"] = "resnet"
    stem_stride: Literal[1, 2, 4] = 4
    stem_norm: bool = True
    spatial_conv: Literal["full", "depthwise"] = "full"
    depthwise_multiplier: Literal[1, 2, 4] = 1
    bottleneck: Literal["narrow", "inverted"] = "narrow"
    spatial_position: Literal["middle", "first"] = "middle"
    kernel_size: int = 3
    activation: Literal["relu", "gelu"] = "relu"
    activations: Literal["every", "one"] = "every"
    norms: Literal["every", "one"] = "every"
    pre_activation: bool = False
    norm: Literal["batch", "layer", "group"] = "batch"
    downsampling: Literal["in-block", "separate"] = "in-block"
    downsample_norm: bool = True
    shortcut_norm: Literal["keep", "drop"] = "keep"
    conv_bias: Literal["unless-batch-norm", "always", "never"] = "unless-batch-norm"
    layer_scale: bool = False
    layer_scale_position: Literal["end", "before-norm"] = "end"
    grn: bool = False
    init: Literal["kaiming", "trunc-normal"] = "kaiming"
    init_std: float = 0.02
    num_classes: int = 1000

    def __post_init__(self) -> None:
        refuse_outside(self, _ARCH_RANGES, "arch.")
        if self.kernel_size % 2 == 0:
            raise ModernizeError(f"arch.kernel_size should be odd, not {self.kernel_size}.")
        if not 1 <= len(self.depths) <= MOST_STAGES:
            raise ModernizeError(f"arch.depths should list 1 to {MOST_STAGES} stages, not {len(self.depths)}.")
        if self.dims and len(self.dims) != len(self.depths):
            raise ModernizeError(f"arch.dims lists {len(self.dims)} stages, arch.depths {len(self.depths)}.")

    @property
    def stage_widths(self) -> tuple[int, ...]:
        """Channels of the k x k convolution in each stage."""
        return self.dims or tuple(self.width * 2**i for i in range(len(self.depths)))


# Far beyond what anybody trains, and little enough that a typing mistake is counted and planned at once.
MOST_STAGES = 8
_ARCH_RANGES: dict[str, tuple[float, float]] = {
    "depths": (1, 1_000),
    "width": (1, 8_192),
    "dims": (1, 65_536),
    "kernel_size": (1, 255),
    "init_std": (0, 1_000),
    "num_classes": (1, 1_000_000),
}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a rung is trained. Defaults are the classic ResNet recipe of torchvision.

    Attributes:
        name: "classic", "convnext", "finetune" or a name of the user's: what it is called, and no part of what it is.
        objective: What is learned and measured, one of `modernize.metrics.METRICS`.
        optimizer: "sgd" (with `momentum`) or "adamw" (with `betas` and `eps`).
        lr: Peak learning rate at `batch_size`.
        weight_decay: Decoupled for AdamW, L2 for SGD.
        decay_norm_and_bias: Whether norms, biases, LayerScale and GRN are decayed too.
        schedule: "step" multiplies the rate by `step_factors`, "cosine" falls to `min_lr`.
        step_epochs: Epochs after which it is multiplied; () for each third of training.
        step_every_epochs: It is multiplied each time so many epochs are over; 0 for the epochs above.
        step_factors: By what; one factor for all times, or one for each of `step_epochs`.
        warmup_epochs: Epochs of linear warmup from zero.
        batch_size: Images in one optimizer step, over all devices.
        rand_augment: timm's RandAugment string, or "" for none.
        random_resized_crop: Whether training crops are random in size and shape.
        shift_pixels: Largest random shift in pixels, over black; 0 for none. 4 on 32 px is "pad to 40, crop 32".
        horizontal_flip: Whether images are mirrored at random.
        color_jitter: Strength of brightness, contrast and saturation jitter. timm drops it where RandAugment is on.
        brightness: Strength of brightness jitter alone: pixels are multiplied by 1 - it to 1 + it. 0 for none.
        mixup: Beta parameter of mixup, 0 for none. Mixing takes an even number of images a process.
        cutmix: Beta parameter of CutMix, 0 for none.
        mix_probability: Probability that a batch is mixed at all, by either.
        mix_switch_probability: Probability of CutMix rather than mixup where both are on.
        random_erasing: Probability of erasing a rectangle with pixel noise.
        label_smoothing: Share of the target spread over all classes.
        shuffle_labels: Whether training images have each other's labels, dealt out by the seed: a control at chance.
        stochastic_depth: Drop probability of the last block's branch, rising from 0 at the first; or one a stage.
        dropout: Probability of dropping each feature before the classifier.
        layer_scale_init: Starting value of LayerScale.
        clip_grad_norm: Largest norm of the gradient of all weights together, 0 for no clipping.
        ema_decay: Decay, a step, of the weights' moving average, 0 for none. Where there is one, it is evaluated.
        interpolation: Resampling of crops.
        eval_crop_ratio: Share of the image kept by the centre crop at evaluation.
        eval_crop_mode: What is made of image files that are not square: "center" leaves their ends out, "squash" takes
            all of them, with sides made equal (as timm calls it).
        layer_decay: Factor on the learning rate from one group of blocks to the one below it, counted from the head;
            1 for one rate everywhere. For fine-tuning.
        layer_decay_blocks: Blocks of the last stage but one in such a group; the stem and each other stage are a group.
        head_init_scale: Factor on the classifier's starting weights. For fine-tuning.
        mask_ratio: Share of the patches that masked reconstruction hides.
        grn_over: What GRN's norm is over there: each "image" (the paper), or the "batch" (the authors' pre-training).
        new_head: Whether the classifier begins anew even where the weights to start from have one that fits.
        freeze_groups: Groups of layers, from the stem up, that stay as they begin, norms' statistics too; never the
            classifier's: `ALL_GROUPS` are all others.
        unfreeze_epoch: Epochs after which they learn too, 0 for never.
        patience: Training ends after so many epochs without a better one on the validation images, 0 for never.
        chosen_epoch: Whose weights are kept and tested: the last epoch's, or the best one's on validation images.
        seed_draws: What a run's seed decides: "all"; the initial "weights" alone; or the "order" of the images, with
            augmentation and noise, alone. Seed 0 decides the rest, so that a seed's spread can be taken apart.
        mean: Subtracted from pixels, channel by channel, in units of 0 to 255; () for the mean of the data.
        std: Pixels are divided by it, likewise.
    """

    name: str = "classic"
    objective: str = CLASSIFICATION
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 1e-4
    decay_norm_and_bias: bool = True
    schedule: Literal["step", "cosine"] = "step"
    step_epochs: tuple[float, ...] = ()
    step_every_epochs: float = 0.0
    step_factors: tuple[float, ...] = (0.1,)
    min_lr: float = 0.0
    warmup_epochs: float = 0.0
    epochs: int = 90
    batch_size: int = 256
    rand_augment: str = ""
    random_resized_crop: bool = True
    shift_pixels: int = 0
    horizontal_flip: bool = True
    color_jitter: float = 0.0
    brightness: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    mix_probability: float = 0.0
    mix_switch_probability: float = 0.5
    random_erasing: float = 0.0
    label_smoothing: float = 0.0
    shuffle_labels: bool = False
    stochastic_depth: float | tuple[float, ...] = 0.0
    dropout: float = 0.0
    layer_scale_init: float = 1e-6
    clip_grad_norm: float = 0.0
    ema_decay: float = 0.0
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    eval_crop_ratio: float = 0.875
    eval_crop_mode: Literal["center", "squash"] = "center"
    layer_decay: float = 1.0
    layer_decay_blocks: int = 3
    head_init_scale: float = 1.0
    mask_ratio: float = 0.6
    grn_over: Literal["image", "batch"] = "image"
    new_head: bool = False
    freeze_groups: int = 0
    unfreeze_epoch: int = 0
    patience: int = 0
    chosen_epoch: Literal["last", "best"] = "last"
    seed_draws: Literal["all", "weights", "order"] = "all"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        refuse_outside(self, _RECIPE_RANGES, "recipe.")
        if self.objective not in METRICS:
            raise unknown_name("recipe.objective", self.objective, METRICS)
        for name in ("momentum", "betas", "stochastic_depth", "dropout", "ema_decay", "mask_ratio"):
            if 1.0 in (value if isinstance(value := getattr(self, name), tuple) else (value,)):
                raise ModernizeError(f"recipe.{name} should be below 1, not {shown(value)}.")
        for name in ("eval_crop_ratio", "layer_decay", "mask_ratio"):
            if getattr(self, name) == 0:
                raise ModernizeError(f"recipe.{name} should be above 0, at most 1, not 0.")
        for name in ("mean", "std"):
            if len(value := getattr(self, name)) not in {0, 3} or (name == "std" and 0 in value):
                raise ModernizeError(f"recipe.{name} should be three numbers above 0, or none, not {shown(value)}.")
        if self.step_epochs and self.step_every_epochs:
            raise ModernizeError("recipe.step_epochs and recipe.step_every_epochs are both set; set one of them.")
        if tuple(sorted(set(self.step_epochs))) != self.step_epochs:
            raise ModernizeError(f"recipe.step_epochs should rise, not {shown(self.step_epochs)}.")
        if len(self.step_factors) not in {1, len(self.step_epochs)} or not self.step_factors:
            raise ModernizeError(
                f"recipe.step_factors lists {len(self.step_factors)}; it should be one, or as many as "
                f"recipe.step_epochs ({len(self.step_epochs)})."
            )
        # timm skips the parts of a string that it cannot read.
        if self.rand_augment and not re.fullmatch(_RAND_AUGMENT, self.rand_augment):
            raise ModernizeError(
                f"recipe.rand_augment is '{self.rand_augment}'; it should be '' or read like the paper's, "
                "'rand-m9-mstd0.5-inc1'."
            )


_RAND_AUGMENT = r"rand(-(m|n|p|mstd|mmax|inc)\d+(\.\d+)?)*"

ALL_GROUPS = 1_000
"""Of layers: more than a network has."""

_RECIPE_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("epochs", "batch_size"), (1, 1_000_000)),
    "layer_decay_blocks": (1, 1_000),
    **dict.fromkeys(("lr", "eps", "weight_decay", "min_lr", "warmup_epochs", "clip_grad_norm"), (0, 1_000_000)),
    **dict.fromkeys(("step_epochs", "step_every_epochs"), (0, 1_000_000)),
    **dict.fromkeys(("shift_pixels", "color_jitter", "brightness", "mixup", "cutmix"), (0, 1_000)),
    **dict.fromkeys(("layer_scale_init", "head_init_scale"), (0, 1_000)),
    **dict.fromkeys(("unfreeze_epoch", "patience"), (0, 1_000_000)),
    "freeze_groups": (0, ALL_GROUPS),
    **dict.fromkeys(("mean", "std"), (0, 255)),
    **dict.fromkeys(("mix_probability", "mix_switch_probability", "random_erasing", "label_smoothing"), (0, 1)),
    **dict.fromkeys(("momentum", "betas", "stochastic_depth", "dropout", "ema_decay", "step_factors"), (0, 1)),
    **dict.fromkeys(("eval_crop_ratio", "layer_decay", "mask_ratio"), (0, 1)),
}


@dataclass(frozen=True, kw_only=True)
class Regime:
    """Where a ladder starts and what its steps lead to.

    Attributes:
        name: Name on the command line.
        start: What rung 0 is called.
        end: What the last adopted rung is called.
        image_size: Height and width of the input in pixels that costs and runs assume.
        depths: Depths before `stage-ratio`.
        width: Width before any widening.
        ratio_depths: Depths that `stage-ratio` leads to.
        ratio_width: Width that `stage-ratio` leads to (the same as `width` but for ResNet-200).
        wide_width: Width that the `width` step leads to.
        stem_stride: Total stride of the stem.
        num_classes: Outputs of the classifier.
        init_std: Standard deviation of "trunc-normal" weights. The paper's 0.02 suits widths from 96 up; a network
            eight times narrower needs sqrt(8) times as much to pass its signal on.
        published: Regime whose published table is set beside this one's results.
        source: Where these numbers come from.
    """

    name: str
    start: str
    end: str
    image_size: int
    depths: Depths
    width: int
    ratio_depths: Depths
    ratio_width: int
    wide_width: int
    stem_stride: Literal[1, 2, 4] = 4
    num_classes: int = 1000
    init_std: float = 0.02
    published: str = "resnet50"
    source: str = ""


@dataclass(frozen=True)
class Change:
    """One field that differs between two specs, for example `arch.norm`: "batch" -> "layer"."""

    field: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.field}: {value_text(self.before)} -> {value_text(self.after)}"


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One rung: an architecture and a recipe, in a regime.

    Examples:
        >>> from modernize.regimes import base_spec
        >>> spec = base_spec("resnet50").with_arch(norm="layer")
        >>> print(*spec.diff(base_spec("resnet50")))
        arch.norm: layer -> batch
    """

    regime: Regime
    arch: Arch
    recipe: Recipe

    @property
    def model(self) -> Arch:
        """What is built, as of an entry (`modernize.entry`)."""
        return self.arch

    def with_arch(self, **changes: Any) -> Spec:
        """Return this spec with other architecture fields.

        Raises:
            ModernizeError: If a field or its value is not one of `Arch`'s.
        """
        return replace(self, arch=replace_checked(self.arch, changes, "arch"))

    def with_recipe(self, **changes: Any) -> Spec:
        """Return this spec with other recipe fields.

        Raises:
            ModernizeError: If a field or its value is not one of `Recipe`'s.
        """
        return replace(self, recipe=replace_checked(self.recipe, changes, "recipe"))

    def diff(self, other: Spec) -> tuple[Change, ...]:
        """List the fields that change from this spec to `other`, architecture first."""
        return tuple(
            Change(f"{part}.{field.name}", before, after)
            for part in ("arch", "recipe")
            for field in fields(getattr(self, part))
            if (before := getattr(getattr(self, part), field.name))
            != (after := getattr(getattr(other, part), field.name))
        )

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that two specs share only if they describe the same network and recipe.

        The regime is left out: it is where a spec came from, not what it is. So is the recipe's name, which is not
        what it does; and fields at their default: a field that is added later, with a default that means what was done
        before, leaves old fingerprints as they were.
        """
        return fingerprint({"arch": set_fields(self.arch), "recipe": set_fields(self.recipe)})


def set_fields(part: Arch | Recipe) -> dict[str, Any]:
    """Return what tells a part from the default one: the fields that differ from it, a recipe's name aside."""
    found = {f.name: value for f in fields(part) if (value := getattr(part, f.name)) != f.default}
    if isinstance(part, Recipe):
        # Stored results are known by hashes that took the name in. What the names of their recipes follow from stands
        # in its place: it says nothing that other fields do not, so a recipe may be called anything.
        found["name"] = _kind(part)
        if found["name"] == "classic":
            del found["name"]
    return found


def _kind(recipe: Recipe) -> str:
    if recipe.optimizer == "sgd":
        return "classic"
    return "finetune" if recipe.layer_decay < 1 or recipe.head_init_scale != 1 else "convnext"
