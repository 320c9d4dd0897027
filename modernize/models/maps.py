"""The feature maps of any network, ours, timm's or torchvision's: found by running it once, with channels and strides.

Forward hooks serve them all: timm's `features_only` and torchvision's `create_feature_extractor` each know their own
networks only, and tracing does not get through every one of them. The tests hold the maps against both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from modernize.models.handle import handle_of

_POOLS = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_LARGEST_STEP = 4
"""From one resolution to the next; what shrinks a map by more is the pool before a head."""


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """The last map of one resolution.

    Attributes:
        path: Of the module that gives it.
        channels: Its channels.
        stride: Pixels of the image to one position.
        size: Its height and width for images of the size it was measured on.
        channels_last: Whether the module gives (N, H, W, C), as Swin's do.
    """

    path: str
    channels: int
    stride: int
    size: int
    channels_last: bool = False


def feature_maps(network: nn.Module, image_size: int) -> tuple[FeatureMap, ...]:
    """Find the maps of a network: the last of each resolution, before the head, finest first.

    Args:
        network: Ready for evaluation; on the meta device nothing is computed.
        image_size: Height and width of the images in pixels.

    Returns:
        None of a network that works on tokens (ViT, Mixer).
    """
    head = handle_of(network).classifiers[0].partition(".")[0]
    seen: list[tuple[str, tuple[int, ...]]] = []
    pooled = False

    def hook(path: str, module: nn.Module) -> Any:
        def after(_: nn.Module, __: object, given: object) -> None:
            nonlocal pooled
            pooled = pooled or isinstance(module, _POOLS) or path.partition(".")[0] == head
            if not pooled and isinstance(given, Tensor):
                seen.append((path, tuple(given.shape)))

        return after

    image_nchw = torch.zeros(1, 3, image_size, image_size, device=next(network.parameters()).device)
    _run(network, image_nchw, {path: hook(path, module) for path, module in _layers(network)})
    if any(len(shape) == 3 for _, shape in seen):
        return ()
    last: dict[int, FeatureMap] = {}
    for path, shape in seen:
        one = _map(path, shape, image_size) if len(shape) == 4 else None
        if one and one.stride <= _LARGEST_STEP * max(last, default=one.stride):
            last[one.stride] = one
    return tuple(last.values())


class Backbone(nn.Module):
    """A network that gives its maps instead of its logits; what a detector stands on.

    Args:
        network: Any; its head stays, and is run.
        maps: Which of `feature_maps`.
    """

    def __init__(self, network: nn.Module, maps: tuple[FeatureMap, ...]) -> None:
        super().__init__()
        self.network = network
        self.maps = maps

    def forward(self, images_nchw: Tensor) -> dict[str, Tensor]:
        """Map images (N, 3, H, W) to maps (N, channels, H / stride, W / stride) by the paths of their modules."""
        found: dict[str, Tensor] = {}

        def hook(one: FeatureMap) -> Any:
            def after(_: nn.Module, __: object, given: Tensor) -> None:
                found[one.path] = given.permute(0, 3, 1, 2) if one.channels_last else given

            return after

        _run(self.network, images_nchw, {one.path: hook(one) for one in self.maps}, grad=torch.is_grad_enabled())
        return found


def before_classifier(network: nn.Module, images_nchw: Tensor) -> Tensor:
    """Return what the classifier is given, (N, features): of a network on tokens, its description of an image."""
    found: list[Tensor] = []
    classifier = network.get_submodule(handle_of(network).classifiers[0])
    handle = classifier.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    try:
        network(images_nchw)
    finally:
        handle.remove()
    return found[0].flatten(1)


def _run(network: nn.Module, images_nchw: Tensor, hooks: Mapping[str, Any], *, grad: bool = False) -> None:
    """Run a network with hooks that are there for this once, so that copies of it carry none."""
    handles = [network.get_submodule(path).register_forward_hook(hook) for path, hook in hooks.items()]
    try:
        with torch.set_grad_enabled(grad):
            network(images_nchw)
    finally:
        for handle in handles:
            handle.remove()


def _layers(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """List a network's modules, and in the place of sequences their members."""
    return [
        (f"{name}.{inner}" if inner else name, module)
        for name, child in network.named_children()
        for inner, module in (
            child.named_children() if isinstance(child, nn.Sequential | nn.ModuleList) else [("", child)]
        )
    ]


def _map(path: str, shape: tuple[int, ...], image_size: int) -> FeatureMap:
    # Images are square, so the two sides that are equal are the map's.
    channels_last = shape[1] == shape[2] != shape[3]
    channels, size = (shape[3], shape[1]) if channels_last else (shape[1], shape[2])
    stride = image_size // size if image_size % size == 0 else 2 ** round(math.log2(image_size / size))
    return FeatureMap(path, channels, stride, size, channels_last)
