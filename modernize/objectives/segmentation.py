"""Semantic segmentation: a class for every pixel, and mIoU.

The head is a small one of Panoptic FPN's kind (arXiv:1901.02446 section 3): all maps of the feature pyramid are
brought to the resolution of the finest, summed, and fused by one convolution. UPerNet (arXiv:1807.10221), which the
paper takes, also pools the coarsest map and concatenates.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from modernize.datasets.things import Things
from modernize.metrics import LOSS, MIOU
from modernize.nn.layers import LayerNorm2d
from modernize.objectives.objective import Evaluator, Forward, Objective, Processes
from modernize.objectives.painting import painted
from modernize.objectives.pyramid import Pyramid, build_pyramid

BACKGROUND = 0
IGNORED = 255
"""What no pixel is asked to be: groups that are not told apart."""


class Segmenter(nn.Module):
    """A pyramid and one convolution that fuses it.

    Args:
        backbone: The pyramid.
        num_classes: Of pixels, background included.
    """

    def __init__(self, backbone: Pyramid, num_classes: int) -> None:
        super().__init__()
        width = backbone.out_channels
        self.backbone = backbone
        self.fuse = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), LayerNorm2d(width), nn.ReLU())
        self.pred = nn.Conv2d(width, num_classes, 1)

    def forward(self, images_nchw: Tensor) -> Tensor:
        """Map images (N, 3, H, W) to logits (N, num_classes, H, W)."""
        maps = list(self.backbone(images_nchw).values())
        x_nchw = torch.stack([_resized(one, maps[0]) for one in maps]).sum(dim=0)
        return _resized(self.pred(self.fuse(x_nchw)), images_nchw)


def _resized(x_nchw: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x_nchw, size=like.shape[-2:], mode="bilinear", align_corners=False)


class Segmentation(Objective):
    """Targets are class maps (n, h, w), int64: 0 is background, 1 and so on the data's classes."""

    shows = True

    def build(self) -> nn.Module:
        """Build backbone and head."""
        backbone = build_pyramid(self.entry, num_classes=self.num_classes, image_size=self.image_size, extra=False)
        segmenter = Segmenter(backbone, self.num_classes + 1)
        return segmenter.to(memory_format=torch.channels_last)

    def trunk(self, network: nn.Module) -> nn.Module:
        """Return the backbone's network."""
        return network.get_submodule("backbone.body.network")

    def prepare(self, inputs: Tensor, targets: list[Things], *, step: int) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Draw the class maps."""
        return inputs, class_maps(targets)

    def loss(self, forward: Forward, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy over pixels."""
        return F.cross_entropy(forward(inputs).float(), targets, ignore_index=IGNORED)

    def pictures(self, forward: Forward, inputs: Tensor, targets: list[Things]) -> Tensor:
        """Return images with what their pixels are, and with what they are taken for."""
        kinds = class_maps(targets), forward(inputs).argmax(dim=1)
        every = torch.arange(self.num_classes)
        return torch.stack(
            [
                torch.stack(
                    [
                        painted(image, torch.empty(0, 4), every, one.cpu() == every[:, None, None] + 1)
                        for image, one in zip(inputs, maps, strict=True)
                    ]
                )
                for maps in kinds
            ]
        )

    def evaluator(self) -> Evaluator:
        """Return what counts pixels."""
        return _Pixels(self.num_classes + 1, self.batch_size)


def class_maps(targets: Sequence[Things]) -> Tensor:
    """Draw what each pixel is, int64 (n, h, w); where masks overlap, smaller objects are in front."""
    maps = []
    for things in targets:
        masks = things["masks"].bool()
        one = torch.full(masks.shape[1:], BACKGROUND, device=masks.device)
        order = masks.sum(dim=(1, 2)).argsort(descending=True, stable=True).tolist()
        for index in order:
            value = torch.where(things["crowd"][index], IGNORED, things["labels"][index] + 1)
            one = torch.where(masks[index], value, one)
        maps.append(one)
    return torch.stack(maps)


class _Pixels(Evaluator):
    """How many pixels of each class were taken for each."""

    def __init__(self, num_classes: int, at_once: int) -> None:
        self.num_classes, self.at_once = num_classes, at_once
        self.counts: Tensor | int = 0
        self.loss_sum: Tensor | float = 0.0

    def add(self, forward: Forward, inputs: Tensor, targets: list[Things]) -> None:
        for start in range(0, len(inputs), self.at_once):
            part = slice(start, start + self.at_once)
            true = class_maps(targets[part])
            logits = forward(inputs[part]).float()
            self.loss_sum = (
                self.loss_sum + F.cross_entropy(logits, true, ignore_index=IGNORED, reduction="sum").double()
            )
            told = true != IGNORED
            pairs = true[told] * self.num_classes + logits.argmax(dim=1)[told]
            self.counts = self.counts + torch.bincount(pairs, minlength=self.num_classes**2)

    def metrics(self, world: Processes) -> dict[str, float]:
        flat = self.counts.tolist() if isinstance(self.counts, Tensor) else []
        loss_sum, *counts = world.sum(float(self.loss_sum), *flat)
        confusion = torch.tensor(counts, dtype=torch.float64).view(self.num_classes, self.num_classes)
        return {MIOU.name: 100.0 * mean_iou(confusion), LOSS.name: loss_sum / sum(counts)}


def mean_iou(confusion: Tensor) -> float:
    """Return the mean intersection over union of the classes, background included, that are there or were found.

    Args:
        confusion: Pixels of each class (rows) that were taken for each (columns).

    Examples:
        >>> mean_iou(torch.tensor([[6.0, 2.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]))
        0.625
    """
    right = confusion.diag()
    union = confusion.sum(dim=0) + confusion.sum(dim=1) - right
    there = union > 0
    return float((right[there] / union[there]).mean())
