"""One activation a block (section 2.6)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("fewer-acts", title="Fewer activations", section="2.6")
def fewer_acts(spec: Spec) -> Spec:
    """Keep a single activation in each block, between the two 1x1 convolutions.

    Why: a Transformer block has one activation, in its MLP; a ResNet block has one after every convolution.
    Watch: the activation after the addition goes too, so the shortcut path becomes linear from end to end.
    Deviates: nothing. While the k x k convolution still stands in the middle, the activation comes right before the
        last 1x1 convolution.
    """
    return spec.with_arch(activations="one")
