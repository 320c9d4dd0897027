"""Cost of a spec by arithmetic alone: MACs, parameters and activations, per network, stage, block and operation.

Two conventions for MACs are in use and both are given:

* `macs`: multiply-accumulates of convolutions and the classifier only. The paper calls this "FLOPs".
* `macs_fvcore`: as fvcore counts; that is `macs`, 2 per BatchNorm element and 5 per LayerNorm element. timm's and
  ConvNeXt V2's tables use it for some models.

FLOPs in the sense of single additions and multiplications are twice the MACs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modernize.blueprint import GRN, Conv, GlobalPool, LayerScale, Linear, MaxPool, Norm, Op, blueprint
from modernize.errors import ModernizeError
from modernize.spec import Spec

FVCORE_PER_NORM_ELEMENT = {"batch": 2, "layer": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpCost:
    """Cost of one operation on one image.

    Attributes:
        path: Where it stands, for example "stages.0.blocks.2.branch.pwconv1".
        kind: Its type, for example "Conv".
        out_shape: Channels, height and width of its output.
        macs: Multiply-accumulates, the paper's convention.
        macs_fvcore: Multiply-accumulates, fvcore's convention.
        num_params: Learned numbers (running statistics of BatchNorm are not learned).
        activations: Output elements of a convolution or the classifier, else 0.
    """

    path: str
    kind: str
    out_shape: tuple[int, int, int]
    macs: int
    macs_fvcore: int
    num_params: int
    activations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCost:
    """Summed cost of a part of the network: the stem, a stage, a block, the head."""

    path: str
    out_shape: tuple[int, int, int]
    macs: int
    macs_fvcore: int
    num_params: int
    activations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cost of a network on one image of `image_size` x `image_size` pixels."""

    image_size: int
    macs: int
    macs_fvcore: int
    num_params: int
    activations: int
    ops: tuple[OpCost, ...]

    @property
    def gmacs(self) -> float:
        """Multiply-accumulates in units of 10^9, the paper's convention."""
        return self.macs / 1e9

    @property
    def gmacs_fvcore(self) -> float:
        """Multiply-accumulates in units of 10^9, fvcore's convention."""
        return self.macs_fvcore / 1e9

    @property
    def stages(self) -> tuple[PartCost, ...]:
        """Cost of the stem, each stage (with its downsampling) and the head."""
        return self._parts(lambda path: ".".join(path.split(".")[: 2 if path.startswith("stages") else 1]))

    @property
    def blocks(self) -> tuple[PartCost, ...]:
        """Cost of the stem, each downsampling, each block and the head."""
        return self._parts(_block_path)

    def _parts(self, part_of: Callable[[str], str]) -> tuple[PartCost, ...]:
        grouped: dict[str, list[OpCost]] = {}
        for op in self.ops:
            grouped.setdefault(part_of(op.path), []).append(op)
        return tuple(PartCost(path=path, out_shape=ops[-1].out_shape, **_sums(ops)) for path, ops in grouped.items())


def _block_path(path: str) -> str:
    parts = path.split(".")
    return ".".join(parts[:4] if "blocks" in parts else parts[:3] if parts[0] == "stages" else parts[:1])


def _sums(ops: list[OpCost]) -> dict[str, int]:
    names = ("macs", "macs_fvcore", "num_params", "activations")
    return {name: sum(getattr(op, name) for op in ops) for name in names}


def cost(spec: Spec, image_size: int | None = None) -> Cost:
    """Count what a spec costs, from the spec alone.

    Args:
        spec: Any spec.
        image_size: Height and width of the input in pixels; the regime's by default.

    Raises:
        ModernizeError: If the image is too small for the network.

    Examples:
        >>> from modernize.regimes import base_spec
        >>> resnet50 = cost(base_spec("resnet50"))
        >>> f"{resnet50.gmacs:.3f} GMACs, {resnet50.num_params:,} parameters"
        '4.089 GMACs, 25,557,032 parameters'
    """
    size = spec.regime.image_size if image_size is None else image_size
    if size < 1:
        raise ModernizeError(f"image size should be at least 1 pixel, not {size}.")
    ops = list(_network_ops(spec, size))
    return Cost(image_size=size, ops=tuple(ops), **_sums(ops))


def _network_ops(spec: Spec, image_size: int) -> Iterator[OpCost]:
    plan = blueprint(spec)
    shape = (3, image_size, image_size)
    rows, shape = _sequence(plan.stem, "stem", shape)
    yield from rows
    for i, stage in enumerate(plan.stages):
        rows, shape = _sequence(stage.downsample, f"stages.{i}.downsample", shape)
        yield from rows
        for j, block in enumerate(stage.blocks):
            path = f"stages.{i}.blocks.{j}"
            yield from _sequence(block.shortcut, f"{path}.shortcut", shape)[0]
            rows, shape = _sequence(block.branch, f"{path}.branch", shape)
            yield from rows
    yield from _sequence(plan.head, "head", shape)[0]


def _sequence(ops: tuple[Op, ...], path: str, shape: tuple[int, int, int]) -> tuple[list[OpCost], tuple[int, int, int]]:
    rows = []
    for op in ops:
        row = _op_cost(op, f"{path}.{op.name}", shape)
        rows.append(row)
        shape = row.out_shape
    return rows, shape


def _op_cost(op: Op, path: str, in_shape: tuple[int, int, int]) -> OpCost:
    channels, height, width = out = _out_shape(op, in_shape)
    positions = height * width
    if min(height, width) < 1:
        raise ModernizeError(f"the image is too small: the map at {path} would be {height}x{width}.")
    macs = params = activations = extra = 0
    match op:
        case Conv():
            weights = op.out_channels * (op.in_channels // op.groups) * op.kernel**2
            macs, activations = weights * positions, channels * positions
            params = weights + op.out_channels * op.bias
        case Linear():
            macs, activations = op.in_features * op.out_features, op.out_features
            params = macs + op.out_features
        case Norm():
            extra = FVCORE_PER_NORM_ELEMENT[op.kind] * channels * positions
            params = 2 * op.channels
        case GRN():
            params = 2 * op.channels
        case LayerScale():
            params = op.channels
    return OpCost(
        path=path,
        kind=type(op).__name__,
        out_shape=out,
        macs=macs,
        macs_fvcore=macs + extra,
        num_params=params,
        activations=activations,
    )


def _out_shape(op: Op, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    channels, height, width = shape
    match op:
        case Conv():
            down = (op.kernel, op.stride, op.padding)
            return op.out_channels, _steps(height, *down), _steps(width, *down)
        case MaxPool():
            down = (op.kernel, op.stride, op.kernel // 2)
            return channels, _steps(height, *down), _steps(width, *down)
        case GlobalPool():
            return channels, 1, 1
        case Linear():
            return op.out_features, 1, 1
        case _:
            return shape


def _steps(size: int, kernel: int, stride: int, padding: int) -> int:
    return (size + 2 * padding - kernel) // stride + 1
