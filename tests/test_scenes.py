"""Pictures with several objects: drawn, and read from folders in COCO's format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from modernize.datasets import load_data
from modernize.datasets.feeds import make_feed
from modernize.datasets.scenes import CLASSES, LEAST_VISIBLE, MOST_OBJECTS, draw_scenes
from modernize.errors import DataError, ModernizeError
from modernize.recipes import named_recipe

SIZE = 32


def scenes(**wanted):
    return load_data("scenes", **{"image_size": SIZE, "train_images": 24, "test_images": 8, **wanted})


def test_boxes_are_those_of_the_masks_and_masks_never_overlap():
    objects = scenes().train.things
    assert set(objects.counts) <= set(range(1, MOST_OBJECTS + 1))
    assert objects.counts.sum() == len(objects.classes) == len(objects.boxes)
    assert set(objects.classes) <= set(range(len(CLASSES)))
    for image in range(len(objects)):
        masks = objects.masks(objects.of(image))
        assert masks.sum(axis=0).max() == 1
        for mask, box in zip(masks, objects.boxes[objects.of(image)], strict=True):
            rows, columns = np.nonzero(mask)
            assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_the_same_seed_gives_the_same_bytes_however_many_are_drawn(monkeypatch):
    few, some = draw_scenes(3, 0, 4, SIZE)
    monkeypatch.setattr("modernize.datasets.scenes.CHUNK_PIXELS", 2 * SIZE**2)
    many, others = draw_scenes(3, 0, 10, SIZE)
    np.testing.assert_array_equal(few, many[:4])
    for one, other in zip(some.arrays, others.take(np.arange(4)).arrays, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(few, draw_scenes(4, 0, 4, SIZE)[0])
    assert not np.array_equal(few, draw_scenes(3, 1, 4, SIZE)[0])


def test_an_object_alone_is_drawn_where_its_mask_says():
    """Painting it changes pixels under its mask most; what covers another leaves half of it at least."""
    images, objects = draw_scenes(0, 0, 40, SIZE)
    alone = [i for i in range(40) if objects.counts[i] == 1]
    inside, outside = [], []
    for i in alone:
        mask = objects.masks(objects.of(i))[0].astype(bool)
        light = images[i].mean(axis=2)
        inside.append(light[mask].mean())
        outside.append(light[~mask].mean())
    assert np.all(np.array(inside) > np.array(outside) + 20)
    assert LEAST_VISIBLE == 0.5


def test_content_decides_the_fingerprint():
    assert scenes().fingerprint == scenes().fingerprint
    assert len({scenes().fingerprint, scenes(seed=1).fingerprint, scenes(train_images=23).fingerprint}) == 3


def test_mirrored_pictures_have_mirrored_boxes_and_masks():
    data = scenes()
    feed = make_feed(data, named_recipe("segmentation"))
    order = feed.draw_order(0, 0)[0].tolist()
    mirrored = 0
    for start, (images, targets) in enumerate(feed.train_batches(8, seed=0, epoch=0)):
        assert images.shape == (8, 3, SIZE, SIZE)
        for index, image, things in zip(order[8 * start :], images, targets, strict=False):
            plain = feed.normalise(torch.from_numpy(data.train.images_nhwc[index : index + 1]))[0].permute(2, 0, 1)
            masks = torch.from_numpy(data.train.things.masks(data.train.things.of(index)))
            flipped = not torch.equal(image, plain)
            mirrored += flipped
            assert torch.equal(image, plain.flip(2) if flipped else plain)
            assert torch.equal(things["masks"], masks.flip(2) if flipped else masks)
            for mask, (left, top, right, bottom) in zip(things["masks"], things["boxes"].int().tolist(), strict=True):
                assert mask.sum() == mask[top:bottom, left:right].sum() > 0
                assert mask[:, left].any()
                assert mask[:, right - 1].any()
    assert 4 < mirrored < 20
    again = [targets for _, targets in feed.train_batches(8, seed=0, epoch=0, first_batch=2)]
    assert torch.equal(again[0][7]["boxes"], targets[7]["boxes"])


def test_what_training_sees_can_be_looked_at(tmp_path):
    from modernize.datasets.preview import augmented_grid

    data = scenes()
    grid = augmented_grid(data, named_recipe("segmentation"), columns=6)
    first = data.train.images_nhwc[np.flatnonzero(data.train.labels == 0)[0]].astype(int)
    tiles = [grid[:SIZE, at : at + SIZE].astype(int) for at in range(0, 6 * (SIZE + 2), SIZE + 2)]
    mirrored = [np.abs(tile - first[:, ::-1]).max() <= 1 for tile in tiles]
    assert all(flip or np.abs(tile - first).max() <= 1 for tile, flip in zip(tiles, mirrored, strict=True))
    assert 0 < sum(mirrored) < 6


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """Two pictures of 20 x 10 pixels a split; the second has a polygon, a run-length mask and a group."""
    pytest.importorskip("pycocotools")
    root = tmp_path / "streets"
    (root / "annotations").mkdir(parents=True)
    for split in ("train", "val"):
        (root / split).mkdir()
        for name in ("a", "b"):
            Image.new("RGB", (20, 10), (90, 120, 150)).save(root / split / f"{name}.png")
        (root / "annotations" / f"{split}.json").write_text(json.dumps(table()))
    return root


def table():
    square = [[4, 2, 12, 2, 12, 8, 4, 8]]
    runs = {"size": [10, 20], "counts": [100, 50, 50]}  # columns 10 to 14
    return {
        "images": [{"id": i, "file_name": f"{n}.png", "width": 20, "height": 10} for i, n in ((7, "a"), (9, "b"))],
        "categories": [{"id": 30, "name": "bus"}, {"id": 2, "name": "car"}],
        "annotations": [
            {"id": 1, "image_id": 9, "category_id": 30, "bbox": [4, 2, 8, 6], "segmentation": square, "iscrowd": 0},
            {"id": 2, "image_id": 9, "category_id": 2, "bbox": [10, 0, 5, 10], "segmentation": runs, "iscrowd": 1},
        ],
    }


def test_a_coco_folder_is_read_with_its_boxes_and_masks(coco):
    data = load_data(f"coco:{coco}", image_size=40)
    assert data.class_names == ("car", "bus")
    assert data.train.images_nhwc.shape == (2, 40, 40, 3)
    objects = data.train.things
    assert (objects.counts.tolist(), objects.classes.tolist(), objects.crowd.tolist()) == (
        [0, 2],
        [1, 0],
        [False, True],
    )
    # Sides are made equal: 20 x 10 to 40 x 40 is twice and four times as much.
    assert objects.boxes.tolist() == [[8, 8, 24, 32], [20, 0, 30, 40]]
    first, second = objects.masks(np.arange(2))
    assert (int(first.sum()), int(second.sum())) == (16 * 24, 10 * 40)
    assert first[8:32, 8:24].all()
    assert second[:, 20:30].all()


def test_scenes_in_cocos_format_are_read_back_as_they_were(tmp_path):
    pytest.importorskip("pycocotools")
    from modernize.datasets.coco_write import write_coco

    data = scenes(train_images=6)
    write_coco(data, tmp_path / "written")
    again = load_data(f"coco:{tmp_path / 'written'}", image_size=SIZE)
    assert again.class_names == data.class_names
    for name, split in data.splits.items():
        np.testing.assert_array_equal(again.splits[name].images_nhwc, split.images_nhwc)
        for one, other in zip(again.splits[name].things.arrays, split.things.arrays, strict=True):
            np.testing.assert_array_equal(one, other)
    with pytest.raises(ModernizeError, match="is there already"):
        write_coco(data, tmp_path / "written")
    with pytest.raises(ModernizeError, match="has no boxes and masks to write"):
        write_coco(load_data("shapes", image_size=8, train_images=10, test_images=10), tmp_path / "other")


def broken(path: Path, change) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda d: d["annotations"][0].update(bbox=[15, 2, 8, 6]),
            "has a box outside of its picture, b.png of 20 x 10",
        ),
        (lambda d: d["annotations"][0].update(bbox=[4, 2, 0, 6]), "has a box without area: 0 x 6 pixels"),
        (lambda d: d["annotations"][0].update(bbox=[4, 2]), "has no bbox of four numbers"),
        (lambda d: d["annotations"][0].update(category_id=3), "is of category 3, which is not listed"),
        (lambda d: d["annotations"][0].update(image_id=8), "is of image 8, which is not listed"),
        (lambda d: d["annotations"][0].update(segmentation=[]), "has no segmentation"),
        (lambda d: d["annotations"][0].update(segmentation=[[1]]), "has a segmentation that cannot be read"),
        (lambda d: d.update(annotations=[]), "holds no annotations: there is nothing to learn"),
        (lambda d: d.update(categories=[]), "names no categories"),
        (lambda d: d.pop("images"), "it has no list 'images'"),
        (lambda d: d["images"][0].update(id=9), "two of its images have the same id"),
        (lambda d: d["images"][0].update(file_name="c.png"), "c.png, which is not there"),
        (lambda d: d["images"][0].pop("width"), "width is None"),
    ],
)
def test_what_is_wrong_with_a_coco_folder_is_said_in_one_line(coco, change, says):
    broken(coco / "annotations" / "train.json", change)
    with pytest.raises(DataError) as error:
        load_data(f"coco:{coco}", image_size=16)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert "train" in str(error.value)


def test_a_coco_folder_that_lacks_a_part_is_refused(coco, tmp_path, monkeypatch):
    def says() -> str:
        with pytest.raises(ModernizeError) as error:
            load_data(f"coco:{coco}", image_size=16)
        return str(error.value)

    val = coco / "annotations" / "val.json"
    broken(val, lambda d: d["categories"][0].update(name="tram"))
    assert "its categories are not those of train.json" in says()
    val.write_text("{")
    assert "val.json is no JSON" in says()
    val.unlink()
    assert "holds no val.json or test.json" in says()
    (coco / "annotations" / "train.json").unlink()
    assert "holds no annotations/train.json" in says()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "a coco: folder takes pycocotools, which is not installed" in says()
