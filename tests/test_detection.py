"""Detection and segmentation on the project's backbones."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from dataclasses import replace

import numpy as np
import pytest
import torch

from modernize.datasets import load_data
from modernize.datasets.things import Things
from modernize.entry import Entry
from modernize.errors import ModernizeError
from modernize.external import parse_external
from modernize.ladder import ladder
from modernize.metrics import DETECTION, SEGMENTATION
from modernize.nn import build
from modernize.objectives import OBJECTIVES
from modernize.objectives.coco_map import coco_map, packed
from modernize.objectives.segmentation import IGNORED, class_maps, mean_iou
from modernize.recipes import named_recipe
from modernize.run.plan import plan_study
from modernize.run.request import request_from
from modernize.train.checkpoint import Checkpoints
from modernize.train.loop import Stopped, train

pytest.importorskip("pycocotools")

SIZE = 32
RECIPES = {
    name: replace(
        named_recipe(name), lr=2e-3, epochs=2, batch_size=4, warmup_epochs=0.0, stochastic_depth=0.0, layer_decay=1.0
    )
    for name in (DETECTION, SEGMENTATION)
}
both = pytest.mark.parametrize("name", RECIPES)


def spec(name, step="downsample", **recipe):
    return replace(ladder("laptop", upto=step)[-1].spec, recipe=replace(RECIPES[name], **recipe))


def scenes(train_images=8, image_size=SIZE):
    return load_data("scenes", image_size=image_size, train_images=train_images, test_images=4)


def objective(entry, **changes):
    facts = {"num_classes": 5, "image_size": SIZE, "batch_size": 4, "seed": 0, **changes}
    return OBJECTIVES[entry.recipe.objective](entry, **facts)


def squares(*edges, size=20):
    """Boxes, and masks that fill them."""
    boxes = torch.tensor(edges, dtype=torch.float32).reshape(-1, 4)
    masks = torch.zeros(len(boxes), size, size, dtype=torch.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes.int().tolist(), strict=True):
        mask[top:bottom, left:right] = 1
    return boxes, masks


def found(edges, labels, values, masks=None):
    boxes, filled = squares(*edges)
    return packed(boxes, torch.tensor(labels), filled if masks is None else masks, torch.tensor(values))


A, B, LOW = (0, 0, 10, 10), (10, 10, 20, 20), (0, 4, 10, 10)


@pytest.mark.parametrize(
    ("true", "seen", "box", "mask"),
    [
        (([A, B], [0, 1], [0.0, 0.0]), ([A, B], [0, 1], [0.9, 0.2]), 100.0, 100.0),
        # One of two of a class: precision 1 up to recall 0.5, which is 51 of 101 recalls.
        (([A, B], [0, 0], [0.0, 0.0]), ([A], [0], [0.9]), 100 * 51 / 101, 100 * 51 / 101),
        # Overlaps by 0.6: found at the thresholds 0.5, 0.55 and 0.6 of ten.
        (([A], [0], [0.0]), ([LOW], [0], [0.9]), 30.0, 30.0),
        (([A], [0], [0.0]), ([A], [1], [0.9]), 0.0, 0.0),
        (([A], [0], [0.0]), ([], [], []), 0.0, 0.0),
        # What is found in a group is no mistake, and a group need not be found.
        (([A, B], [0, 0], [0.0, 1.0]), ([A, B], [0, 0], [0.5, 0.9]), 100.0, 100.0),
        (([A, B], [0, 0], [0.0, 0.0]), ([A, (10, 0, 20, 8)], [0, 0], [0.5, 0.9]), 25.5, 25.5),
    ],
)
def test_map_of_cases_that_can_be_told_by_hand(true, seen, box, mask):
    images = [(found(*true), found(*seen))]
    assert coco_map(images, num_classes=2, image_size=20) == pytest.approx((box, mask), abs=0.5)


def test_boxes_and_masks_are_told_apart():
    half = squares((0, 0, 10, 5))[1]
    images = [(found([A], [0], [0.0]), found([A], [0], [1.0], half))]
    assert coco_map(images, num_classes=1, image_size=20) == pytest.approx((100.0, 10.0))


def test_map_is_what_pycocotools_prints_of_files(tmp_path):
    """The usual way: annotations and results as JSON files, and the first line of `summarize`."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    generator = np.random.default_rng(0)
    images, truth, results = [], [], []
    for image in range(6):
        corners = generator.integers(0, 10, (4, 2))
        true = np.concatenate([corners, corners + generator.integers(4, 10, (4, 2))], axis=1)
        seen = np.clip(true + generator.integers(-1, 2, true.shape), 0, 20)
        labels, scores = generator.integers(0, 3, 4), generator.random(4)
        pair = found(true.tolist(), labels.tolist(), [0.0] * 4), found(seen.tolist(), labels.tolist(), scores.tolist())
        images.append(pair)
        for one in pair[0]:
            truth.append({**one, "segmentation": decoded(one), "id": len(truth) + 1, "image_id": image, "iscrowd": 0})
        results += [{**one, "segmentation": decoded(one), "image_id": image, "score": one["value"]} for one in pair[1]]
    listed = [{"id": image, "height": 20, "width": 20} for image in range(6)]
    table = {"images": listed, "annotations": truth, "categories": [{"id": i} for i in range(3)]}
    (tmp_path / "true.json").write_text(json.dumps(table))
    (tmp_path / "found.json").write_text(json.dumps(results))
    with redirect_stdout(io.StringIO()):
        true = COCO(str(tmp_path / "true.json"))
        theirs = []
        for kind in ("bbox", "segm"):
            evaluation = COCOeval(true, true.loadRes(str(tmp_path / "found.json")), kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            theirs.append(100 * evaluation.stats[0])
    assert 5 < theirs[0] < 95
    assert coco_map(images, num_classes=3, image_size=20) == pytest.approx(theirs)


def decoded(one):
    return one["segmentation"] | {"counts": one["segmentation"]["counts"].decode()}


def test_miou_is_scikit_learns():
    from sklearn.metrics import confusion_matrix, jaccard_score

    generator = np.random.default_rng(1)
    true, seen = generator.integers(0, 4, 500), generator.integers(0, 3, 500)
    confusion = torch.from_numpy(confusion_matrix(true, seen, labels=range(6)).astype(float))
    assert mean_iou(confusion) == pytest.approx(jaccard_score(true, seen, average="macro"))


def test_class_maps_have_small_objects_in_front_and_no_groups():
    boxes, masks = squares((0, 0, 4, 4), (0, 0, 10, 10), (15, 15, 20, 20))
    crowd = torch.tensor([False, False, True])
    (one,) = class_maps([Things(boxes=boxes, labels=torch.tensor([2, 0, 1]), masks=masks, crowd=crowd)])
    assert [int(one[at]) for at in ((0, 0), (9, 9), (12, 12), (17, 17))] == [3, 1, 0, IGNORED]
    empty = Things(boxes=boxes[:0], labels=torch.tensor([]), masks=masks[:0], crowd=crowd[:0])
    assert class_maps([empty]).unique().tolist() == [0]


@both
@pytest.mark.parametrize("step", ["base", "inverted", "downsample"])
def test_a_rung_is_a_backbone_and_all_but_its_head_learns(name, step):
    entry = spec(name, step)
    one = objective(entry)
    network = one.build()
    trunk = one.trunk(network)
    assert trunk.state_dict().keys() == build(entry).state_dict().keys()
    fixed = {parameter for parameter, its in network.named_parameters() if not its.requires_grad}
    assert fixed == {f"backbone.body.network.{n}" for n, _ in trunk.named_parameters() if n.startswith("head.")}
    inputs, targets = next(feed(entry).train_batches(4, seed=0, epoch=0))
    one.loss(network.train(), *one.prepare(inputs, targets, step=0)).backward()
    lacking = {n for n, p in network.named_parameters() if p.requires_grad and p.grad is None}
    assert not lacking


def feed(entry):
    from modernize.datasets.feeds import make_feed

    return make_feed(scenes(), entry.recipe)


@both
@pytest.mark.parametrize("name_of", ["timm:resnet18", "torchvision:convnext_tiny"])
def test_other_libraries_networks_are_backbones(name, name_of):
    entry = Entry(
        name="theirs", title="", role="baseline", model=parse_external(name_of), recipe=replace(RECIPES[name], epochs=1)
    )
    network = objective(entry, image_size=64).build()
    assert [one.stride for one in network.backbone.body.maps] == [4, 8, 16, 32]


def test_a_network_without_maps_is_refused():
    vit = parse_external("timm:vit_tiny_patch16_224?img_size=32&patch_size=8&embed_dim=12&depth=1&num_heads=3")
    entry = Entry(name="vit", title="", role="baseline", model=vit, recipe=RECIPES[SEGMENTATION])
    with pytest.raises(ModernizeError, match="cannot be a backbone: it has 0 feature maps, 2 or more are needed"):
        objective(entry).build()


@both
def test_an_interrupted_run_ends_with_the_same_numbers(name, tmp_path):
    one, data = spec(name), scenes()
    whole = train(one, data, seed=0)
    steps = []

    def checkpoints():
        return Checkpoints(tmp_path, "run", seconds_between=0.0)

    with pytest.raises(Stopped):
        train(
            one,
            data,
            seed=0,
            checkpoints=checkpoints(),
            on_step=lambda _, step: steps.append(step),
            should_stop=lambda: len(steps) == 3,
        )
    again = train(one, data, seed=0, checkpoints=checkpoints())
    assert (steps, again.num_resumes) == ([1, 2, 3], 1)
    assert (again.curves, again.result) == (whole.curves, whole.result)
    assert whole.curves.train_loss[1] < whole.curves.train_loss[0]


@both
def test_pictures_of_what_is_there_and_what_is_found_are_kept(name, tmp_path):
    from PIL import Image

    from modernize.report.figures.pictures import SHOWN

    one = spec(name, epochs=1)
    data = scenes()
    train(one, data, seed=0, keep=tmp_path)
    kinds = len(SHOWN[name][0])
    with Image.open(tmp_path / "pictures.png") as sheet:
        assert sheet.size == (4 * 192, kinds * 192)
        true = np.asarray(sheet)[:192, :192]
    mask = data.test.things.masks(data.test.things.of(0)).max(axis=0).repeat(6, axis=0).repeat(6, axis=1) > 0
    plain = data.test.images_nhwc[0].repeat(6, axis=0).repeat(6, axis=1)
    changed = np.abs(true.astype(int) - plain).max(axis=2) > 2
    assert changed[mask].mean() > 0.9
    assert changed[~mask].mean() < 0.1


def test_pictures_that_cannot_be_kept_cost_no_weights(tmp_path, monkeypatch):
    def refuse(*_):
        raise ModernizeError("the disk is full")

    monkeypatch.setattr("modernize.train.loop.write_atomically", refuse)
    notes = []
    checkpoints = Checkpoints(tmp_path / "run", "run", note=notes.append)
    kept = train(spec(SEGMENTATION, epochs=1), scenes(), seed=0, checkpoints=checkpoints, keep=tmp_path).weights
    assert notes == ["its pictures are not kept: the disk is full"]
    assert (tmp_path / kept.file).stat().st_size == kept.num_bytes


def test_starting_weights_are_the_backbones(tmp_path):
    """From a classifier of as many classes, or others: its head goes unread."""
    entry = spec(SEGMENTATION)
    classifier = replace(entry, recipe=replace(entry.recipe, name="", objective="classification", epochs=1))
    data = load_data("shapes", image_size=SIZE, train_images=20, test_images=10)
    kept = train(classifier, data, seed=5, keep=tmp_path).weights
    from safetensors.torch import load_file

    from modernize.train.distributed import World
    from modernize.train.learner import Learner
    from modernize.train.runtime import Runtime
    from modernize.train.state_dicts import fitting_weights

    path = tmp_path / kept.file
    weights = fitting_weights(path, entry, num_classes=5, image_size=SIZE)
    one = objective(entry)
    cpu = torch.device("cpu")
    network = one.trunk(Learner(one, runtime=Runtime(), device=cpu, world=World(), weights=weights).network)
    for key, tensor in load_file(path).items():
        if not key.startswith("head.fc."):
            assert torch.equal(network.state_dict()[key], tensor), key


@both
def test_a_classifier_starts_from_a_trained_backbone(name, tmp_path):
    from safetensors.torch import load_file

    from modernize.inference.classifier import load_classifier
    from modernize.train.state_dicts import fitting_weights

    path = tmp_path / train(spec(name, epochs=1), scenes(), seed=0, keep=tmp_path).weights.file
    classifier = replace(spec(name), recipe=replace(RECIPES[name], name="", objective="classification"))
    found = fitting_weights(path, classifier, num_classes=10, image_size=SIZE)
    assert found.keys() == {key for key in build(classifier).state_dict() if not key.startswith("head.fc.")}
    assert torch.equal(found["stem.conv.weight"], load_file(path)["backbone.body.network.stem.conv.weight"])
    with pytest.raises(ModernizeError, match="is of a detector or segmenter and has no classifier"):
        load_classifier(str(path))


def test_a_deeper_layer_learns_more_slowly():
    from modernize.train.layer_decay import layer_factors

    entry = spec(DETECTION, layer_decay=0.5)
    one = objective(entry)
    network = one.build()
    factors = layer_factors(one.trunk(network), entry)
    named = dict(network.named_parameters())
    assert factors[named["backbone.body.network.stem.conv.weight"]] < 0.1
    assert named["roi_heads.mask_head.0.0.weight"] not in factors


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"recipe": "detection"}, r"learns the objects in images, which shapes does not have; .* scenes, coco:PATH"),
        ({"data": "scenes"}, r"classification \(of base\) learns the labels in images, which scenes does not have"),
        (
            {"data": "scenes", "recipe": "detection", "set": {"recipe.mixup": 0.5, "recipe.mix_probability": 1.0}},
            r"recipe\.mixup is 0\.5, but detection mirrors pictures with their boxes and masks, and does nothing else",
        ),
        (
            {"data": "scenes", "recipe": "segmentation", "set": {"recipe.shift_pixels": 2}},
            r"recipe\.shift_pixels is 2, but segmentation mirrors pictures .* set it to 0",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_at_planning(options, says):
    with pytest.raises(ModernizeError, match=says):
        plan_study(request_from(upto="recipe", train_images=8, test_images=4, **options))


def test_detection_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModernizeError, match=r"detection takes pycocotools.*modernize-convnext\[detection\]"):
        plan_study(request_from(upto="recipe", data="scenes", recipe="detection", train_images=8, test_images=4))


@pytest.mark.slow
@pytest.mark.parametrize("step", ["base", "downsample"])
def test_full_size_rungs_detect_at_512_px(step):
    entry = replace(ladder("resnet50", upto=step)[-1].spec, recipe=replace(RECIPES[DETECTION], batch_size=1))
    data = scenes(1, image_size=512)
    from modernize.datasets.feeds import make_feed

    one = objective(entry, image_size=512, batch_size=1)
    network = one.build()
    assert [m.stride for m in network.backbone.body.maps] == [4, 8, 16, 32]
    assert network.backbone.out_channels == 256
    inputs, targets = next(make_feed(data, entry.recipe).train_batches(1, seed=0, epoch=0))
    loss = one.loss(network.train(), *one.prepare(inputs, targets, step=0))
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)
