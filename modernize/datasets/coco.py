"""`coco:PATH`: pictures with objects in COCO's format.

    PATH/annotations/train.json    "images", "annotations" and "categories", as COCO has them
    PATH/annotations/val.json      likewise, or test.json, or both
    PATH/train/, PATH/val/         the pictures, by their "file_name"

COCO's own names with a year, instances_train2017.json and train2017/, are read too.

Pictures are made square whatever their sides, and boxes and masks with them: which part of a box lies in another stays
the same.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modernize.datasets.data_request import DataRequest
from modernize.datasets.dataset import VAL_NOTE, Files, Labels, Source, Split, SplitName
from modernize.datasets.objects import Bits, Objects
from modernize.errors import DataError, need_pycocotools, shown

ANNOTATIONS = "annotations"
SPLITS: dict[str, SplitName] = {"train": "train", "val": "val", "test": "test"}
SLACK = 1.0
"""Pixels by which a box may be outside of its picture: COCO's own are rounded."""


def read(request: DataRequest) -> Source:
    """Read what is in a folder of COCO's format; pictures and masks are decoded when they are chosen.

    Raises:
        DataError: If a file is missing, damaged, or says what cannot be.
    """
    need_pycocotools("a coco: folder")
    root = Path(request.path).expanduser()
    if not root.is_dir():
        raise DataError(f"{root} is not a folder.")
    files = {name: path for name in SPLITS for path in _annotations(root, name)}
    if "train" not in files:
        raise DataError(f"{root} holds no {ANNOTATIONS}/train.json; it should, beside val.json or test.json.")
    if len(files) < 2:
        raise DataError(f"{root / ANNOTATIONS} holds no val.json or test.json; one of them is needed for evaluation.")
    tables = {name: _Table(path, root) for name, path in files.items()}
    categories = tables["train"].categories
    for table in tables.values():
        if table.categories != categories:
            raise DataError(f"{table.path}: its categories are not those of {tables['train'].path.name}.")
    held_out = [name for name in tables if name != "train"]
    splits: dict[SplitName, Split] = {"train": tables["train"].split(request.image_size)}
    splits["test"] = tables[held_out[-1]].split(request.image_size)
    if len(held_out) == 2:
        splits["val"] = tables["val"].split(request.image_size)
    how = VAL_NOTE if len(held_out) == 2 else f"evaluated on its {held_out[0]} split"
    note = f"pictures of the COCO folder {root.name or root}, made square with their boxes and masks, {how}"
    return Source(splits=splits, class_names=tuple(categories.values()), note=note, root=root)


def _annotations(root: Path, split: str) -> list[Path]:
    """Find the file of a split, COCO's own name included."""
    folder = root / ANNOTATIONS
    found = sorted(path for name in (f"{split}.json", f"instances_{split}*.json") for path in folder.glob(name))
    if len(found) > 1:
        raise DataError(f"{folder} holds {found[0].name} and {found[1].name}; one file a split is needed.")
    return found


class _Table:
    """One file of annotations, checked.

    Attributes:
        path: The file.
        categories: Names by id, in the order of the ids.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self.path = path
        data = self._json()
        listed = self._list(data, "categories")
        names = {self._of(one, "id", int): self._of(one, "name", str) for one in listed}
        if not names:
            raise DataError(f"{path} names no categories.")
        self.categories = dict(sorted(names.items()))
        self._number = {one: number for number, one in enumerate(self.categories)}
        folder = root / path.stem.removeprefix("instances_")
        self._images = {self._of(one, "id", int): one for one in self._list(data, "images")}
        if len(self._images) < len(data["images"]):
            raise DataError(f"{path}: two of its images have the same id.")
        self._paths = [self._picture(folder, one) for one in self._images.values()]
        self._objects: dict[int, list[Mapping[str, Any]]] = {one: [] for one in self._images}
        for one in self._list(data, "annotations"):
            self._check(one)
            self._objects[one["image_id"]].append(one)
        if not any(self._objects.values()):
            raise DataError(f"{path} holds no annotations: there is nothing to learn.")

    def split(self, size: int) -> Split:
        """Return it as a split, whose masks are decoded when images are chosen."""
        every = list(self._objects.values())
        labels = [
            self._number[Counter(one["category_id"] for one in its).most_common(1)[0][0]] if its else 0 for its in every
        ]

        def objects(members: Labels) -> Objects:
            return self._decoded([(int(i), every[i]) for i in members], size)

        return Split(Files.of(self._paths), np.array(labels, dtype=np.int64), objects)

    def _decoded(self, images: Sequence[tuple[int, list[Mapping[str, Any]]]], size: int) -> Objects:
        sides = [(int(one["height"]), int(one["width"])) for one in self._images.values()]
        objects = [(one, *sides[i]) for i, its in images for one in its]
        scaled = [
            np.array([x, y, x + width, y + height]) * (size / across, size / down, size / across, size / down)
            for one, down, across in objects
            for x, y, width, height in [one["bbox"]]
        ]
        return Objects(
            counts=np.array([len(its) for _, its in images], dtype=np.int64),
            classes=np.array([self._number[one["category_id"]] for one, *_ in objects], dtype=np.int64),
            boxes=np.clip(np.array(scaled, dtype=np.float32).reshape(-1, 4), 0, size),
            bits=np.array(
                [np.packbits(self._mask(one, down, across, size).reshape(-1)) for one, down, across in objects],
                dtype=np.uint8,
            ).reshape(len(objects), -(-(size**2) // 8)),
            crowd=np.array([bool(one.get("iscrowd", 0)) for one, *_ in objects], dtype=np.bool_),
            size=size,
        )

    def _mask(self, one: Mapping[str, Any], height: int, width: int, size: int) -> Bits:
        from PIL import Image
        from pycocotools import mask

        given = one["segmentation"]
        try:
            if isinstance(given, list):
                given = mask.merge(mask.frPyObjects(given, height, width))
            elif isinstance(given["counts"], list):
                given = mask.frPyObjects(given, height, width)
            decoded = mask.decode(given)
            if decoded.shape != (height, width):
                raise ValueError
        except Exception as error:  # whatever pycocotools makes of what it cannot read
            raise self._wrong(one, "has a segmentation that cannot be read") from error
        return np.asarray(Image.fromarray(decoded).resize((size, size), Image.Resampling.NEAREST))

    def _check(self, one: Mapping[str, Any]) -> None:
        """Refuse an annotation that cannot be."""
        if self._of(one, "image_id", int) not in self._images:
            raise self._wrong(one, f"is of image {one['image_id']}, which is not listed")
        if self._of(one, "category_id", int) not in self.categories:
            raise self._wrong(one, f"is of category {one['category_id']}, which is not listed")
        box, image = one.get("bbox"), self._images[one["image_id"]]
        if not (isinstance(box, list) and len(box) == 4 and all(isinstance(n, int | float) for n in box)):
            raise self._wrong(one, "has no bbox of four numbers")
        x, y, width, height = box
        if not (width > 0 and height > 0):
            raise self._wrong(one, f"has a box without area: {width:g} x {height:g} pixels")
        limits = (image["width"] + SLACK, image["height"] + SLACK)
        if x < -SLACK or y < -SLACK or x + width > limits[0] or y + height > limits[1]:
            raise self._wrong(
                one, f"has a box outside of its picture, {image['file_name']} of {image['width']} x {image['height']}"
            )
        if not one.get("segmentation"):
            raise self._wrong(one, "has no segmentation: masks are learned beside boxes")

    def _picture(self, folder: Path, image: Mapping[str, Any]) -> Path:
        """Find an image's file; its size has to be told."""
        path: Path = folder / self._of(image, "file_name", str)
        if self._of(image, "width", int) < 1 or self._of(image, "height", int) < 1:
            raise DataError(f"{self.path}: image {image['id']} has no size.")
        if not path.is_file():
            raise DataError(f"{self.path.name} lists {path}, which is not there.")
        return path

    def _json(self) -> dict[str, Any]:
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.path} is no JSON: {error}.") from error
        if not isinstance(data, dict):
            raise DataError(f"{self.path} is not of COCO's format: it should hold a table.")
        return data

    def _list(self, data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        given = data.get(name)
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise DataError(f"{self.path} is not of COCO's format: it has no list '{name}'.")
        return given

    def _of(self, one: Mapping[str, Any], name: str, kind: type) -> Any:
        value = one.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise DataError(f"{self.path} is not of COCO's format: {name} is {shown(value)} in {shown(dict(one))}.")
        return value

    def _wrong(self, one: Mapping[str, Any], what: str) -> DataError:
        return DataError(f"{self.path}: annotation {one.get('id', '?')} {what}.")
