"""Object detection: boxes and masks by torchvision's Mask R-CNN, and COCO's mAP by pycocotools.

Source: Mask R-CNN (arXiv:1703.06870), as torchvision has it, on any backbone. Small images have narrower heads
and fewer regions to look at; from 512 and 1024 px on they are torchvision's 256 channels and 512 regions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from modernize.datasets.things import Things
from modernize.errors import need_pycocotools
from modernize.metrics import BOX_AP, MASK_AP
from modernize.objectives.coco_map import Found, coco_map, packed
from modernize.objectives.objective import Evaluator, Forward, Objective, Processes
from modernize.objectives.painting import painted
from modernize.objectives.pyramid import build_pyramid

ANCHOR_STRIDES = 4
"""Side of an anchor in strides of its map: 16 px at stride 4. torchvision's are twice that, for images of 800 px."""

MOST_REGIONS = 512
"""Of an image that the heads are trained on."""

SURE = 0.5
"""Score of what is shown; mAP counts all that is found."""


class Detection(Objective):
    """The networks map images and, in training, targets to losses; in evaluation to boxes, labels, scores and masks."""

    shows = True

    def build(self) -> nn.Module:
        """Build backbone and heads.

        Raises:
            ModernizeError: If the network cannot be a backbone, or pycocotools, which evaluates, is missing.
        """
        need_pycocotools("detection")
        from torchvision.models.detection import MaskRCNN
        from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
        from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
        from torchvision.models.detection.rpn import AnchorGenerator
        from torchvision.ops import MultiScaleRoIAlign

        backbone = build_pyramid(self.entry, num_classes=self.num_classes, image_size=self.image_size, extra=True)
        strides = [one.stride for one in backbone.body.maps]
        sizes = [ANCHOR_STRIDES * stride for stride in (*strides, 2 * strides[-1])]
        names = [f"{number}" for number in range(len(strides))]
        width, classes, regions = backbone.out_channels, self.num_classes + 1, min(self.image_size // 2, MOST_REGIONS)
        network: nn.Module = MaskRCNN(
            backbone,
            # Images come normalised and of one size.
            min_size=self.image_size,
            max_size=self.image_size,
            image_mean=[0.0] * 3,
            image_std=[1.0] * 3,
            rpn_anchor_generator=AnchorGenerator(tuple((size,) for size in sizes), ((0.5, 1.0, 2.0),) * len(sizes)),
            rpn_batch_size_per_image=regions,
            rpn_pre_nms_top_n_train=4 * regions,
            rpn_pre_nms_top_n_test=2 * regions,
            rpn_post_nms_top_n_train=4 * regions,
            rpn_post_nms_top_n_test=2 * regions,
            box_batch_size_per_image=regions,
            box_detections_per_img=min(100, regions),
            box_roi_pool=MultiScaleRoIAlign(names, output_size=7, sampling_ratio=2),
            box_head=TwoMLPHead(width * 7**2, 4 * width),
            box_predictor=FastRCNNPredictor(4 * width, classes),
            mask_roi_pool=MultiScaleRoIAlign(names, output_size=14, sampling_ratio=2),
            mask_head=MaskRCNNHeads(width, (width,) * 4, 1),
            mask_predictor=MaskRCNNPredictor(width, width, classes),
        )
        return network.to(memory_format=torch.channels_last)

    def trunk(self, network: nn.Module) -> nn.Module:
        """Return the backbone's network."""
        return network.get_submodule("backbone.body.network")

    def prepare(self, inputs: Tensor, targets: list[Things], *, step: int) -> tuple[Tensor, Any]:  # noqa: ARG002
        """Leave groups out, and make room for the background, which is class 0."""
        return inputs, [
            {
                "boxes": things["boxes"][~things["crowd"]],
                "labels": things["labels"][~things["crowd"]] + 1,
                "masks": things["masks"][~things["crowd"]],
            }
            for things in targets
        ]

    def loss(self, forward: Forward, inputs: Tensor, targets: Any) -> Tensor:
        """Return the sum of Mask R-CNN's five losses."""
        losses: dict[str, Tensor] = forward(list(inputs), targets)
        return torch.stack([one.float() for one in losses.values()]).sum()

    def pictures(self, forward: Forward, inputs: Tensor, targets: list[Things]) -> Tensor:
        """Return images with their objects, and with those that are found with some confidence."""
        true = [
            painted(one, its["boxes"], its["labels"], its["masks"]) for one, its in zip(inputs, targets, strict=True)
        ]
        seen = []
        for one, its in zip(inputs, forward(list(inputs)), strict=True):
            sure = its["scores"] >= SURE
            seen.append(painted(one, its["boxes"][sure], its["labels"][sure] - 1, its["masks"][sure, 0] >= 0.5))
        return torch.stack([torch.stack(true), torch.stack(seen)])

    def evaluator(self) -> Evaluator:
        """Return what gathers all that is found."""
        return _Everything(self)


class _Everything(Evaluator):
    def __init__(self, objective: Detection) -> None:
        self.objective = objective
        self.images: list[tuple[Found, Found]] = []

    def add(self, forward: Forward, inputs: Tensor, targets: Sequence[Things]) -> None:
        # As many at once as in training: masks are pasted into whole images.
        for start in range(0, len(inputs), self.objective.batch_size):
            part = slice(start, start + self.objective.batch_size)
            for things, given in zip(targets[part], forward(list(inputs[part])), strict=True):
                self.images.append((true_objects(things), found_objects(given)))

    def metrics(self, world: Processes) -> dict[str, float]:
        box, mask = coco_map(
            world.join(self.images), num_classes=self.objective.num_classes, image_size=self.objective.image_size
        )
        return {BOX_AP.name: box, MASK_AP.name: mask}


def true_objects(things: Things) -> Found:
    """Return what is in an image, packed."""
    return packed(things["boxes"], things["labels"], things["masks"], things["crowd"].float())


def found_objects(given: dict[str, Tensor]) -> Found:
    """Return what a detector found in an image, packed: its masks are probabilities, (k, 1, h, w)."""
    return packed(given["boxes"], given["labels"] - 1, given["masks"][:, 0] >= 0.5, given["scores"])
