"""Probe: kernel size 5 (section 2.5)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("kernel-5", title="Kernel size 5", section="2.5", instead_of="kernel-7")
def kernel_5(spec: Spec) -> Spec:
    """Make the depthwise kernel 5x5.

    Why: The paper tries several kernel sizes to see where the benefit of a wider view ends.
    Watch: a probe: the paper did not adopt it, and later rungs do not stand on it.
    Deviates: nothing.
    """
    return spec.with_arch(kernel_size=5)
