"""Probe: kernel size 11 (section 2.5)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("kernel-11", title="Kernel size 11", section="2.5", instead_of="kernel-7", against="kernel-7")
def kernel_11(spec: Spec) -> Spec:
    """Make the depthwise kernel 11x11.

    Why: The paper tries several kernel sizes to see where the benefit of a wider view ends.
    Watch: a probe: the paper did not adopt it, and later rungs do not stand on it.
    Deviates: nothing.
    """
    return spec.with_arch(kernel_size=11)
