"""One norm a block (section 2.6)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("fewer-norms", title="Fewer norms", section="2.6")
def fewer_norms(spec: Spec) -> Spec:
    """Keep a single norm in each block, after the k x k convolution.

    Why: Transformer blocks normalise less often than ResNet blocks.
    Watch: projections on shortcuts keep their norm (field `shortcut_norm`).
    Deviates: nothing. The text leaves "only one BN layer before the conv 1x1 layers".
    """
    return spec.with_arch(norms="one")
