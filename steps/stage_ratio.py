"""Blocks moved towards stage 3 (section 2.2)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("stage-ratio", title="Stage compute ratio", section="2.2")
def stage_ratio(spec: Spec) -> Spec:
    """Give stage 3 a larger share of the blocks, as Swin does.

    Why: Swin's stages are in the ratio 1:1:3:1 (1:1:9:1 for larger models); ResNet's own was largely empirical, its
        heavy third stage ("res4") meant for detectors whose head works on the 14x14 map.
    Watch: it adds compute, so part of the gain is size. In the ResNet-200 regime it also widens the network to keep
        the compute about level.
    Deviates: nothing. Applied after `width`, it never narrows the network again.
    """
    regime = spec.regime
    return spec.with_arch(depths=regime.ratio_depths, width=max(spec.arch.width, regime.ratio_width))
