"""Separate downsampling layers (section 2.6)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("downsample", title="Separate downsampling", section="2.6")
def downsample(spec: Spec) -> Spec:
    """Halve the resolution between the stages with a 2x2 stride-2 convolution instead of inside a block.

    Why: Swin does so; the blocks of a stage become all alike, and shortcuts need no projection.
    Watch: without a norm wherever the resolution changes (field `downsample_norm`), training diverges in the paper.
    Deviates: nothing. The norms are of the blocks' type, LayerNorm once `ln` is in.
    """
    return spec.with_arch(downsampling="separate")
