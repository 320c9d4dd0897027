"""Overlapping stem -> patchify stem (section 2.2)."""

from __future__ import annotations

from modernize.registry import step
from modernize.spec import Spec


@step("patchify", title="Patchify stem", section="2.2")
def patchify(spec: Spec) -> Spec:
    """Replace the overlapping convolution and max pool of the stem by one non-overlapping convolution.

    Why: Vision Transformers cut the image into patches; the simplest possible stem may do as well.
    Watch: the gain that the paper prints is not told from none by its own spread, and on small images a coarse stem may
        cost much. Patch size equals the stem's total stride, which depends on the image size of the regime.
    Deviates: the text does not say whether a norm follows the stem; here one does (field `stem_norm`), without an
        activation.
    """
    return spec.with_arch(stem="patchify")
