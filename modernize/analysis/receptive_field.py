"""Effective receptive field: how far around its place a unit of a map looks, by the gradient at the input.

What a unit may see at all, its theoretical field, says little: most of its gradient comes from the middle of it (Luo et
al., arXiv:1701.04128). As RepLKNet (arXiv:2203.06717) does, the field is measured by the side of the square around it
from which a share of the gradient comes.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from modernize.models.maps import Backbone, FeatureMap, feature_maps

Contribution = npt.NDArray[np.float64]
"""Of each pixel to a unit, (H, W), of sum 1."""


def contributions(network: nn.Module, image_size: int, batches: Iterable[Tensor]) -> dict[FeatureMap, Contribution]:
    """Measure what each pixel contributes to the unit in the middle of each of a network's maps.

    It is the size of the gradient of that unit's sum over channels at the pixel, over colours and images. A map of an
    even side has no middle: of the four units there, the lower right one is taken.

    Args:
        network: Any; it is evaluated, not trained.
        image_size: Height and width of the images in pixels.
        batches: Images (N, 3, H, W).

    Returns:
        By map, finest first; empty of a network that works on tokens.
    """
    was_training, maps = network.training, feature_maps(network.eval(), image_size)
    found = {one: torch.zeros(image_size, image_size, dtype=torch.float64) for one in maps}
    body = Backbone(network, maps)
    try:
        for images_nchw in batches if maps else ():
            x = images_nchw.detach().clone().requires_grad_(True)
            given = body(x)
            for one in maps:
                units_nc = given[one.path][:, :, one.size // 2, one.size // 2]
                (slope,) = torch.autograd.grad(units_nc.sum(), x, retain_graph=True)
                found[one] += slope.abs().double().sum(dim=(0, 1))
    finally:
        network.train(was_training)
    return {one: (total / total.sum().clamp_min(1e-300)).numpy() for one, total in found.items()}


def centre(contribution: Contribution) -> tuple[float, float]:
    """Return its centre of mass: row and column, in pixels."""
    rows, columns = (np.arange(length) for length in contribution.shape)
    return float(rows @ contribution.sum(axis=1)), float(contribution.sum(axis=0) @ columns)


def side_px(contribution: Contribution, share: float) -> float:
    """Return the side of the smallest square about the centre of mass that holds a share of it, in pixels.

    It is at most the image's own: what sticks out where the centre is not the image's holds nothing.

    Examples:
        >>> one = np.zeros((5, 5))
        >>> one[2, 2] = 1.0
        >>> side_px(one, 0.5), side_px(np.full((5, 5), 0.04), 0.99)
        (1.0, 5.0)
    """
    row, column = centre(contribution)
    rows, columns = np.indices(contribution.shape)
    reach = np.maximum(np.abs(rows - row), np.abs(columns - column)).ravel().round(6)
    order = np.argsort(reach, kind="stable")
    held = np.cumsum(contribution.ravel()[order])
    side = 2 * reach[order][int(np.searchsorted(held, share - 1e-9))] + 1
    return float(min(side, max(contribution.shape)))
