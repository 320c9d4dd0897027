"""ReLU -> GELU (section 2.6)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("gelu", title="ReLU to GELU", section="2.6")
def gelu(spec: Spec) -> Spec:
    """Use the smoother activation of Transformers.

    Why: BERT, GPT-2 and ViT use GELU.
    Watch: the accuracy does not change, at some cost in time.
    Deviates: nothing. GELU is the exact one (erf), not the tanh approximation.
    """
    return spec.with_arch(activation="gelu")
