"""Cost of a spec by arithmetic alone: MACs, parameters and activations, per network, stage, block and operation.

Two conventions for MACs are in use and both are given:

* `macs`: multiply-accumulates of convolutions and the classifier only. The paper calls this "FLOPs".
* `macs_fvcore`: fvcore-style, but for the global pool: `macs`, 2 per BatchNorm element and 5 per other norm's.
  timm's and ConvNeXt V2's tables use it for some models.

FLOPs in the sense of single additions and multiplications are twice the MACs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from modernize.blueprint import Visit, blueprint
from modernize.ops import Kind, Shape
from modernize.spec import Spec


class PartCost(NamedTuple):
    """Cost of a part of the network on one image: the stem, a stage, a block, an operation, the head.

    Attributes:
        path: Where it stands, for example "stages.0.blocks.2.branch.pwconv1".
        out_shape: Channels, height and width of its output.
        macs: Multiply-accumulates, the paper's convention.
        macs_fvcore: Multiply-accumulates, fvcore-style.
        num_params: Learned numbers (running statistics of BatchNorm are not learned).
        activations: Output elements of convolutions and the classifier.
        kind: Of an operation, its sort; "" of what is several.
    """

    path: str
    out_shape: Shape
    macs: int
    macs_fvcore: int
    num_params: int
    activations: int
    kind: Kind | Literal[""] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cost of a network on one image of `image_size` x `image_size` pixels."""

    image_size: int
    macs: int
    macs_fvcore: int
    num_params: int
    activations: int
    ops: tuple[PartCost, ...]

    @property
    def gmacs(self) -> float:
        """Multiply-accumulates in units of 10^9, the paper's convention."""
        return self.macs / 1e9

    @property
    def gmacs_fvcore(self) -> float:
        """Multiply-accumulates in units of 10^9, fvcore-style."""
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
        grouped: dict[str, list[PartCost]] = {}
        for op in self.ops:
            grouped.setdefault(part_of(op.path), []).append(op)
        return tuple(PartCost(path=path, out_shape=ops[-1].out_shape, **_sums(ops)) for path, ops in grouped.items())


def _block_path(path: str) -> str:
    parts = path.split(".")
    return ".".join(parts[:4] if "blocks" in parts else parts[:3] if parts[0] == "stages" else parts[:1])


def _sums(ops: list[PartCost]) -> dict[str, Any]:
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
    network = blueprint(spec)
    size = spec.regime.image_size if image_size is None else image_size
    ops = [_op_cost(visit) for visit in network.walk(size)]
    return Cost(image_size=size, ops=tuple(ops), **_sums(ops))


def _op_cost(visit: Visit) -> PartCost:
    _, op, _, (channels, height, width) = visit
    macs = op.weights * height * width
    elements = channels * height * width
    return PartCost(
        path=visit.path,
        kind=op.kind,
        out_shape=visit.out_shape,
        macs=macs,
        macs_fvcore=macs + op.fvcore_macs * elements,
        num_params=op.num_params,
        activations=elements if macs else 0,
    )
