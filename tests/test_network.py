"""Built networks: as large as counted, and buildable from any steps in any order."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
import torch
from torch import nn

from modernize.cost import cost
from modernize.ladder import ladder
from modernize.measure.counting import counted_macs, counted_params
from modernize.nn import build
from modernize.regimes import REGIMES, base_spec
from modernize.registry import load_steps
from modernize.spec import Spec
from modernize.verify.built import formulation_difference

ADOPTED = [step.id for step in load_steps().values() if step.adopted]
RUNGS = [
    pytest.param(regime, rung, id=f"{regime}-{rung.step}") for regime in REGIMES for rung in ladder(regime, probes=True)
]
# The laptop regime, but thin: fast enough to train every selection for a step.
TINY = base_spec("laptop").with_arch(width=4, num_classes=3)
TINY_SIZE = 32


def on_meta(spec: Spec, **options) -> nn.Module:
    with torch.device("meta"):
        return build(spec, **options)


def train_one_step(spec: Spec) -> None:
    """Forward and backward; every parameter gets a finite gradient, and counts agree."""
    torch.manual_seed(0)
    network = build(spec).train()
    logits = network(torch.randn(2, 3, TINY_SIZE, TINY_SIZE))
    assert logits.shape == (2, 3)
    nn.functional.cross_entropy(logits, torch.tensor([0, 2])).backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    assert [name for name, grad in gradients.items() if grad is None or not grad.isfinite().all()] == []
    assert counted_params(network) == cost(spec, TINY_SIZE).num_params


@pytest.mark.parametrize(("regime", "rung"), RUNGS)
def test_parameters_as_counted(regime, rung):
    network = on_meta(rung.spec)
    assert counted_params(network) == cost(rung.spec).num_params
    by_module = {name: sum(p.numel() for p in m.parameters(recurse=False)) for name, m in network.named_modules()}
    ops = {op.path: op.num_params for op in cost(rung.spec).ops}
    # Module names are cost paths, and nothing learned lies elsewhere.
    assert ops.items() <= by_module.items()
    assert not [name for name, number in by_module.items() if number and name not in ops]


@pytest.mark.parametrize(("regime", "rung"), RUNGS)
def test_macs_as_counted_by_torch(regime, rung):
    counted = counted_macs(on_meta(rung.spec, formulation="plain"), rung.spec.regime.image_size)
    assert counted == cost(rung.spec).macs


@pytest.mark.parametrize("regime", REGIMES)
def test_macs_of_the_fast_formulation_of_the_ends(regime):
    for rung in (ladder(regime)[0], ladder(regime)[-1]):
        assert counted_macs(on_meta(rung.spec), rung.spec.regime.image_size) == cost(rung.spec).macs


def output_shapes(network: nn.Module, size: int) -> dict[str, tuple[int, ...]]:
    """Shape of what each module gives for one image, without the batch."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, module in network.named_modules():
        module.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: tuple(out.shape[1:])}))
    network(torch.empty(1, 3, size, size, device="meta"))
    return shapes


@pytest.mark.parametrize("size", [33, 97, 224])
def test_maps_and_activations_are_those_of_the_network_at_any_size(size):
    for rung in (ladder("resnet50")[0], ladder("resnet50", upto="move-up")[-1], ladder("resnet50")[-1]):
        network = on_meta(rung.spec, formulation="plain").eval()
        shapes = output_shapes(network, size)
        counted = cost(rung.spec, size)
        assert {op.path: op.out_shape[: len(shapes[op.path])] for op in counted.ops} == {
            op.path: shapes[op.path] for op in counted.ops
        }
        weighted = [n for n, m in network.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        assert counted.activations == sum(torch.Size(shapes[name]).numel() for name in weighted)


@pytest.mark.parametrize("step", [*ADOPTED, "kernel-5", "kernel-9", "kernel-11"])
def test_any_single_step_trains(step):
    train_one_step(ladder(TINY, only=[step])[-1].spec)


@pytest.mark.parametrize("step", ADOPTED)
def test_all_steps_but_one_train(step):
    train_one_step(ladder(TINY, path="v2", skip=[step])[-1].spec)


def sampled_orders() -> list[tuple[str, ...]]:
    rng = random.Random(0)
    return [tuple(rng.sample(ADOPTED, rng.randint(2, len(ADOPTED)))) for _ in range(40)]


@pytest.mark.parametrize("order", sampled_orders(), ids=lambda order: f"{len(order)}-{order[0]}-to-{order[-1]}")
def test_any_steps_in_any_order_train(order):
    rungs = ladder(TINY, order=order)
    assert [rung.step for rung in rungs] == ["base", *order]
    train_one_step(rungs[-1].spec)


def test_every_subset_of_the_steps_is_costed():
    # 2^13 sets of steps; the recipe, the activation and GRN leave MACs alone, so each network is counted once.
    free = {"recipe", "gelu", "fewer-acts", "grn"}
    steps = [name for name in ADOPTED if name not in free]
    spec_of = {name: load_steps()[name] for name in ADOPTED}
    seen = set()
    for subset in itertools.product([False, True], repeat=len(steps)):
        spec = TINY
        for name, taken in zip(steps, subset, strict=True):
            spec = spec_of[name].apply(spec) if taken else spec
        counted = cost(spec)
        assert min(counted.macs, counted.num_params, counted.activations) > 0
        seen.add(spec.fingerprint)
    assert len(seen) == 2 ** len(steps)


CHOICES = {
    "stem_norm": ("patchify", False),
    "shortcut_norm": ("fewer-norms", "drop"),
    "conv_bias": ("downsample", "never"),
    "layer_scale_position": ("recipe", "before-norm"),
    "layer_scale": ("downsample", False),
    "downsample_norm": ("downsample", False),
    "grn": ("downsample", True),
    "norm": ("fewer-norms", "group"),
    "depthwise_multiplier": ("move-up", 4),
}


@pytest.mark.parametrize("field", CHOICES)
def test_every_open_choice_trains_and_makes_another_network(field):
    step, value = CHOICES[field]
    spec = ladder(TINY, upto=step)[-1].spec
    other = spec.with_arch(**{field: value})
    train_one_step(other)
    assert str(build(other)) != str(build(spec))


def test_one_group_of_groupnorm_is_torchs():
    network = build(ladder(TINY, upto="fewer-norms")[-1].spec.with_arch(norm="group"))
    found = [module for name, module in network.named_modules() if name.endswith("norm")]
    assert {(type(module), module.num_groups, module.eps) for module in found} == {(nn.GroupNorm, 1, 1e-6)}
    x_nchw = torch.randn(2, found[0].num_channels, 5, 5)
    with torch.no_grad():
        found[0].weight.normal_()
        found[0].bias.normal_()
    flat = torch.nn.functional.layer_norm(x_nchw.flatten(1), (x_nchw[0].numel(),), eps=1e-6).view_as(x_nchw)
    scaled = flat * found[0].weight.view(-1, 1, 1) + found[0].bias.view(-1, 1, 1)
    torch.testing.assert_close(found[0](x_nchw), scaled)


@pytest.mark.parametrize("step", ["depthwise", "inverted", "move-up", "downsample"])
@pytest.mark.parametrize("multiplier", [1, 2, 4])
def test_a_depthwise_convolution_has_so_many_filters_a_channel(step, multiplier):
    rung = ladder(TINY, upto=step)[-1]
    spec = rung.spec.with_arch(depthwise_multiplier=multiplier)
    network = build(spec)
    spatial = [module for name, module in network.named_modules() if name.endswith("branch.spatial")]
    assert {conv.out_channels / conv.in_channels for conv in spatial} == {multiplier}
    conv = spatial[0]
    x_nchw = torch.randn(2, conv.in_channels, 8, 8)
    one_by_one = [
        nn.functional.conv2d(x_nchw[:, [j // multiplier]], conv.weight[[j]], padding=conv.padding)
        for j in range(conv.out_channels)
    ]
    bias = 0.0 if conv.bias is None else conv.bias.view(-1, 1, 1)
    torch.testing.assert_close(conv(x_nchw), torch.cat(one_by_one, dim=1) + bias, rtol=1e-4, atol=1e-5)
    assert formulation_difference(replace(rung, spec=spec)) < 1e-10
    assert counted_params(network) == cost(spec).num_params
    assert counted_macs(on_meta(spec, formulation="plain"), TINY_SIZE) == cost(spec).macs


@pytest.mark.parametrize("bias", ["always", "never"])
@pytest.mark.parametrize("step", ["base", "fewer-acts", "ln"])
def test_convolution_biases_as_told(bias, step):
    spec = ladder(TINY, upto=step)[-1].spec.with_arch(conv_bias=bias)
    train_one_step(spec)
    biased = {m.bias is not None for m in build(spec).modules() if isinstance(m, nn.Conv2d)}
    assert biased == {bias == "always"}


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("step", ["base", "patchify", "downsample"])
def test_every_stem_stride_trains(stride, step):
    spec = ladder(TINY.with_arch(stem_stride=stride), upto=step)[-1].spec
    train_one_step(spec)
    network = build(spec).eval()
    assert network.stem(torch.zeros(1, 3, TINY_SIZE, TINY_SIZE)).shape[-1] == TINY_SIZE // stride


@pytest.mark.parametrize("rung", ladder(TINY, probes=True), ids=lambda rung: rung.step)
def test_fast_and_plain_agree_on_every_rung_with_gradients(rung):
    assert formulation_difference(rung) < 1e-10


def test_formulations_share_state_dicts():
    for rung in ladder(TINY):
        fast, plain = build(rung.spec), build(rung.spec, formulation="plain")
        assert list(fast.state_dict()) == list(plain.state_dict())
        plain.load_state_dict(fast.state_dict())


def test_networks_live_in_channels_last_memory():
    network = build(ladder(TINY)[-1].spec)
    weight = network.get_submodule("stages.1.downsample.conv").weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_the_same_seed_gives_the_same_network():
    spec = ladder(TINY)[-1].spec
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(build(spec).state_dict())
    assert all(torch.equal(a, b) for a, b in zip(*(state.values() for state in states), strict=True))


def test_stochastic_depth_acts_in_training_only():
    spec = ladder(TINY, upto="recipe")[-1].spec.with_recipe(stochastic_depth=0.9, layer_scale_init=1.0)
    torch.manual_seed(0)
    network = build(spec).eval()
    images = torch.randn(4, 3, TINY_SIZE, TINY_SIZE)
    assert torch.equal(network(images), network(images))
    # Norms as in evaluation, so that only dropped branches can differ.
    for module in network.modules():
        module.train(not isinstance(module, nn.BatchNorm2d))
    assert not torch.equal(network(images), network(images))


def test_dropout_drops_what_the_classifier_sees_in_training_only():
    spec = ladder(TINY)[-1].spec.with_recipe(dropout=0.5, stochastic_depth=0.0)
    torch.manual_seed(0)
    network = build(spec)
    seen = []
    network.head.fc.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    images = torch.randn(64, 3, TINY_SIZE, TINY_SIZE)
    for training in (False, True):
        network.train(training)(images)
    assert not (seen[0] == 0).any()
    assert (seen[1] == 0).float().mean() == pytest.approx(0.5, abs=0.1)
    kept = seen[1] != 0
    torch.testing.assert_close(seen[1][kept], 2 * seen[0][kept])


def test_the_negative_control_differs_in_its_norms_only():
    spec = ladder(TINY)[-1].spec
    control = build(spec.with_arch(downsample_norm=False))
    lost = set(dict(build(spec).named_modules())) - set(dict(control.named_modules()))
    assert lost == {"head.norm", *(f"stages.{i}.downsample.norm" for i in range(1, len(spec.arch.depths)))}
