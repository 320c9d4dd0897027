"""COCO's mean average precision (mAP) of boxes and masks, by pycocotools."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from torch import Tensor

Found = list[dict[str, Any]]
"""Objects of one image: each with "bbox" (left, top, width, height), "category_id", "segmentation" (run-length encoded)
and "area", and in "value" how sure one is of it, or of a true one whether it is a group."""


def packed(boxes: Tensor, labels: Tensor, masks: Tensor, values: Tensor) -> Found:
    """Bring objects of an image to the processor, masks run-length encoded.

    Args:
        boxes: Left, top, right and bottom edge, (k, 4).
        labels: From 0, (k,).
        masks: (k, h, w).
        values: See `Found`, (k,).
    """
    from pycocotools import mask

    encoded = mask.encode(np.asfortranarray(masks.cpu().numpy().astype(np.uint8).transpose(1, 2, 0)))
    edges = boxes.double().cpu().numpy()
    sides = np.concatenate([edges[:, :2], edges[:, 2:] - edges[:, :2]], axis=1)
    return [
        {"bbox": box, "category_id": label, "segmentation": one, "area": float(mask.area(one)), "value": value}
        for box, label, one, value in zip(sides.tolist(), labels.tolist(), encoded, values.tolist(), strict=True)
    ]


def coco_map(images: Sequence[tuple[Found, Found]], *, num_classes: int, image_size: int) -> tuple[float, float]:
    """Return box and mask mAP in percent: over IoU thresholds 0.5 to 0.95, all sizes, up to 100 objects an image.

    Args:
        images: What is in each image, and what was found.
        num_classes: Of the data; those that are in no image count in no mean.
        image_size: Height and width of the images in pixels.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    true = [one | {"image_id": i, "iscrowd": int(one["value"])} for i, (its, _) in enumerate(images) for one in its]
    found = [one | {"image_id": i, "score": one["value"]} for i, (_, its) in enumerate(images) for one in its]
    with redirect_stdout(io.StringIO()):
        sides = []
        for objects in (true, found):
            coco = COCO()
            coco.dataset = {
                "images": [{"id": i, "height": image_size, "width": image_size} for i in range(len(images))],
                "categories": [{"id": i} for i in range(num_classes)],
                "annotations": [{"iscrowd": 0} | one | {"id": i} for i, one in enumerate(objects, start=1)],
            }
            coco.createIndex()
            sides.append(coco)
        return _mean(COCOeval(*sides, "bbox")), _mean(COCOeval(*sides, "segm"))


def _mean(evaluation: Any) -> float:
    evaluation.evaluate()
    evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]  # thresholds, recalls, classes, all sizes, most objects
    told = precision[precision > -1]
    return 100.0 * float(told.mean()) if told.size else 0.0
