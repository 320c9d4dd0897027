"""BatchNorm -> LayerNorm (section 2.6)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("ln", title="BatchNorm to LayerNorm", section="2.6")
def ln(spec: Spec) -> Spec:
    """Normalise each position over its channels instead of each channel over the batch.

    Why: BatchNorm ties the images of a batch together and behaves differently in training and evaluation; Transformers
        do without it.
    Watch: in the paper this substitution hurts the plain ResNet, but not with the changes before it. GroupNorm with
        one group is not the same: it also averages over positions.
    Deviates: nothing.
    """
    return spec.with_arch(norm="layer")
