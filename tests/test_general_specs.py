"""Specs beyond the ladder: any stages, any widths, pre-activation; and those of stored results stay what they were."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import torch
from torch import nn

from benchmarks.traffic import traffic
from modernize.blueprint import blueprint
from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.families import family_spec
from modernize.ladder import ladder
from modernize.measure.counting import counted_macs, counted_params
from modernize.nn import build, convert
from modernize.regimes import base_spec
from modernize.results.stale import recorded_spec
from modernize.results.store import load_record
from modernize.run.identity import run_id
from modernize.spec import Arch, Recipe
from modernize.strict import from_dict
from modernize.train.layer_decay import layer_factors
from modernize.train.runtime import Runtime
from modernize.verify.built import formulation_difference
from modernize.verify.logits import randomise

STORED = (Path(__file__).parent / "data" / "first-schema", Path(__file__).parents[1] / "results/laptop-cifar10-subset")
RECORDS = [path for folder in STORED for path in folder.glob("*-seed*") if "-control-" not in path.name]
LAPTOP = base_spec("laptop")
# He et al., arXiv:1603.05027: ResNet-164 in pre-activation order, for CIFAR-10.
RESNET_164 = LAPTOP.with_arch(
    depths=(18, 18, 18), width=16, stem_stride=1, pre_activation=True, conv_bias="never", num_classes=10
)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_stored_results_keep_their_fingerprints_and_run_ids(path):
    record = load_record(path)
    spec = recorded_spec(record)
    assert spec.fingerprint == record.entry.fingerprint
    runtime = Runtime(num_threads=record.hardware.num_threads)
    as_trained = replace(spec, recipe=from_dict(Recipe, record.trained_recipe))
    assert run_id(as_trained, record.data.fingerprint, record.seed, runtime) == record.run_id


def drawn_arch(seed: int) -> Arch:
    """Every field at random: one to five stages, widths listed or doubling."""
    rng = random.Random(seed)
    stages = rng.randint(1, 5)
    fields = {
        name: rng.choice(get_args(hint) or (False, True))
        for name, hint in get_type_hints(Arch).items()
        if hint is bool or get_origin(hint) is Literal
    }
    return Arch(
        **fields,
        depths=tuple(rng.randint(1, 3) for _ in range(stages)),
        width=rng.randint(1, 9),
        dims=rng.choice(((), tuple(rng.randint(1, 9) for _ in range(stages)))),
        kernel_size=rng.choice((1, 3, 7)),
        num_classes=3,
    )


@pytest.mark.parametrize("seed", range(60))
def test_any_architecture_is_built_as_it_is_counted(seed):
    spec = replace(LAPTOP, arch=drawn_arch(seed))
    with torch.device("meta"):
        network = build(spec, formulation="plain")
    counted = cost(spec, 64)
    assert counted_params(network) == counted.num_params
    assert counted_macs(network, 64) == counted.macs
    assert traffic(spec, 64).total_bytes > 0


def fits(arch: Arch, image_size: int = 32) -> bool:
    return arch.stem_stride * 2 ** (len(arch.depths) - 1) <= image_size


@pytest.mark.parametrize("seed", [seed for seed in range(14) if fits(drawn_arch(seed))])
def test_fast_and_plain_agree_on_any_architecture_with_gradients(seed):
    rung = ladder("laptop")[0]
    assert formulation_difference(replace(rung, spec=replace(LAPTOP, arch=drawn_arch(seed)))) < 1e-10


def test_listed_widths_that_double_are_the_doubling_ones():
    listed = LAPTOP.with_arch(dims=(16, 32, 64))
    assert blueprint(listed) == blueprint(LAPTOP)
    assert listed.fingerprint != LAPTOP.fingerprint


def test_a_stem_of_another_width_is_projected():
    # The published ConvNeXt-T, but for a stem of 48 channels.
    spec = family_spec("convnext-t").with_arch(width=48, dims=(96, 192, 384, 768))
    first = blueprint(spec).stages[0].blocks[0]
    assert (first.in_channels, first.out_channels, bool(first.shortcut)) == (48, 96, True)
    assert blueprint(spec).stages[1:] == blueprint(family_spec("convnext-t")).stages[1:]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depths": ()}, r"arch\.depths should list 1 to 8 stages, not 0\."),
        ({"depths": (1,) * 9}, r"arch\.depths should list 1 to 8 stages, not 9\."),
        ({"depths": (2, 0)}, r"arch\.depths should be from 1 to 1,000, not \(2, 0\)\."),
        ({"dims": (8, 16)}, r"arch\.dims lists 2 stages, arch\.depths 3\."),
        ({"dims": (8, 16, 0, 4)}, r"arch\.dims should be from 1 to 65,536, not \(8, 16, 0, 4\)\."),
        ({"dims": 8}, r"arch\.dims should be a list, not 8\."),
    ],
)
def test_stages_that_cannot_be_are_one_clear_line(changes, message):
    with pytest.raises(ModernizeError, match=message):
        LAPTOP.with_arch(**changes)


def test_a_network_of_three_stages_has_no_counterpart_in_torchvision():
    spec = base_spec("resnet50").with_arch(depths=(1, 1, 1))
    with pytest.raises(ModernizeError, match=r"torchvision has no such network \(arch\.depths is \(1, 1, 1\)\)"):
        convert.to_torchvision({}, spec)


@pytest.mark.parametrize(
    ("depths", "powers"),
    [((5,), [4, 3, 3, 2, 2, 1]), ((3, 2), [4, 3, 3, 2, 1, 1]), ((1, 4, 1), [5, 4, 3, 3, 2, 2, 1])],
)
def test_layer_decay_parts_the_last_stage_but_one(depths, powers):
    spec = LAPTOP.with_arch(depths=depths).with_recipe(layer_decay=0.5, layer_decay_blocks=2)
    with torch.device("meta"):
        network = build(spec)
    factors = layer_factors(network, spec)
    parts = [network.stem, *(block for stage in network.stages for block in stage.blocks), network.head]
    assert [{factors[p] for p in part.parameters()} for part in parts] == [{0.5**power} for power in [*powers, 0]]


class Bottleneck(nn.Module):
    def __init__(self, channels: int, width: int, stride: int, projected: bool) -> None:
        super().__init__()
        out = 4 * width
        self.bn1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, width, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn3, self.conv3 = nn.BatchNorm2d(width), nn.Conv2d(width, out, 1, bias=False)
        self.shortcut = nn.Conv2d(channels, out, 1, stride, bias=False) if projected else None

    def forward(self, x):
        y = self.bn1(x).relu()
        shortcut = self.shortcut(y) if self.shortcut else x
        y = self.conv2(self.bn2(self.conv1(y)).relu())
        return shortcut + self.conv3(self.bn3(y).relu())


class PreActivationResNet(nn.Module):
    """3 stages x 18 bottlenecks by hand, in plain torch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        blocks, channels = [], 16
        for stage, width in enumerate((16, 32, 64)):
            for position in range(18):
                blocks.append(Bottleneck(channels, width, 2 if stage and not position else 1, not position))
                channels = 4 * width
        self.blocks = nn.Sequential(*blocks)
        self.bn, self.fc = nn.BatchNorm2d(channels), nn.Linear(channels, 10)

    def forward(self, x):
        return self.fc(self.bn(self.blocks(self.stem(x))).relu().mean((2, 3)))


def by_hand_name(name: str) -> str:
    """What the network by hand calls a tensor of ours."""
    module, tensor = name.rsplit(".", 1)
    whole = {"stem.conv": "stem", "head.last_norm": "bn", "head.fc": "fc"}
    if module in whole:
        return f"{whole[module]}.{tensor}"
    _, stage, _, position, *_, last = module.split(".")
    inner = {"pwconv1": "conv1", "spatial": "conv2", "pwconv2": "conv3", "conv": "shortcut"}
    inner |= {"pwconv1_norm": "bn1", "spatial_norm": "bn2", "pwconv2_norm": "bn3"}
    return f"blocks.{18 * int(stage) + int(position)}.{inner[last]}.{tensor}"


def test_resnet_164_has_its_printed_size():
    plan = blueprint(RESNET_164)
    weighted = [op for stage in plan.stages for block in stage.blocks for op in block.branch if op.weights]
    assert len(weighted) + 2 == 164  # the stem and the classifier
    assert f"{cost(RESNET_164).num_params / 1e6:.2f}" == "1.70"
    assert [stage.blocks[0].out_channels for stage in plan.stages] == [64, 128, 256]


def test_pre_activation_gives_the_logits_and_gradients_of_a_network_by_hand():
    by_hand, ours = PreActivationResNet().double(), build(RESNET_164).double()
    randomise(by_hand, seed=0)
    ours.load_state_dict({name: by_hand.state_dict()[by_hand_name(name)] for name in ours.state_dict()})
    images = torch.randn(4, 3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for training in (False, True):
        logits = [network.train(training)(images) for network in (by_hand, ours)]
        torch.testing.assert_close(logits[1], logits[0])
    for each in logits:
        each.square().mean().backward()
    gradients = {name: parameter.grad for name, parameter in by_hand.named_parameters()}
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients.pop(by_hand_name(name)))
    assert not gradients


def test_every_step_can_be_taken_in_pre_activation_order():
    for rung in ladder(LAPTOP.with_arch(pre_activation=True), probes=True):
        with torch.device("meta"):
            assert counted_params(build(rung.spec)) == cost(rung.spec).num_params
        one = blueprint(rung.spec).stages[1].blocks[0]
        assert one.after == ()
        assert (one.before or one.branch)[0].text in ("BN", "LN")
