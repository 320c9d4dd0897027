"""Weights to and from torchvision and timm."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.families import family_spec
from modernize.ladder import ladder
from modernize.nn import build, convert
from modernize.nn.layers import LayerNorm2d
from modernize.regimes import base_spec
from modernize.verify.logits import ORACLES, Oracle, logit_differences, randomise

SLOW = {"convnext_base", "convnext_small", "convnextv2_base"}
RESNET = Oracle("torchvision", "resnet50")
CONVNEXT = Oracle("torchvision", "convnext_tiny", "convnext-t")
CONVERTERS = {
    "torchvision": (convert.to_torchvision, convert.from_torchvision),
    "timm": (convert.to_timm, convert.from_timm),
}
# One block a stage: large enough for every kind of key, small enough for tests of errors.
SMALL_RESNET = base_spec("resnet50").with_arch(depths=(1, 1, 1, 1), width=4, num_classes=3)
SMALL_CONVNEXT = family_spec("convnext-t").with_arch(depths=(1, 1, 1, 1), width=4, num_classes=3)


@pytest.mark.parametrize(
    "oracle",
    [pytest.param(o, id=f"{o.library}-{o.model}", marks=pytest.mark.slow if o.model in SLOW else ()) for o in ORACLES],
)
def test_logits_are_identical_in_both_directions(oracle):
    imported, exported = logit_differences(oracle)
    assert imported < 1e-5
    assert exported < 1e-5


def test_the_comparison_of_logits_sees_a_swap_of_two_weights(monkeypatch):
    right = convert.from_torchvision
    first, second = (f"stages.2.blocks.{i}.branch.pwconv1.weight" for i in (1, 2))

    def swapped(state, spec):
        ours = right(state, spec)
        return {**ours, first: ours[second], second: ours[first]}

    monkeypatch.setattr(convert, "from_torchvision", swapped)
    assert logit_differences(RESNET)[0] > 1e-3


@pytest.mark.parametrize("spec", [SMALL_RESNET, SMALL_CONVNEXT], ids=["resnet", "convnext"])
@pytest.mark.parametrize("library", CONVERTERS)
def test_there_and_back_again(library, spec):
    there, back = CONVERTERS[library]
    network = build(spec)
    randomise(network, seed=0)
    exported = there(network, spec)
    returned = back(exported, spec)
    assert list(returned) == list(network.state_dict())
    assert all(torch.equal(returned[key], tensor) for key, tensor in network.state_dict().items())
    assert exported.keys() == there(network.state_dict(), spec).keys()


def test_an_export_shares_no_memory_with_the_network():
    network = build(SMALL_RESNET)
    before = network.stem.conv.weight.detach().clone()
    convert.to_torchvision(network, SMALL_RESNET)["conv1.weight"].zero_()
    assert torch.equal(network.stem.conv.weight, before)


@pytest.mark.parametrize("size", ["atto", "femto", "pico", "nano", "tiny", "base", "large", "huge"])
def test_every_v2_is_timms_weight_for_weight(size):
    """Both on the meta device: Huge alone has 660 million parameters."""
    timm = pytest.importorskip("timm")
    spec = family_spec(f"convnext-v2-{size}")
    with torch.device("meta"):
        ours, theirs = build(spec), timm.create_model(f"convnextv2_{size}")
    assert cost(spec).num_params == sum(p.numel() for p in theirs.parameters())
    theirs.load_state_dict(convert.to_timm(ours, spec), assign=True)
    ours.load_state_dict(convert.from_timm(theirs.state_dict(), spec), assign=True)
    ours(torch.empty(2, 3, 32, 32, device="meta")).sum().backward()
    assert all(p.grad is not None and p.grad.shape == p.shape for p in ours.parameters())


def test_1x1_convolutions_are_read_as_linear_layers_or_convolutions():
    exported = convert.to_timm(build(SMALL_CONVNEXT), SMALL_CONVNEXT)
    as_convs = {
        key: t[:, :, None, None] if ".fc" in key and t.ndim == 2 and "head" not in key else t
        for key, t in exported.items()
    }
    one, other = (convert.from_timm(state, SMALL_CONVNEXT) for state in (exported, as_convs))
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda state: state.pop("layer3.0.conv2.weight"), "it lacks layer3.0.conv2.weight."),
        (lambda state: state.update(extra=torch.zeros(1)), "there is no place for extra."),
        (
            lambda state: state.update({"fc.weight": torch.zeros(5, 128)}),
            "fc.weight has shape (5, 128), (3, 128) is needed.",
        ),
        (
            lambda state: [state.pop(key) for key in list(state) if "bn3" in key],
            "it lacks layer1.0.bn3.weight and 19 more.",
        ),
    ],
    ids=["missing", "unexpected", "shape", "many"],
)
def test_a_state_dict_that_does_not_fit_is_one_clear_line(spoil, message):
    state = convert.to_torchvision(build(SMALL_RESNET), SMALL_RESNET)
    spoil(state)
    with pytest.raises(ModernizeError) as error:
        convert.from_torchvision(state, SMALL_RESNET)
    assert str(error.value).endswith(message)
    assert "\n" not in str(error.value)


def test_a_network_of_another_spec_does_not_fit():
    with pytest.raises(ModernizeError, match=r"the modernize state dict does not fit the spec: it lacks stages\.2"):
        convert.to_torchvision(build(SMALL_RESNET), SMALL_RESNET.with_arch(depths=(1, 1, 2, 1)))


@pytest.mark.parametrize("rung", ladder("resnet50", probes=True)[1:-1], ids=lambda rung: rung.step)
def test_a_rung_in_between_has_no_counterpart(rung):
    for there, _ in CONVERTERS.values():
        with pytest.raises(ModernizeError, match=r"has no such network \(arch\.\w+ is "):
            there({}, rung.spec)


def test_torchvision_has_no_v2():
    spec = family_spec("convnext-v2-atto")
    with pytest.raises(ModernizeError, match=r"torchvision has no such network \(arch\.grn is True\)"):
        convert.to_torchvision({}, spec)


@pytest.mark.parametrize("oracle", [RESNET, CONVNEXT], ids=["resnet50", "convnext_tiny"])
def test_weights_start_as_the_oracles(oracle):
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(oracle.model).state_dict()
    ours = convert.to_torchvision(build(oracle.spec), oracle.spec)
    assert ours.keys() == theirs.keys()
    for key, tensor in theirs.items():
        if not tensor.is_floating_point() or tensor.unique().numel() == 1:
            assert torch.equal(ours[key], tensor), key
        elif tensor.numel() > 4000:
            assert ours[key].std().item() == pytest.approx(tensor.std().item(), rel=0.1), key
            # Not the very largest: older torch's truncated normal now and then gives a weight at its bound of 2.
            large, theirs_large = (weights.abs().flatten().topk(4)[0][3].item() for weights in (ours[key], tensor))
            assert large == pytest.approx(theirs_large, rel=0.5), key


def test_layer_scale_starts_small_on_the_modern_rungs():
    network = build(ladder("resnet50", upto="recipe")[-1].spec.with_arch(depths=(1, 1, 1, 1)))
    scales = [p for name, p in network.named_parameters() if "layer_scale" in name]
    assert [scale.unique().tolist() for scale in scales] == [pytest.approx([1e-6])] * 4


def test_eps_and_momentum_are_the_oracles():
    torchvision = pytest.importorskip("torchvision")
    with torch.device("meta"):
        resnet, convnext = torchvision.models.resnet50(), torchvision.models.convnext_tiny()
        first, last = build(RESNET.spec), build(CONVNEXT.spec)

    def batch_norms(network: nn.Module) -> set[tuple[float, float]]:
        return {(m.eps, m.momentum) for m in network.modules() if isinstance(m, nn.BatchNorm2d)}

    assert batch_norms(first) == batch_norms(resnet) == {(1e-5, 0.1)}
    assert {m.eps for m in last.modules() if isinstance(m, LayerNorm2d)} == {
        m.eps for m in convnext.modules() if isinstance(m, nn.LayerNorm)
    }
