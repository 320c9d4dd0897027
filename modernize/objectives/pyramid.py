"""Any network as the backbone of a detector or a segmenter: its maps, normalised, in a feature pyramid (FPN)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from modernize.entry import Trainable
from modernize.errors import ModernizeError
from modernize.external import External
from modernize.models import build_model
from modernize.models.maps import Backbone, FeatureMap, feature_maps
from modernize.nn.layers import LayerNorm2d
from modernize.nn.pairing import check_torch_pair

MOST_MAPS = 4
"""The coarsest are taken: strides 4, 8, 16 and 32 of a ResNet or a ConvNeXt at full size."""

FULL_SIZE = 512
"""Pixels of an image from which on heads are as wide as torchvision's."""


def head_width(image_size: int) -> int:
    """Return the channels of pyramid and heads: 256, and fewer for small images, whatever the backbone.

    Examples:
        >>> head_width(64), head_width(800)
        (32, 256)
    """
    return min(image_size, FULL_SIZE) // 2


class Pyramid(nn.Module):
    """A backbone and a feature pyramid on its maps.

    Each map passes a LayerNorm first, as in the code released with ConvNeXt for all its detectors: a ConvNeXt's maps
    are sums of branches that nothing has normalised. What of the network the maps do not need (its head) stays in the
    state dict and is not trained.

    Args:
        network: Gives the maps.
        maps: Which.
        width: Channels of each map of the pyramid.
        extra: A coarser map more, from the coarsest by striding, as Mask R-CNN has.
    """

    def __init__(self, network: nn.Module, maps: tuple[FeatureMap, ...], width: int, *, extra: bool) -> None:
        super().__init__()
        from torchvision.ops import FeaturePyramidNetwork
        from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

        self.out_channels = width
        self.body = Backbone(network, maps)
        self.norms = nn.ModuleList(LayerNorm2d(one.channels) for one in maps)
        channels = [one.channels for one in maps]
        self.fpn = FeaturePyramidNetwork(channels, width, extra_blocks=LastLevelMaxPool() if extra else None)

    def forward(self, images_nchw: Tensor) -> dict[str, Tensor]:
        """Map images (N, 3, H, W) to maps (N, width, H / stride, W / stride), finest first, named "0", "1", ..."""
        given = self.body(images_nchw)
        maps = {f"{i}": self.norms[i](given[one.path]) for i, one in enumerate(self.body.maps)}
        found: dict[str, Tensor] = self.fpn(maps)
        return found


_BODY = "backbone.body.network."


def body_of(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the network's tensors of a detector's or segmenter's state dict, its head untrained; none of another's."""
    return {name.removeprefix(_BODY): tensor for name, tensor in state.items() if name.startswith(_BODY)}


def build_pyramid(entry: Trainable, *, num_classes: int, image_size: int, extra: bool) -> Pyramid:
    """Build the network of an entry as a backbone, drawing from torch's global generator.

    Args:
        entry: What is trained.
        num_classes: Of its classifier, so that weights of one with as many fit.
        image_size: Height and width of the images in pixels.
        extra: See `Pyramid`.

    Raises:
        ModernizeError: If the network has no maps.
    """
    check_torch_pair()
    network = build_model(entry.model, entry.recipe, num_classes=num_classes, image_size=image_size)
    like = deepcopy(network).to("meta").eval()
    maps = feature_maps(like, image_size)[-MOST_MAPS:]
    if len(maps) < 2:
        name = entry.model if isinstance(entry.model, External) else "this network"
        raise ModernizeError(f"{name} cannot be a backbone: it has {len(maps)} feature maps, 2 or more are needed.")
    for name in _unneeded(Backbone(like, maps), image_size):
        network.get_parameter(name).requires_grad = False
    return Pyramid(network, maps, head_width(image_size), extra=extra)


def _unneeded(like: Backbone, image_size: int) -> list[str]:
    """Name the parameters that the maps of a network on the meta device do not depend on."""
    names = [name for name, parameter in like.network.named_parameters() if parameter.requires_grad]
    given = like(torch.zeros(1, 3, image_size, image_size, device="meta"))
    total = torch.stack([one.sum() for one in given.values()]).sum()
    needed = torch.autograd.grad(total, [like.network.get_parameter(name) for name in names], allow_unused=True)
    return [name for name, gradient in zip(names, needed, strict=True) if gradient is None]
