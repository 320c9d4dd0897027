"""The depthwise convolution moves to the front of the block (section 2.5)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("move-up", title="Depthwise convolution moved up", section="2.5")
def move_up(spec: Spec) -> Spec:
    """Put the depthwise convolution before the two 1x1 convolutions.

    Why: in a Transformer the attention comes before the MLP. The complex, slow module then has few channels while the
        dense 1x1 layers do the heavy lifting, which is what makes large kernels affordable.
    Watch: a temporary loss of accuracy; it is the preparation for `kernel-7`.
    Deviates: nothing. In a downsampling block the depthwise convolution keeps its channels and carries the stride.
    """
    return spec.with_arch(spatial_position="first")
