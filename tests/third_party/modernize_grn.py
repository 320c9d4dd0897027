"""ConvNeXt V2's block as a step behind the last one, and a probe beside it, both on a path of their own."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec

SOURCE = "arXiv:2301.00808"


@step("grn", title="Global Response Normalization", section="3", source=SOURCE, after="downsample", path="v2")
def grn(spec: Spec) -> Spec:
    """Let the channels of a block compete after its activation, and drop LayerScale.

    Why: under masked pre-training the channels of ConvNeXt collapse onto each other; competition keeps them apart.
    Watch: trained with labels alone the gain is small.
    Deviates: nothing.
    """
    return spec.with_arch(grn=True, layer_scale=False)


@step("grn-layer-scale", title="GRN beside LayerScale", section="3", source="ours", instead_of="grn", path="v2")
def grn_layer_scale(spec: Spec) -> Spec:
    """Add GRN and keep LayerScale.

    Why: to see whether dropping LayerScale matters.
    Watch: a probe: no later rung stands on it.
    Deviates: the paper finds LayerScale unnecessary with GRN and does not print this combination.
    """
    return spec.with_arch(grn=True)
