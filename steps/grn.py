"""LayerScale -> Global Response Normalization (ConvNeXt V2), on the path `v2`."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("grn", title="Global Response Norm", source="arXiv:2301.00808", after="downsample", path="v2")
def grn(spec: Spec) -> Spec:
    """Let the channels of the wide layer compete behind the activation, and drop LayerScale.

    Why: under masked pre-training the channels of ConvNeXt become copies of each other; competition keeps them apart,
        and LayerScale is no longer needed.
    Watch: it was designed for pre-training; trained with labels alone the gain is small. Its parameters start at zero
        (the identity) and are not decayed, although the released code stores them with four dimensions.
    Deviates: nothing. The paper divides by the sum over channels and scales by their number in a footnote: the mean.
    """
    return spec.with_arch(grn=True, layer_scale=False)
