"""Spec -> blueprint: every operation of the network, in order, as plain data.

This is the one place that decides what a spec means. The network is built from it, the cost is counted on it, and
the diagrams are drawn from it, so the three cannot disagree.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import NamedTuple

from modernize.errors import ModernizeError, shown
from modernize.ops import (
    GRN,
    Activation,
    Conv,
    Dropout,
    GlobalPool,
    LayerScale,
    Linear,
    MaxPool,
    Norm,
    Op,
    Shape,
)
from modernize.spec import Arch, Recipe, Spec

Ops = tuple[Op, ...]


class Visit(NamedTuple):
    """An operation where an image passes it: `path` is, for example, "stages.0.blocks.2.branch.pwconv1"."""

    path: str
    op: Op
    in_shape: Shape
    out_shape: Shape


# What it returns is the shape at its end.
Walk = Generator[Visit, None, Shape]


@dataclass(frozen=True)
class Block:
    """A residual block: output = after(branch(y) dropped at `drop_rate` + shortcut(y)), where y = before(x).

    Attributes:
        before: What branch and shortcut share.
        branch: The operations of the residual branch.
        shortcut: Projection on the shortcut; empty where it is the identity.
        after: What follows the addition.
        drop_rate: Probability that stochastic depth drops the branch of an image.
    """

    before: Ops
    branch: Ops
    shortcut: Ops
    after: Ops
    drop_rate: float

    @property
    def in_channels(self) -> int:
        """Channels that come in."""
        return self._convs[0].in_channels

    @property
    def out_channels(self) -> int:
        """Channels that go out."""
        return self._convs[-1].out_channels

    @property
    def _convs(self) -> list[Conv]:
        return [op for op in self.branch if isinstance(op, Conv)]

    def walk(self, path: str, shape: Shape) -> Walk:
        """Pass every operation from here."""
        shape = yield from _along(f"{path}.before", self.before, shape)
        yield from _along(f"{path}.shortcut", self.shortcut, shape)
        out_shape = yield from _along(f"{path}.branch", self.branch, shape)
        return (yield from _along(f"{path}.after", self.after, out_shape))


@dataclass(frozen=True)
class Stage:
    """Blocks at one resolution, and what brings the map there."""

    downsample: Ops
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Blueprint:
    """A whole network."""

    stem: Ops
    stages: tuple[Stage, ...]
    head: Ops

    def walk(self, image_size: int) -> Walk:
        """Pass every operation in order, as an image of `image_size` x `image_size` pixels does.

        Raises:
            ModernizeError: If the image is too small for the network.
        """
        if image_size < 1:
            raise ModernizeError(f"image size should be at least 1 pixel, not {image_size}.")
        shape = yield from _along("stem", self.stem, (3, image_size, image_size))
        for i, stage in enumerate(self.stages):
            shape = yield from _along(f"stages.{i}.downsample", stage.downsample, shape)
            for j, block in enumerate(stage.blocks):
                shape = yield from block.walk(f"stages.{i}.blocks.{j}", shape)
        return (yield from _along("head", self.head, shape))


def _along(path: str, ops: Ops, shape: Shape) -> Walk:
    for op in ops:
        visit = Visit(f"{path}.{op.name}", op, shape, op.out_shape(shape))
        _, height, width = shape = visit.out_shape
        if min(height, width) < 1:
            raise ModernizeError(f"the image is too small: the map at {visit.path} would be {height}x{width}.")
        yield visit
    return shape


def blueprint(spec: Spec) -> Blueprint:
    """Lay out the network that a spec describes.

    Raises:
        ModernizeError: If it is none.

    Examples:
        >>> from modernize.ladder import ladder
        >>> [op.name for op in blueprint(ladder("resnet50")[-1].spec).stages[0].blocks[0].branch]
        ['spatial', 'spatial_norm', 'pwconv1', 'act', 'pwconv2', 'layer_scale']
    """
    if not isinstance(spec, Spec):
        raise ModernizeError(
            f"a spec is needed, not {shown(spec)}: a rung has one, modernize.ladder('resnet50')[-1].spec, and a model, "
            "modernize.families.family_spec('convnext-t')."
        )
    arch, recipe = spec.arch, spec.recipe
    channels = arch.width
    drop_rates = _drop_rates(arch, recipe)
    stages: list[Stage] = []
    for index, (depth, width) in enumerate(zip(arch.depths, arch.stage_widths, strict=True)):
        out_channels = block_channels(arch, width)
        separate = arch.downsampling == "separate" and index > 0
        downsample = _downsample(arch, channels, out_channels) if separate else ()
        blocks = []
        for position in range(depth):
            in_channels = out_channels if separate or position > 0 else channels
            stride = 2 if arch.downsampling == "in-block" and index > 0 and position == 0 else 1
            done = sum(arch.depths[:index]) + position
            blocks.append(_block(arch, recipe, in_channels, width, stride, drop_rates[done]))
        stages.append(Stage(downsample, tuple(blocks)))
        channels = out_channels
    return Blueprint(_stem(arch), tuple(stages), _head(arch, recipe, channels))


def block_channels(arch: Arch, width: int) -> int:
    """Channels between the blocks of a stage whose `width` is given."""
    return width if arch.bottleneck == "inverted" else 4 * width


def _drop_rates(arch: Arch, recipe: Recipe) -> list[float]:
    rate, num_blocks = recipe.stochastic_depth, sum(arch.depths)
    if not isinstance(rate, tuple):
        return [rate * done / max(1, num_blocks - 1) for done in range(num_blocks)]
    if len(rate) != len(arch.depths):
        raise ModernizeError(f"recipe.stochastic_depth lists {len(rate)} stages, arch.depths {len(arch.depths)}.")
    return [own for own, depth in zip(rate, arch.depths, strict=True) for _ in range(depth)]


def _stem(arch: Arch) -> Ops:
    norm = Norm("norm", arch.norm, arch.width)
    if arch.stem == "patchify":
        # The last step puts a LayerNorm after the stem whatever the open choice `stem_norm` says.
        has_norm = arch.stem_norm or (arch.downsampling == "separate" and arch.downsample_norm)
        conv = Conv("conv", 3, arch.width, arch.stem_stride, arch.stem_stride)
        return _with_bias(arch, (conv, norm) if has_norm else (conv,))
    # Half of a stride of 4 or 2 lies in the max pool; kernel 7 at stride 4 becomes 3 for small images.
    kernel, conv_stride = (7, 2) if arch.stem_stride == 4 else (3, 1)
    conv = Conv("conv", 3, arch.width, kernel, conv_stride)
    behind = () if arch.pre_activation else (norm, Activation(arch.activation))
    pool = (MaxPool(3, 2),) if arch.stem_stride > 1 else ()
    return _with_bias(arch, (conv, *behind, *pool))


def _downsample(arch: Arch, in_channels: int, out_channels: int) -> Ops:
    norm = (Norm("norm", arch.norm, in_channels),) if arch.downsample_norm else ()
    return _with_bias(arch, (*norm, Conv("conv", in_channels, out_channels, 2, 2)))


def _head(arch: Arch, recipe: Recipe, channels: int) -> Ops:
    last = (Norm("last_norm", arch.norm, channels), Activation(arch.activation)) if arch.pre_activation else ()
    norm = (Norm("norm", arch.norm, channels),) if arch.downsampling == "separate" and arch.downsample_norm else ()
    dropout = (Dropout(recipe.dropout),) if recipe.dropout else ()
    return (*last, GlobalPool(), *norm, *dropout, Linear("fc", channels, arch.num_classes))


def _block(arch: Arch, recipe: Recipe, in_channels: int, width: int, stride: int, drop_rate: float) -> Block:
    out_channels = block_channels(arch, width)
    branch = _branch(arch, in_channels, width, out_channels, stride)
    before: Ops = ()
    shortcut: Ops = ()
    if stride > 1 or in_channels != out_channels:
        first = next(i for i, op in enumerate(branch) if isinstance(op, Conv))
        before, branch = branch[:first], branch[first:]
        has_norm = not arch.pre_activation and (arch.norms == "every" or arch.shortcut_norm == "keep")
        norm = (Norm("norm", arch.norm, out_channels),) if has_norm else ()
        shortcut = _with_bias(arch, (Conv("conv", in_channels, out_channels, 1, stride), *norm))
    if arch.layer_scale:
        scale = LayerScale(out_channels, recipe.layer_scale_init)
        before_norm = arch.layer_scale_position == "before-norm" and isinstance(branch[-1], Norm)
        branch = (*branch[:-1], scale, branch[-1]) if before_norm else (*branch, scale)
    after = (Activation(arch.activation),) if arch.activations == "every" and not arch.pre_activation else ()
    return Block(before, _with_bias(arch, branch), shortcut, after, drop_rate)


def _branch(arch: Arch, in_channels: int, width: int, out_channels: int, stride: int) -> Ops:
    hidden = 4 * width if arch.bottleneck == "inverted" else width
    spatial_first = arch.spatial_position == "first"
    channels = in_channels if spatial_first else hidden
    groups, wider = (channels, arch.depthwise_multiplier) if arch.spatial_conv == "depthwise" else (1, 1)
    spatial = Conv("spatial", channels, wider * channels, arch.kernel_size, stride, groups)
    pwconv1 = Conv("pwconv1", wider * in_channels if spatial_first else in_channels, hidden, 1)
    pwconv2 = Conv("pwconv2", hidden if spatial_first else wider * hidden, out_channels, 1)
    a, b, c = (spatial, pwconv1, pwconv2) if spatial_first else (pwconv1, spatial, pwconv2)
    the_one = a if arch.pre_activation else spatial

    def norm(conv: Conv) -> Ops:
        channels = conv.in_channels if arch.pre_activation else conv.out_channels
        has_norm = arch.norms == "every" or conv is the_one
        return (Norm(f"{conv.name}_norm", arch.norm, channels),) if has_norm else ()

    def act(conv: Conv) -> Ops:
        return (Activation(arch.activation, f"{conv.name}_act"),) if arch.activations == "every" else ()

    last_act = (Activation(arch.activation), *((GRN(c.in_channels),) if arch.grn else ()))
    if arch.pre_activation:
        return (*norm(a), *act(a), a, *norm(b), *act(b), b, *norm(c), *last_act, c)
    return (a, *norm(a), *act(a), b, *norm(b), *last_act, c, *norm(c))


def _with_bias(arch: Arch, ops: Ops) -> Ops:
    """Give each convolution a bias or none, by the rule of `arch.conv_bias`."""
    following = (*ops[1:], None)
    return tuple(
        replace(op, bias=_has_bias(arch, after)) if isinstance(op, Conv) else op
        for op, after in zip(ops, following, strict=True)
    )


def _has_bias(arch: Arch, following: Op | None) -> bool:
    if arch.conv_bias == "unless-batch-norm":
        return not (isinstance(following, Norm) and following.norm == "batch")
    return arch.conv_bias == "always"
