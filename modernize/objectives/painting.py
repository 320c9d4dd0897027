"""Objects painted on images, for reports."""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_PIXELS = 192
"""Of an image's side: smaller ones are enlarged, so that boxes are thin."""

_COLOURS = torch.tensor(
    [(2.5, -1.5, -1.5), (-1.5, 2.5, -1.5), (-1.0, 0.0, 2.5), (2.5, 2.5, -1.5), (-1.5, 2.5, 2.5), (2.5, -1.5, 2.5)]
)
"""In units of normalised images; more classes than these share them."""


def painted(image_chw: Tensor, boxes: Tensor, labels: Tensor, masks: Tensor) -> Tensor:
    """Paint objects on a normalised image, a colour a class.

    Args:
        image_chw: (3, H, W).
        boxes: Left, top, right and bottom edge in pixels, (k, 4); none of them to paint masks alone.
        labels: From 0, (k,).
        masks: (k, H, W).

    Returns:
        The image, enlarged by a whole factor where it is small.
    """
    factor = -(-LEAST_PIXELS // image_chw.shape[1])
    canvas = image_chw.float().cpu().repeat_interleave(factor, 1).repeat_interleave(factor, 2)
    for index, label in enumerate(labels.tolist()):
        colour = _COLOURS[label % len(_COLOURS)].view(3, 1, 1)
        mask = masks[index].bool().cpu().repeat_interleave(factor, 0).repeat_interleave(factor, 1)
        canvas = torch.where(mask, 0.5 * canvas + 0.5 * colour, canvas)
    for box, label in zip((factor * boxes).round().int().tolist(), labels.tolist(), strict=False):
        left, top, right, bottom = (max(0, edge) for edge in box)
        colour = _COLOURS[label % len(_COLOURS)].view(3, 1, 1)
        for edge in (slice(top, top + 1), slice(max(bottom - 1, 0), bottom)):
            canvas[:, edge, left:right] = colour
        for edge in (slice(left, left + 1), slice(max(right - 1, 0), right)):
            canvas[:, top:bottom, edge] = colour
    return canvas
