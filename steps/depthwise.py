"""3x3 convolution -> depthwise convolution (section 2.3)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("depthwise", title="Depthwise convolution", section="2.3")
def depthwise(spec: Spec) -> Spec:
    """Let the 3x3 convolution mix positions only, one filter a channel; the 1x1 convolutions mix channels.

    Why: ResNeXt's lesson is more groups, more width; depthwise is the extreme, and separates mixing over space from
        mixing over channels, as self-attention does.
    Watch: alone it loses accuracy, and half the compute. It is the preparation for `width`, not a failure.
    Deviates: nothing.
    """
    return spec.with_arch(spatial_conv="depthwise")
