"""Width raised to Swin's (section 2.3)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("width", title="Wider network", section="2.3")
def width(spec: Spec) -> Spec:
    """Spend what `depthwise` saved on more channels.

    Why: the strategy of ResNeXt: "use more groups, expand width". The widths become Swin's.
    Watch: the compute more than doubles, so the gain is not the width's alone: read it together with `depthwise`.
    Deviates: nothing.
    """
    return spec.with_arch(width=spec.regime.wide_width)
