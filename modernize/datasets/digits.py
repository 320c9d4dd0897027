"""`digits`: the handwritten digits that scikit-learn brings along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modernize.datasets.arrays import TEST, TRAIN, ImageArrays, check_memory, choose, make_arrays
from modernize.datasets.request import DataRequest

TEST_IMAGES = 500

NOTE = "scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, enlarged; every network saturates on them: smoke data"


def load(request: DataRequest) -> ImageArrays:
    """Read the digits, enlarge them and split them: the same stratified split whatever the seed."""
    from PIL import Image
    from sklearn.datasets import load_digits

    from modernize.datasets.resize import resize_images

    bunch = load_digits()
    images = np.floor(bunch.images * 255 / 16 + 0.5).astype(np.uint8)[..., None].repeat(3, axis=3)
    labels = bunch.target.astype(np.int64)
    whole = replace(request, train_images=None, test_images=TEST_IMAGES, seed=0)
    held_out = choose(whole, labels, TEST)
    members = (np.setdiff1d(np.arange(len(labels)), held_out), held_out)
    train, test = (members[split][choose(request, labels[members[split]], split)] for split in (TRAIN, TEST))
    check_memory(request, len(train) + len(test))

    train_images, test_images = (
        resize_images(images[chosen], request.image_size, Image.Resampling.BILINEAR) for chosen in (train, test)
    )
    names = tuple(str(digit) for digit in range(10))
    return make_arrays(request, (train_images, labels[train]), (test_images, labels[test]), names, NOTE)
