"""Probe: kernel size 9 (section 2.5)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("kernel-9", title="Kernel size 9", section="2.5", instead_of="kernel-7", against="kernel-7")
def kernel_9(spec: Spec) -> Spec:
    """Make the depthwise kernel 9x9.

    Why: The paper tries several kernel sizes to see where the benefit of a wider view ends.
    Watch: a probe: the paper did not adopt it, and later rungs do not stand on it.
    Deviates: nothing.
    """
    return spec.with_arch(kernel_size=9)
