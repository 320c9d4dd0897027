"""What a network of another library costs, counted on the network itself."""

from __future__ import annotations

from torch.nn.attention import SDPBackend, sdpa_kernel

from modernize.external import External
from modernize.measure.counting import counted_macs, counted_params
from modernize.models.libraries import on_meta
from modernize.results.record import CostFacts


def count_external(external: External, *, num_classes: int, image_size: int) -> CostFacts:
    """Count a network of another library on one image, by `modernize.external.CONVENTION`; nothing is computed.

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
        return CostFacts(macs=counted_macs(network, image_size), num_params=counted_params(network))
