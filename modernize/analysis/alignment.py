"""Linear CKA: how alike two networks describe the same images, whatever their channels are and in which order.

Centred kernel alignment (Kornblith et al., arXiv:1905.00414) with the unbiased estimate of HSIC (Song et al., 2012), as
Nguyen et al. (arXiv:2010.15327) use it: independent descriptions are near 0 however few the images are, and not the
nearer to 1 the more features there are.
"""

from __future__ import annotations

from torch import Tensor


def gram(features_nf: Tensor) -> Tensor:
    """Return how alike each two of n images are described, (n, n), by what is not their own length: its diagonal is 0.

    Args:
        features_nf: (n, features), of four images or more.
    """
    products = features_nf.double() @ features_nf.double().T
    return products.fill_diagonal_(0.0)


def cka(one: Tensor, other: Tensor) -> float:
    """Return the linear CKA of two descriptions of the same images, from their `gram`s, (n, n) each.

    Returns:
        1 where they are the same up to rotation and scale, about 0 where they are independent; NaN where one of them
        does not tell the images apart.
    """
    return float(_hsic(one, other) / (_hsic(one, one) * _hsic(other, other)).clamp_min(0.0).sqrt())


def _hsic(k: Tensor, m: Tensor) -> Tensor:
    n = len(k)
    if n < 4:
        raise ValueError("unbiased HSIC takes four images or more.")
    per_image = k.sum(dim=0) @ m.sum(dim=0)
    found: Tensor = (k * m).sum() + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * per_image / (n - 2)
    return found / (n * (n - 3))
