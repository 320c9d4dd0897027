"""Which tensor of ours is which of torchvision's and timm's. Data only; `convert.py` moves the weights.

A path template has {i} for the stage and {j} for the block, counted from 0; the other library's may also use {i1} for
i + 1, {even} for 2i and {odd} for 2i + 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Literal

from modernize.errors import ModernizeError
from modernize.families import family_spec
from modernize.spec import Arch, Spec

Library = Literal["torchvision", "timm"]

_STAGE = "stages.{i}"
_BLOCK = "stages.{i}.blocks.{j}"

# timm's ResNet has torchvision's names.
_RESNET = {
    "stem.conv": "conv1",
    "stem.norm": "bn1",
    f"{_BLOCK}.branch.pwconv1": "layer{i1}.{j}.conv1",
    f"{_BLOCK}.branch.pwconv1_norm": "layer{i1}.{j}.bn1",
    f"{_BLOCK}.branch.spatial": "layer{i1}.{j}.conv2",
    f"{_BLOCK}.branch.spatial_norm": "layer{i1}.{j}.bn2",
    f"{_BLOCK}.branch.pwconv2": "layer{i1}.{j}.conv3",
    f"{_BLOCK}.branch.pwconv2_norm": "layer{i1}.{j}.bn3",
    f"{_BLOCK}.shortcut.conv": "layer{i1}.{j}.downsample.0",
    f"{_BLOCK}.shortcut.norm": "layer{i1}.{j}.downsample.1",
    "head.fc": "fc",
}
_CONVNEXT_TORCHVISION = {
    "stem.conv": "features.0.0",
    "stem.norm": "features.0.1",
    f"{_STAGE}.downsample.norm": "features.{even}.0",
    f"{_STAGE}.downsample.conv": "features.{even}.1",
    f"{_BLOCK}.branch.spatial": "features.{odd}.{j}.block.0",
    f"{_BLOCK}.branch.spatial_norm": "features.{odd}.{j}.block.2",
    f"{_BLOCK}.branch.pwconv1": "features.{odd}.{j}.block.3",
    f"{_BLOCK}.branch.pwconv2": "features.{odd}.{j}.block.5",
    f"{_BLOCK}.branch.layer_scale": "features.{odd}.{j}",
    "head.norm": "classifier.0",
    "head.fc": "classifier.2",
}
_CONVNEXT_TIMM = {
    "stem.conv": "stem.0",
    "stem.norm": "stem.1",
    f"{_STAGE}.downsample.norm": "stages.{i}.downsample.0",
    f"{_STAGE}.downsample.conv": "stages.{i}.downsample.1",
    f"{_BLOCK}.branch.spatial": "stages.{i}.blocks.{j}.conv_dw",
    f"{_BLOCK}.branch.spatial_norm": "stages.{i}.blocks.{j}.norm",
    f"{_BLOCK}.branch.pwconv1": "stages.{i}.blocks.{j}.mlp.fc1",
    f"{_BLOCK}.branch.grn": "stages.{i}.blocks.{j}.mlp.grn",
    f"{_BLOCK}.branch.pwconv2": "stages.{i}.blocks.{j}.mlp.fc2",
    f"{_BLOCK}.branch.layer_scale": "stages.{i}.blocks.{j}",
    "head.norm": "head.norm",
    "head.fc": "head.fc",
}


@dataclass(frozen=True, slots=True)
class KeyMap:
    """How one library stores one architecture.

    Attributes:
        paths: Path template of each module of ours that has weights, and of theirs.
        layer_scale: What they call a LayerScale's tensor.
        layer_scale_ndim: Its number of dimensions, (C,) or (C, 1, 1).
        linear_pwconvs: Whether their 1x1 convolutions within blocks are linear layers, (out, in) for (out, in, 1, 1).
    """

    paths: dict[str, str]
    layer_scale: str = ""
    layer_scale_ndim: int = 1
    linear_pwconvs: bool = False


_RESNET_MAP = KeyMap(_RESNET)
_CONVNEXT_MAPS: dict[Library, KeyMap] = {
    "torchvision": KeyMap(_CONVNEXT_TORCHVISION, "layer_scale", layer_scale_ndim=3, linear_pwconvs=True),
    "timm": KeyMap(_CONVNEXT_TIMM, "gamma", linear_pwconvs=True),
}
# timm's ConvNeXts up to Nano, known by their width, keep their 1x1 convolutions.
_TIMM_SMALL = replace(_CONVNEXT_MAPS["timm"], linear_pwconvs=False)
_TIMM_SMALL_WIDTHS = {40, 48, 64, 80}
# Fields that change sizes or starting weights, not what the network is.
_FREE = {"depths", "width", "num_classes", "init", "init_std"}


def key_map(spec: Spec, library: Library) -> KeyMap:
    """Return the map for a spec that the library has too.

    Raises:
        ModernizeError: If it has no such network; the message names the first field that differs.
    """
    resnet, convnext = Arch(), family_spec("convnext-t").arch
    free = _FREE if len(spec.arch.depths) == len(resnet.depths) else _FREE - {"depths"}
    if not (differs := _differing(spec.arch, resnet, free)):
        return _RESNET_MAP
    if spec.arch.downsampling == "separate":
        differs = _differing(spec.arch, convnext, free | {"layer_scale", "grn"})
        if not differs and library == "torchvision" and (spec.arch.grn or not spec.arch.layer_scale):
            differs = "grn" if spec.arch.grn else "layer_scale"
        if not differs:
            small = library == "timm" and spec.arch.width in _TIMM_SMALL_WIDTHS
            return _TIMM_SMALL if small else _CONVNEXT_MAPS[library]
    value = getattr(spec.arch, differs)
    raise ModernizeError(
        f"{library} has no such network (arch.{differs} is {value!r}): "
        "only rung 0 (ResNet) and the last rung (ConvNeXt) have a counterpart there."
    )


def their_key(key: str, keys: KeyMap) -> str:
    """Translate the key of one of our tensors."""
    path, _, tensor = key.rpartition(".")
    numbers = re.findall(r"\d+", path)
    template = re.sub(r"blocks\.\d+", "blocks.{j}", re.sub(r"stages\.\d+", "stages.{i}", path))
    i = int(numbers[0]) if numbers else 0
    j = int(numbers[1]) if len(numbers) > 1 else 0
    theirs = keys.paths[template].format(i=i, j=j, i1=i + 1, even=2 * i, odd=2 * i + 1)
    return f"{theirs}.{keys.layer_scale if path.endswith('layer_scale') else tensor}"


def _differing(arch: Arch, reference: Arch, free: set[str]) -> str:
    """Name the first field, not in `free`, in which two architectures differ; "" for none."""
    names = (field.name for field in fields(arch) if field.name not in free)
    return next((name for name in names if getattr(arch, name) != getattr(reference, name)), "")
