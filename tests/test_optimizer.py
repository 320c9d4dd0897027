"""The functional optimizers against torch's classes, and which weights are decayed."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from modernize.ladder import ladder
from modernize.nn import build
from modernize.spec import Recipe
from modernize.train.optimizer import Optimizer, parameter_groups

RATES = [0.0, 0.01, 0.02, 0.01, 0.001]


def tiny() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, 5))


def torchs(recipe: Recipe, groups) -> torch.optim.Optimizer:
    groups = [{"params": parameters, "weight_decay": decay} for parameters, decay in groups]
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=1.0, betas=recipe.betas, eps=recipe.eps)
    return torch.optim.SGD(groups, lr=1.0, momentum=recipe.momentum)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(weight_decay=1e-2),
        Recipe(weight_decay=1e-2, momentum=0.0, decay_norm_and_bias=False),
        Recipe(optimizer="adamw", weight_decay=0.05, decay_norm_and_bias=False),
        Recipe(optimizer="adamw", weight_decay=0.05, betas=(0.8, 0.95), eps=1e-6),
    ],
    ids=["sgd", "sgd-plain", "adamw", "adamw-all-decayed"],
)
def test_five_steps_are_torchs(recipe):
    ours, theirs = tiny(), tiny()
    optimizer = Optimizer(parameter_groups(ours, recipe), recipe)
    oracle = torchs(recipe, parameter_groups(theirs, recipe))
    for lr in RATES:
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine.grad = torch.randn_like(mine)
            other.grad = mine.grad.clone()
        optimizer.step(lr)
        for group in oracle.param_groups:
            group["lr"] = lr
        oracle.step()
    for mine, other, start in zip(ours.parameters(), theirs.parameters(), tiny().parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-6)
        assert not torch.equal(mine, start)


@pytest.mark.parametrize("end", [0, -1], ids=["resnet-sgd", "convnext-adamw"])
def test_a_step_of_a_real_network_is_torchs(end):
    """The fused code walks through memory: weights, gradients and state must lie alike in channels-last memory."""
    rung = ladder("laptop")[end]
    torch.manual_seed(0)
    ours, theirs = build(rung.spec), build(rung.spec)
    theirs.load_state_dict(ours.state_dict())
    optimizer = Optimizer(parameter_groups(ours, rung.spec.recipe), rung.spec.recipe)
    oracle = torchs(rung.spec.recipe, parameter_groups(theirs, rung.spec.recipe))
    for _ in range(2):
        optimizer.zero_grad()
        ours(torch.randn(4, 3, 32, 32)).square().mean().backward()
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            other.grad = mine.grad.contiguous()
        optimizer.step(0.01)
        for group in oracle.param_groups:
            group["lr"] = 0.01
        oracle.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)


def test_zero_grad_forgets():
    network = tiny()
    optimizer = Optimizer(parameter_groups(network, Recipe()), Recipe())
    network(torch.ones(2, 3, 8, 8)).sum().backward()
    optimizer.zero_grad()
    before = copy.deepcopy(list(network.parameters()))
    optimizer.step(0.1)
    assert all(p.grad is None for p in network.parameters())
    # No gradient: only weight decay, a millionth here, moves a weight.
    for now, then in zip(network.parameters(), before, strict=True):
        torch.testing.assert_close(now, then, rtol=2e-5, atol=0)


def convnext_t(**arch):
    spec = ladder("resnet50")[-1].spec.with_arch(**arch)
    with torch.device("meta"):
        return build(spec), spec.recipe


def names(network: nn.Module, parameters) -> set[str]:
    wanted = {id(p) for p in parameters}
    return {name for name, p in network.named_parameters() if id(p) in wanted}


def test_convnext_t_decays_59_of_182_parameters():
    network, recipe = convnext_t()
    (decayed, decay), (others, none) = parameter_groups(network, recipe)
    assert (len(decayed), len(others)) == (59, 123)
    assert (decay, none) == (0.05, 0.0)


@pytest.mark.parametrize("arch", [{}, {"grn": True, "layer_scale": False}], ids=["convnext", "with-grn"])
def test_the_groups_are_timms(arch):
    from timm.optim import param_groups_weight_decay

    network, recipe = convnext_t(**arch)
    (decayed, _), (others, _) = parameter_groups(network, recipe)
    groups = {g["weight_decay"]: names(network, g["params"]) for g in param_groups_weight_decay(network, 0.05)}
    assert names(network, decayed) == groups[0.05]
    assert names(network, others) == groups[0.0]
    assert names(network, decayed) | names(network, others) == {name for name, _ in network.named_parameters()}


def test_the_classic_recipe_decays_everything():
    with torch.device("meta"):
        network = build(ladder("resnet50", upto="base")[0].spec)
    (decayed, decay), (others, _) = parameter_groups(network, Recipe())
    assert (len(decayed), others, decay) == (161, [], 1e-4)


def test_training_loads_neither_torchs_compiler_nor_timm_nor_torchvision():
    """They would cost seconds at the start of every worker."""
    code = """
import sys
import numpy as np
from modernize.datasets.dataset import Split, in_memory
from modernize.ladder import ladder
from modernize.train.budget import get_budget, shorten
from modernize.train.loop import train
from dataclasses import replace

images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
labels = np.arange(8) % 10
split = Split(images, labels)
arrays = in_memory("x", split, split, tuple("0123456789"), "")
for rung in (ladder("laptop")[0], ladder("laptop")[-1]):
    recipe = shorten(rung.spec.recipe, replace(get_budget("smoke", epochs=1), batch_size=4))
    train(replace(rung.spec, recipe=recipe), arrays, seed=0)
slow = {"torch._dynamo", "torch._inductor", "torch.utils.flop_counter", "timm", "torchvision", "sklearn"}
print(*sorted({"torch", *slow} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["torch"]
