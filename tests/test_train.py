"""One run: it learns, it repeats, and it says so when it does not."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from modernize.datasets.dataset import Dataset, Split, in_memory
from modernize.datasets.resident import ResidentFeed
from modernize.errors import ModernizeError
from modernize.ladder import ladder
from modernize.metrics import LOSS, TOP1
from modernize.objectives.classification import Classification
from modernize.results.record import Curves
from modernize.spec import Recipe, Spec
from modernize.train.budget import get_budget, shorten
from modernize.train.loop import evaluate, train
from modernize.train.progress import final_result

NUM_CLASSES = 4


def bars(num_train: int = 96, num_test: int = 50) -> Dataset:
    """Noise with a bright bar: horizontal or vertical, thin or thick."""
    rng = np.random.default_rng(0)
    splits = []
    for count in (num_train, num_test):
        labels = np.arange(count, dtype=np.int64) % NUM_CLASSES
        images = rng.integers(0, 100, (count, 32, 32, 3), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            start, thick = rng.integers(6, 18), 2 + 6 * (label // 2)
            along = image if label % 2 else image.transpose(1, 0, 2)
            along[start : start + thick] = 230
        splits.append(Split(images, labels))
    return in_memory("bars", *splits, tuple("abcd"), "")


def short(rung: int, epochs: int = 2, batch_size: int = 16, **recipe) -> Spec:
    spec = ladder("laptop")[rung].spec.with_arch(num_classes=NUM_CLASSES)
    shortened = shorten(spec.recipe, replace(get_budget("smoke", epochs=epochs), batch_size=batch_size))
    return replace(spec, recipe=replace(shortened, **recipe))


@pytest.fixture(scope="module")
def arrays():
    return bars()


@pytest.mark.parametrize("rung", [0, -1], ids=["resnet", "convnext"])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(arrays, rung):
    spec = short(rung, stochastic_depth=0.2)
    first, again, other = (train(spec, arrays, seed=seed) for seed in (3, 3, 4))
    assert first.curves == again.curves
    assert first.result == again.result
    assert first.curves.train_loss != other.curves.train_loss


@pytest.mark.parametrize("rung", [0, -1], ids=["resnet", "convnext"])
def test_it_learns(arrays, rung):
    outcome = train(short(rung, epochs=10), arrays, seed=0)
    losses = outcome.curves.train_loss
    assert not outcome.diverged
    assert losses[-1] < 0.7 * losses[0]
    assert outcome.result.best > 60, "chance is 25"


def test_what_is_measured_fits_together(arrays):
    seen = []
    spec = short(0, epochs=3)
    outcome = train(spec, arrays, seed=0, on_step=lambda epoch, step: seen.append((epoch, step)))
    curves, result = outcome.curves, outcome.result
    assert curves.split == "test"
    assert {len(curve) for curve in (curves.train_loss, curves.lr, *curves.metrics.values())} == {3}
    assert len(outcome.epoch_seconds) == 3
    assert outcome.images_per_second > 0
    assert result.metrics == {name: curve[-1] for name, curve in curves.metrics.items()}
    assert result.metrics == {"top1_percent": result.top1_percent, "loss": result.loss}
    assert result.epoch == 3
    assert result.best == max(curves.metrics["top1_percent"])
    assert seen == [(step // 6, step + 1) for step in range(18)]


def test_the_result_is_the_last_epochs_though_another_was_better():
    curves = Curves(metrics={"top1_percent": (50, 80, 70), "loss": (0.9, 0.5, 0.6)})
    result = final_result(curves, TOP1, diverged=False)
    assert (result.top1_percent, result.loss, result.epoch) == (70, 0.6, 3)
    assert (result.best, result.best_epoch) == (80, 2)


def test_of_a_metric_that_falls_the_least_is_the_best():
    result = final_result(Curves(metrics={"loss": (0.9, 0.5, 0.6)}), LOSS, diverged=False)
    assert (result.loss, result.best, result.best_epoch) == (0.6, 0.5, 2)


@pytest.mark.parametrize("rung", [0, -1], ids=["sgd", "adamw"])
def test_a_run_that_diverges_ends_early_without_a_result(arrays, rung):
    steps = []
    spec = short(rung, epochs=3, lr=1e6, warmup_epochs=0.0)
    outcome = train(spec, arrays, seed=0, on_step=lambda _, step: steps.append(step))
    assert outcome.diverged
    assert len(steps) < 6, "before the end of the first epoch"
    assert outcome.result.top1_percent is None
    assert outcome.result.loss is None
    assert outcome.result.epoch == len(outcome.curves.train_loss) < 3
    json.dumps(asdict(outcome), allow_nan=False)


def test_fewer_images_than_a_batch_are_refused_and_as_many_are_trained_on(arrays):
    few = replace(arrays, train=arrays.train.take(np.arange(5)))
    with pytest.raises(ModernizeError, match=r"recipe\.batch_size is 64, but there are only 5 training images; set it"):
        train(short(-1, batch_size=64), few, seed=0)
    outcome = train(short(-1, batch_size=5), few, seed=0)
    assert len(outcome.curves.train_loss) == 2
    assert outcome.result.top1_percent is not None


def test_seeds_are_paired_across_rungs(arrays, monkeypatch):
    """Two networks that draw differently many weights see the same images in the same order, moved alike."""
    streams = []
    untouched = ResidentFeed.train_batches

    def watched(self, *args, **options):
        for images, labels in untouched(self, *args, **options):
            streams[-1].append((images.clone(), labels))
            yield images, labels

    monkeypatch.setattr(ResidentFeed, "train_batches", watched)
    for rung in (0, -1):
        streams.append([])
        train(short(rung, stochastic_depth=0.3), arrays, seed=7)
    assert len(streams[0]) == len(streams[1]) == 12
    for (images, labels), (others, other_labels) in zip(*streams, strict=True):
        assert torch.equal(images, others)
        assert torch.equal(labels, other_labels)


def test_evaluation_counts_every_image(arrays):
    class Constant(torch.nn.Module):
        def forward(self, images):
            return torch.tensor([[0.0, 2.0, 0.0, 0.0]]).expand(len(images), -1)

    count = 257  # one batch and an incomplete one
    split = Split(np.zeros((count, 8, 8, 3), dtype=np.uint8), np.array([1] * 57 + [0] * 200, dtype=np.int64))
    feed = ResidentFeed(in_memory("grey", split, split, tuple("abcd"), ""), Recipe())
    objective = Classification(short(0), num_classes=4, image_size=8, batch_size=250, seed=0)
    measured = evaluate(objective, Constant(), feed.eval_batches("test", 250))
    loss, top1 = measured["loss"], measured["top1_percent"]
    normaliser = np.log(np.exp(2) + 3)
    assert top1 == pytest.approx(100 * 57 / count)
    assert loss == pytest.approx(normaliser - 2 * 57 / count, rel=1e-6)


def test_a_recipe_that_contradicts_itself_is_refused(arrays):
    with pytest.raises(ModernizeError, match=r"recipe\.mixup is 0\.8, but recipe\.mix_probability is 0"):
        train(short(-1, mixup=0.8), arrays, seed=0)


@pytest.fixture
def with_val(arrays):
    return replace(arrays, val=bars(num_test=40).test)


class Watched(ResidentFeed):
    """Keeps the splits that were evaluated."""

    seen: list[str]

    def eval_batches(self, split, batch_size):
        self.seen = [*getattr(self, "seen", []), split]
        return super().eval_batches(split, batch_size)


def test_with_a_validation_split_the_test_images_are_looked_at_once_at_the_end(arrays, with_val):
    spec = short(-1, epochs=3)
    feed = Watched(with_val, spec.recipe)
    outcome = train(spec, feed, seed=0)
    plain = train(spec, arrays, seed=0)
    assert feed.seen == ["val", "val", "val", "test"]
    assert outcome.curves.split == "val"
    assert [len(curve) for curve in outcome.curves.metrics.values()] == [3, 3]
    assert outcome.curves.train_loss == plain.curves.train_loss
    assert (outcome.result.top1_percent, outcome.result.loss) == (plain.result.top1_percent, plain.result.loss)
    assert outcome.result.best == max(outcome.curves.metrics["top1_percent"])
    assert outcome.result.epoch == 3


def test_the_best_epoch_is_the_best_on_the_validation_split():
    curves = Curves(split="val", metrics={"top1_percent": (50, 80, 70), "loss": (0.9, 0.5, 0.7)})
    result = final_result(curves, TOP1, diverged=False, test={"top1_percent": 66, "loss": 0.8})
    assert (result.top1_percent, result.loss, result.epoch) == (66, 0.8, 3)
    assert (result.best, result.best_epoch) == (80, 2)


def test_a_feed_of_ones_own_gives_the_same_numbers(arrays):
    spec = short(0)
    assert train(spec, ResidentFeed(arrays, spec.recipe), seed=1).curves == train(spec, arrays, seed=1).curves
