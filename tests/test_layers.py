"""The small layers against timm's and torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from modernize.nn import layers

timm_layers = pytest.importorskip("timm.layers")


def randomised(module: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0.5, 0.5, generator=generator)
    return module.double()


def images(channels: int = 6) -> Tensor:
    x_nchw = torch.randn(3, channels, 5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return x_nchw.requires_grad_()


def check(ours: nn.Module, theirs) -> None:
    """Compare outputs and gradients, in both memory layouts."""
    for layout in (torch.contiguous_format, torch.channels_last):
        results = []
        for module in (ours, theirs):
            x_nchw = images()
            out = module(x_nchw.to(memory_format=layout))
            out.square().sum().backward()
            results.append((out.detach(), x_nchw.grad))
        torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)


def test_layer_norm_equals_timm():
    ours, theirs = randomised(layers.LayerNorm2d(6)), timm_layers.LayerNorm2d(6, eps=1e-6).double()
    theirs.load_state_dict(ours.state_dict())
    check(ours, theirs)


def test_layer_norm_equals_torch_on_the_last_dimension():
    ours, theirs = randomised(layers.LayerNorm2d(6)), nn.LayerNorm(6, eps=1e-6).double()
    theirs.load_state_dict(ours.state_dict())
    check(ours, lambda x_nchw: theirs(x_nchw.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))


def test_layer_norm_is_not_group_norm_with_one_group():
    x_nchw = images()
    assert not torch.allclose(layers.LayerNorm2d(6).double()(x_nchw), nn.GroupNorm(1, 6, eps=1e-6).double()(x_nchw))


def test_layer_scale_equals_timm():
    ours, theirs = randomised(layers.LayerScale(6, 0.1)), timm_layers.LayerScale2d(6, 0.1).double()
    theirs.load_state_dict({"gamma": ours.weight})
    check(ours, theirs)
    assert layers.LayerScale(3, 1e-6).weight.tolist() == pytest.approx([1e-6] * 3)


def test_grn_equals_timm():
    ours = randomised(layers.GRN(6))
    theirs = timm_layers.grn.GlobalResponseNorm(6, channels_last=False).double()
    theirs.load_state_dict(ours.state_dict())
    check(ours, theirs)


def test_grn_starts_as_the_identity():
    x_nchw = images()
    assert torch.equal(layers.GRN(6).double()(x_nchw), x_nchw)


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_drop_path_equals_timm(rate):
    x_nchw = torch.randn(64, 3, 2, 2)
    ours, theirs = layers.DropPath(rate), timm_layers.DropPath(rate)
    torch.manual_seed(0)
    expected = theirs(x_nchw)
    torch.manual_seed(0)
    assert torch.equal(ours(x_nchw), expected)


def test_drop_path_drops_whole_images_and_keeps_the_mean():
    torch.manual_seed(0)
    out = layers.DropPath(0.25)(torch.ones(4000, 2, 3, 3))
    per_image = out.flatten(1)
    assert torch.equal(per_image.amin(1), per_image.amax(1))
    assert sorted(set(per_image[:, 0].tolist())) == pytest.approx([0.0, 4 / 3])
    assert out.mean().item() == pytest.approx(1.0, abs=0.03)


def test_drop_path_is_the_identity_in_evaluation():
    x_nchw = images()
    assert layers.DropPath(0.9).eval()(x_nchw) is x_nchw
