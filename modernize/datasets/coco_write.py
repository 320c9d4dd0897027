"""A data set with objects as a folder in COCO's format, which `coco:PATH` reads back as it was."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from modernize.datasets.dataset import Dataset, Split
from modernize.datasets.objects import Bits
from modernize.errors import ModernizeError
from modernize.results.files import write_atomically


def write_coco(data: Dataset, folder: Path) -> None:
    """Write pictures as PNG, and boxes and masks (run-length encoded) as JSON, split by split.

    Args:
        data: With objects.
        folder: Is made; must not be there.

    Raises:
        ModernizeError: If the data set has no objects, or the folder is there or cannot be written.
    """
    if not data.has_objects:
        raise ModernizeError(f"{data.name} has no boxes and masks to write; scenes and coco: folders have.")
    if folder.exists():
        raise ModernizeError(f"{folder} is there already; choose another folder.")
    for name, split in data.splits.items():
        for index in range(len(split)):
            file = io.BytesIO()
            split.image(index).save(file, format="PNG")
            write_atomically(folder / name / _file_name(index), file.getvalue())
        write_atomically(folder / "annotations" / f"{name}.json", json.dumps(_table(split, data), indent=None))


def _file_name(index: int) -> str:
    return f"{index:06d}.png"


def _table(split: Split, data: Dataset) -> dict[str, Any]:
    objects, size = split.things, data.image_size
    annotations = []
    for image in range(len(split)):
        members = objects.of(image)
        for member, mask in zip(members.tolist(), objects.masks(members), strict=True):
            left, top, right, bottom = objects.boxes[member].tolist()
            annotations.append(
                {
                    "id": member + 1,
                    "image_id": image,
                    "category_id": int(objects.classes[member]),
                    "bbox": [left, top, right - left, bottom - top],
                    "segmentation": {"size": [size, size], "counts": _runs(mask)},
                    "area": int(mask.sum()),
                    "iscrowd": int(objects.crowd[member]),
                }
            )
    return {
        "images": [{"id": i, "file_name": _file_name(i), "width": size, "height": size} for i in range(len(split))],
        "categories": [{"id": number, "name": name} for number, name in enumerate(data.class_names)],
        "annotations": annotations,
    }


def _runs(mask: Bits) -> list[int]:
    """Encode a mask as COCO does: lengths of runs down the columns, the first of zeros."""
    flat = mask.T.reshape(-1)
    ends = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff(np.concatenate([[0], ends, [len(flat)]])).tolist()
    return [0, *lengths] if flat[0] else lengths
