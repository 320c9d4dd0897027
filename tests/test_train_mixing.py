"""Mixup and CutMix: timm's, repeatable, and left out where they are off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_train import bars, short

from modernize.errors import ModernizeError
from modernize.objectives.mixing import Mixing, mixes
from modernize.spec import Recipe
from modernize.train.loop import train

BOTH = Recipe(mixup=0.8, cutmix=1.0, mix_probability=1.0, label_smoothing=0.1)


def batch(count: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand((count, 3, 16, 16), generator=generator).to(memory_format=torch.channels_last)
    return images, torch.arange(count) % 4


def mixed(recipe: Recipe = BOTH, *, step: int = 0, **options) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = batch()
    return Mixing(recipe, num_classes=4, batch_size=8, **({"seed": 3} | options))(images, labels, step=step)


def test_a_batch_is_a_function_of_seed_step_and_rank():
    images, targets = mixed(step=5)
    again, same_targets = mixed(step=5)
    assert torch.equal(images, again)
    assert torch.equal(targets, same_targets)
    for other in ({"step": 6}, {"step": 5, "seed": 4}, {"step": 5, "rank": 1}):
        assert not torch.equal(mixed(**other)[1], targets)


def test_numpys_generator_is_left_as_it_was():
    np.random.seed(1)  # noqa: NPY002
    expected = np.random.rand(2)  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    mixed()
    assert np.array_equal(np.random.rand(2), expected)  # noqa: NPY002


def test_both_are_done_about_as_often_as_wanted():
    images, _ = batch()
    cut = 0
    for step in range(40):
        new, targets = mixed(step=step)
        torch.testing.assert_close(targets.sum(1), torch.ones(8))
        # CutMix copies pixels, mixup blends them all.
        copied = (new == images) | (new == images.flip(0))
        cut += bool(copied.all())
    assert 10 < cut < 30


def test_without_mixing_targets_are_smoothed_labels():
    images, targets = mixed(replace(BOTH, mix_probability=1e-9))
    before, labels = batch()
    assert torch.equal(images, before)
    torch.testing.assert_close(targets, 0.9 * torch.nn.functional.one_hot(labels, 4) + 0.1 / 4)


def test_the_loss_is_timms():
    from timm.loss import SoftTargetCrossEntropy

    _, targets = mixed()
    logits = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        torch.nn.functional.cross_entropy(logits, targets), SoftTargetCrossEntropy()(logits, targets)
    )


def test_pairs_need_an_even_number():
    with pytest.raises(ModernizeError, match="a process should have an even number of them, not 7"):
        Mixing(BOTH, num_classes=4, batch_size=7, seed=0)


def test_a_run_with_an_odd_batch_is_refused_only_if_it_mixes():
    mixing = {"mixup": 0.8, "mix_probability": 1.0}
    with pytest.raises(ModernizeError, match="not 15"):
        train(short(-1, batch_size=15, **mixing), bars(), seed=0)
    train(short(-1, epochs=1, batch_size=15, mix_probability=1.0), bars(), seed=0)


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (BOTH, True),
        (replace(BOTH, cutmix=0.0), True),
        (replace(BOTH, mixup=0.0), True),
        (replace(BOTH, mixup=0.0, cutmix=0.0), False),
        (replace(BOTH, mix_probability=0.0), False),
    ],
)
def test_which_recipes_mix(recipe, expected):
    assert mixes(recipe) is expected


def test_it_learns_from_mixed_images():
    spec = short(-1, epochs=10, mixup=0.8, cutmix=1.0, mix_probability=1.0)
    outcome = train(spec, bars(), seed=0)
    assert outcome.curves.train_loss != train(short(-1, epochs=10), bars(), seed=0).curves.train_loss
    assert outcome.result.best > 50, "chance is 25"
