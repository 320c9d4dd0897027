"""What a network of another library costs, counted on the network itself."""

from __future__ import annotations

from dataclasses import dataclass

from torch.nn.attention import SDPBackend, sdpa_kernel

from modernize.external import External
from modernize.measure.counting import counted_macs, counted_params
from modernize.models.libraries import on_meta


@dataclass(frozen=True, slots=True)
class Counted:
    """Cost of a network on one image.

    Attributes:
        macs: Multiply-accumulates; see `modernize.external.CONVENTION`.
        num_params: Learned numbers.
    """

    macs: int
    num_params: int


def count_external(external: External, *, num_classes: int, image_size: int) -> Counted:
    """Count a network of another library; nothing is computed.

    Args:
        external: Which.
        num_classes: Outputs of the classifier.
        image_size: Height and width of the image in pixels.

    Raises:
        ModernizeError: If the library has no such network, or it takes no such images.
    """
    network = on_meta(external, num_classes=num_classes, image_size=image_size)
    # As matrix products: torch counts fused attention on some devices only.
    with sdpa_kernel(SDPBackend.MATH):
        return Counted(counted_macs(network, image_size), counted_params(network))
