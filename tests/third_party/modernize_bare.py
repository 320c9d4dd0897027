"""The last rung without LayerScale as a step behind it, and a probe beside that, both on a path of their own."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("no-layer-scale", title="Without LayerScale", section="-", source="ours", after="downsample", path="bare")
def no_layer_scale(spec: Spec) -> Spec:
    """Leave out the learned factor on each block's branch.

    Why: it was introduced for Transformers far deeper than ConvNeXt-T.
    Watch: branches then start at full size, not at a millionth of it.
    Deviates: the paper keeps it throughout and does not print this.
    """
    return spec.with_arch(layer_scale=False)


@step("no-biases", title="Without biases", section="-", source="ours", instead_of="no-layer-scale", path="bare")
def no_biases(spec: Spec) -> Spec:
    """Leave out the biases of all convolutions instead.

    Why: to see which of the small parameters matter.
    Watch: a probe: no later rung stands on it.
    Deviates: the paper does not print this.
    """
    return spec.with_arch(conv_bias="never")
