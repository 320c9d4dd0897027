"""The published ConvNeXt models as specs: the last rung of the ladder at other sizes, and with GRN for V2."""

from __future__ import annotations

from typing import NamedTuple

from modernize.errors import unknown_name
from modernize.ladder import ladder
from modernize.spec import Depths, Spec

V1 = "arXiv:2201.03545 Table 1"
V2 = "arXiv:2301.00808"


class Family(NamedTuple):
    """One published model.

    Attributes:
        title: What the paper calls it, as in `published.family_rows`.
        depths: Blocks in each stage.
        width: Channels of stage 1; they double at each stage.
        source: Where its size is printed.
    """

    title: str
    depths: Depths
    width: int
    source: str

    @property
    def name(self) -> str:
        """Name on the command line."""
        return self.title.lower().replace(" ", "-")

    @property
    def grn(self) -> bool:
        """Whether it is a ConvNeXt V2: Global Response Normalization, and no LayerScale."""
        return self.source == V2


FAMILIES = {
    family.name: family
    for family in (
        Family("ConvNeXt-T", (3, 3, 9, 3), 96, V1),
        Family("ConvNeXt-S", (3, 3, 27, 3), 96, V1),
        Family("ConvNeXt-B", (3, 3, 27, 3), 128, V1),
        Family("ConvNeXt-L", (3, 3, 27, 3), 192, V1),
        Family("ConvNeXt-XL", (3, 3, 27, 3), 256, V1),
        Family("ConvNeXt V2-Atto", (2, 2, 6, 2), 40, V2),
        Family("ConvNeXt V2-Femto", (2, 2, 6, 2), 48, V2),
        Family("ConvNeXt V2-Pico", (2, 2, 6, 2), 64, V2),
        Family("ConvNeXt V2-Nano", (2, 2, 8, 2), 80, V2),
        Family("ConvNeXt V2-Tiny", (3, 3, 9, 3), 96, V2),
        Family("ConvNeXt V2-Base", (3, 3, 27, 3), 128, V2),
        Family("ConvNeXt V2-Large", (3, 3, 27, 3), 192, V2),
        Family("ConvNeXt V2-Huge", (3, 3, 27, 3), 352, V2),
    )
}


def family_spec(name: str) -> Spec:
    """Return the spec of a published model, at 224 px with 1000 classes.

    The recipe is the ladder's, not the one that each size was trained with.

    Args:
        name: A key of `FAMILIES`.

    Raises:
        ModernizeError: If there is no such model.

    Examples:
        >>> family_spec("convnext-v2-atto").arch.grn
        True
        >>> family_spec("convnext-t") == ladder("resnet50")[-1].spec
        True
    """
    if name not in FAMILIES:
        raise unknown_name("model", name, FAMILIES)
    family = FAMILIES[name]
    last = ladder("resnet50")[-1].spec
    return last.with_arch(depths=family.depths, width=family.width, grn=family.grn, layer_scale=not family.grn)
