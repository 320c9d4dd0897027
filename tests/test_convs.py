"""The fast convolutions are `torch.nn.Conv2d`: outputs, gradients, state dicts."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from modernize.nn import convs
from modernize.nn.convs import DepthwiseConv2d, PointwiseConv2d

MAPS = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 7), (8, 8), (9, 4), (16, 16)]
KERNELS = [3, 5, 7, 9, 11]


@pytest.fixture(params=[True, False], ids=["product", "convolution"])
def product_is_faster(request, monkeypatch):
    """Both ways of a 1x1 convolution, whatever processor the tests run on."""
    monkeypatch.setattr(convs, "_PRODUCT_IS_FASTER", request.param)


def depthwise(channels: int, kernel: int, stride: int, bias: bool = True) -> tuple[nn.Module, nn.Module]:
    fast = DepthwiseConv2d(channels, kernel, stride=stride, bias=bias).double()
    plain = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=bias).double()
    plain.load_state_dict(fast.state_dict())
    return fast, plain


def pointwise(stride: int, bias: bool = True) -> tuple[nn.Module, nn.Module]:
    fast = PointwiseConv2d(6, 10, stride=stride, bias=bias).double()
    plain = nn.Conv2d(6, 10, 1, stride, bias=bias).double()
    plain.load_state_dict(fast.state_dict())
    return fast, plain


def results(module: nn.Module, x_nchw: Tensor) -> list[Tensor]:
    """Output, gradient of the input, gradients of the parameters."""
    x_nchw = x_nchw.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    module.zero_grad()
    out = module(x_nchw)
    weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view(out.shape)
    (out * weights).sum().backward()
    return [out.detach(), x_nchw.grad, *(p.grad for p in module.parameters())]


def images(channels: int, height: int, width: int) -> Tensor:
    return torch.randn(2, channels, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def check(modules: tuple[nn.Module, nn.Module], x_nchw: Tensor) -> None:
    for fast, plain in zip(*(results(module, x_nchw) for module in modules), strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", MAPS, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", KERNELS)
def test_depthwise_equals_plain(kernel, stride, size):
    x_nchw = images(5, *size)
    check(depthwise(5, kernel, stride), x_nchw)
    check(depthwise(5, kernel, stride), x_nchw.to(memory_format=torch.channels_last))


@pytest.mark.parametrize("size", MAPS, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.usefixtures("product_is_faster")
def test_pointwise_equals_plain(stride, size):
    x_nchw = images(6, *size)
    check(pointwise(stride), x_nchw)
    check(pointwise(stride), x_nchw.to(memory_format=torch.channels_last))


@pytest.mark.parametrize("make", [lambda: depthwise(4, 7, 2, bias=False), lambda: pointwise(2, bias=False)])
@pytest.mark.usefixtures("product_is_faster")
def test_without_a_bias(make):
    x_nchw = images(4, 6, 6) if isinstance(make()[0], DepthwiseConv2d) else images(6, 6, 6)
    check(make(), x_nchw)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.usefixtures("product_is_faster")
def test_a_view_of_a_larger_map_will_do(layout):
    larger = images(6, 9, 9).to(memory_format=layout)
    check(depthwise(6, 5, 1), larger[:, :, 1:8, 2:7])
    check(pointwise(1), larger[:, :, 1:8, 2:7])


@pytest.mark.parametrize(("x_wants", "weight_wants"), [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 7])
def test_depthwise_computes_only_the_gradients_asked_for(kernel, stride, x_wants, weight_wants):
    outs, gradients = [], []
    for module in depthwise(4, kernel, stride):
        module.weight.requires_grad_(weight_wants)
        x_nchw = images(4, 6, 6).requires_grad_(x_wants)
        out = module(x_nchw)
        out.square().sum().backward()
        assert (x_nchw.grad is not None, module.weight.grad is not None) == (x_wants, weight_wants)
        outs.append(out.detach())
        gradients.append([t.grad for t in (x_nchw, module.weight, module.bias) if t.grad is not None])
    torch.testing.assert_close(*outs, rtol=1e-12, atol=1e-12)
    for fast, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kernel", "stride", "size"), [(3, 1, 4), (7, 1, 2), (7, 2, 5), (5, 2, 1)])
def test_depthwise_passes_gradcheck(kernel, stride, size):
    fast, _ = depthwise(2, kernel, stride)
    x_nchw = images(2, size, size).requires_grad_()

    def conv(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return torch.func.functional_call(fast, {"weight": weight, "bias": bias}, (x,))

    assert torch.autograd.gradcheck(conv, (x_nchw, fast.weight, fast.bias))


def test_state_dicts_are_interchangeable():
    for fast, plain in (depthwise(4, 7, 1), pointwise(1)):
        shapes = {key: tensor.shape for key, tensor in plain.state_dict().items()}
        assert {key: tensor.shape for key, tensor in fast.state_dict().items()} == shapes
        assert fast.load_state_dict(plain.state_dict()).missing_keys == []


def test_depthwise_works_where_nothing_is_computed():
    with torch.device("meta"):
        assert DepthwiseConv2d(8, 7, stride=2)(torch.empty(1, 8, 9, 9)).shape == (1, 8, 5, 5)
        assert PointwiseConv2d(8, 3, stride=2)(torch.empty(1, 8, 9, 9)).shape == (1, 3, 5, 5)


def test_inference_mode_works():
    with torch.inference_mode():
        for fast, plain in (depthwise(6, 7, 1), pointwise(1)):
            torch.testing.assert_close(fast(images(6, 5, 5)), plain(images(6, 5, 5)), rtol=1e-12, atol=1e-12)
