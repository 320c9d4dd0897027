"""Bottleneck -> inverted bottleneck (section 2.4)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("inverted", title="Inverted bottleneck", section="2.4")
def inverted(spec: Spec) -> Spec:
    """Make the middle of a block four times wider than its ends, instead of four times narrower.

    Why: every Transformer block does so in its MLP; MobileNetV2 made the idea popular in ConvNets.
    Watch: the whole network gets cheaper although the depthwise convolution gets wider, because the projections on the
        shortcuts of downsampling blocks shrink.
    Deviates: nothing. In a downsampling block the first 1x1 convolution runs at the high resolution.
    """
    return spec.with_arch(bottleneck="inverted")
