"""Where the classifier and the layers of any network are, and what images a library's weights were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from modernize.external import External
from modernize.nn.pairing import check_torch_pair


@dataclass(frozen=True, slots=True)
class Handle:
    """What layer-wise decay, freezing and a new head need to know of a network.

    Attributes:
        classifiers: Paths of the modules that give logits; some of timm's networks average two.
        layers: Names of all parameters, layer by layer from the stem to the classifier. What has no matrix of its
            own (a norm, a position embedding) belongs to the layer before it.
    """

    classifiers: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a library's images are made ready for its weights.

    Attributes:
        mean: Subtracted, in units of 0 to 255.
        std: Divided by, in the same units.
        image_size: Height and width in pixels.
        crop_ratio: Share of the resized image that the centre crop keeps.
        interpolation: Resampling.
        crop_mode: "center" leaves the ends of the long side out, "squash" makes the sides equal.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    image_size: int
    crop_ratio: float
    interpolation: str
    crop_mode: str = "center"


def handle_of(network: nn.Module) -> Handle:
    """Look at a network of ours, timm's or torchvision's."""
    named = (
        getattr(network, "pretrained_cfg", {}).get("classifier")
        or [name for name, module in network.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)][-1]
    )
    return Handle((named,) if isinstance(named, str) else tuple(named), _layers(network))


def preprocessing_of(external: External, weights: str = "") -> Preprocessing:
    """Return what the library's own weights of a network go with.

    Args:
        external: The network.
        weights: What the library calls them; "" for those that it takes by default.
    """
    check_torch_pair()
    if external.library == "timm":
        import timm

        cfg: Any = timm.get_pretrained_cfg(f"{external.name}.{weights}" if weights else external.name)
        mean, std, ratio, interpolation = cfg.mean, cfg.std, cfg.crop_pct, cfg.interpolation
        size, crop_mode = cfg.input_size[-1], cfg.crop_mode
    else:
        from torchvision import models

        transform = models.get_model_weights(external.name)[weights or "DEFAULT"].transforms()
        mean, std, interpolation = transform.mean, transform.std, transform.interpolation.value
        (size,) = transform.crop_size
        ratio, crop_mode = size / transform.resize_size[0], "center"
    return Preprocessing(
        mean=tuple(255 * value for value in mean),
        std=tuple(255 * value for value in std),
        image_size=size,
        crop_ratio=ratio,
        interpolation=interpolation,
        crop_mode=crop_mode,
    )


def _layers(network: nn.Module) -> tuple[tuple[str, ...], ...]:
    matcher: Any = getattr(network, "group_matcher", None)
    if matcher:
        from timm.models import group_parameters

        numbered = group_parameters(network, matcher(coarse=False))
        return tuple(tuple(numbered[number]) for number in sorted(numbered))
    # Sequences hold layers; those of torchvision's ViT lie in its encoder.
    opened = {"encoder", "encoder.layers"} | {
        name for name, child in network.named_children() if isinstance(child, nn.Sequential | nn.ModuleList)
    }
    found: dict[str, list[str]] = {}
    for name, _ in network.named_parameters():
        parts, depth = name.split("."), 1
        while ".".join(parts[:depth]) in opened:
            depth += 1
        found.setdefault(".".join(parts[:depth]), []).append(name)
    layers: list[list[str]] = [[]]
    begun = False
    for layer, names in found.items():
        matrix = any(name != layer and network.get_parameter(name).ndim > 1 for name in names)
        if matrix and begun:
            layers.append([])
        begun = begun or matrix
        layers[-1] += names
    return tuple(map(tuple, layers))
