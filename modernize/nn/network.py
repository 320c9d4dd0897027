"""Spec -> `torch.nn.Module`, operation by operation as the blueprint lays it out."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from modernize.blueprint import Block, Ops, Stage, blueprint
from modernize.nn import layers
from modernize.nn.convs import DepthwiseConv2d, PointwiseConv2d
from modernize.nn.init import initialise
from modernize.ops import GRN, Activation, Conv, Dropout, GlobalPool, LayerScale, Linear, MaxPool, Norm, Op
from modernize.spec import Spec

Formulation = Literal["fast", "plain"]


class ResidualBlock(nn.Module):
    """output = after(drop(branch(y)) + shortcut(y)), where y = before(x), on (N, C, H, W)."""

    def __init__(self, block: Block, formulation: Formulation) -> None:
        super().__init__()
        self.before = _sequence(block.before, formulation) if block.before else nn.Identity()
        self.branch = _sequence(block.branch, formulation)
        self.drop = layers.DropPath(block.drop_rate) if block.drop_rate else nn.Identity()
        self.shortcut = _sequence(block.shortcut, formulation) if block.shortcut else nn.Identity()
        self.after = _sequence(block.after, formulation) if block.after else nn.Identity()

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Add the branch to the shortcut."""
        y_nchw = self.before(x_nchw)
        out: Tensor = self.after(self.drop(self.branch(y_nchw)) + self.shortcut(y_nchw))
        return out


class StageModule(nn.Module):
    """What brings the map to a stage's resolution, then its blocks."""

    def __init__(self, stage: Stage, formulation: Formulation) -> None:
        super().__init__()
        self.downsample = _sequence(stage.downsample, formulation) if stage.downsample else nn.Identity()
        self.blocks = nn.Sequential(*(ResidualBlock(block, formulation) for block in stage.blocks))

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Run the stage."""
        out: Tensor = self.blocks(self.downsample(x_nchw))
        return out


class Network(nn.Module):
    """A rung as a network. Its module names are the paths of `modernize.cost`.

    Args:
        spec: What to build.
        formulation: "fast" for the formulations that are fast on a processor, "plain" for `torch.nn.Conv2d`
            throughout; both have the same state dict and give the same result up to rounding.
    """

    def __init__(self, spec: Spec, formulation: Formulation = "fast") -> None:
        super().__init__()
        plan = blueprint(spec)
        self.stem = _sequence(plan.stem, formulation)
        self.stages = nn.Sequential(*(StageModule(stage, formulation) for stage in plan.stages))
        self.head = _sequence(plan.head, formulation)

    def forward_features(self, x_nchw: Tensor) -> Tensor:
        """Map images (N, 3, H, W) to the last stage's map (N, C, h, w)."""
        features: Tensor = self.stages(self.stem(x_nchw))
        return features

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Map images (N, 3, H, W) to logits (N, num_classes)."""
        logits: Tensor = self.head(self.forward_features(x_nchw))
        return logits


def build(spec: Spec, *, formulation: Formulation = "fast") -> Network:
    """Build and initialise the network of a spec, in channels-last memory.

    Args:
        spec: A rung's spec.
        formulation: See `Network`.

    Examples:
        >>> from modernize.regimes import base_spec
        >>> build(base_spec("laptop"))(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """
    network = Network(spec, formulation)
    initialise(network, spec)
    return network.to(memory_format=torch.channels_last)


def _sequence(ops: Ops, formulation: Formulation) -> nn.Sequential:
    sequence = nn.Sequential()
    for op in ops:
        if isinstance(op, Linear):
            sequence.add_module("flatten", nn.Flatten())
        sequence.add_module(op.name, _module(op, formulation))
    return sequence


def _module(op: Op, formulation: Formulation) -> nn.Module:
    match op:
        case Conv():
            return _conv(op, formulation)
        case Norm():
            return _norm(op)
        case Activation(function="relu"):
            return nn.ReLU(inplace=True)
        case Activation():
            return nn.GELU()
        case MaxPool():
            return nn.MaxPool2d(op.kernel, op.stride, op.kernel // 2)
        case GlobalPool():
            return nn.AdaptiveAvgPool2d(1)
        case LayerScale():
            return layers.LayerScale(op.channels, op.initial)
        case GRN():
            return layers.GRN(op.channels)
        case Dropout():
            return nn.Dropout(op.rate)
        case Linear():
            return nn.Linear(op.in_features, op.out_features)
        case _:
            raise TypeError(f"no module for {op}")


def _norm(op: Norm) -> nn.Module:
    match op.norm:
        case "batch":
            return nn.BatchNorm2d(op.channels)
        case "layer":
            return layers.LayerNorm2d(op.channels)
        case "group":
            return nn.GroupNorm(1, op.channels, eps=1e-6)


def _conv(op: Conv, formulation: Formulation) -> nn.Conv2d:
    if formulation == "fast" and op.kernel == 1 and op.groups == 1:
        return PointwiseConv2d(op.in_channels, op.out_channels, stride=op.stride, bias=op.bias)
    if formulation == "fast" and op.depthwise and op.in_channels == op.out_channels:
        return DepthwiseConv2d(op.in_channels, op.kernel, stride=op.stride, bias=op.bias)
    return nn.Conv2d(op.in_channels, op.out_channels, op.kernel, op.stride, op.padding, groups=op.groups, bias=op.bias)
