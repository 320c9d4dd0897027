"""`digits`: the handwritten digits that scikit-learn brings along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modernize.datasets.data_request import TEST, TRAIN, DataRequest
from modernize.datasets.dataset import Dataset, Split, in_memory

TEST_IMAGES = 500

NOTE = "scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, enlarged; every network saturates on them: smoke data"


def load(request: DataRequest) -> Dataset:
    """Read the digits, enlarge them and split them: the same stratified split whatever the seed."""
    from PIL import Image
    from sklearn.datasets import load_digits

    from modernize.datasets.resize import resize_images, to_rgb

    bunch = load_digits()
    images = to_rgb(np.floor(bunch.images * 255 / 16 + 0.5).astype(np.uint8))
    labels = bunch.target.astype(np.int64)
    whole = replace(request, train_images=None, test_images=TEST_IMAGES, seed=0)
    held_out = whole.choose(labels, TEST)
    members = (np.setdiff1d(np.arange(len(labels)), held_out), held_out)
    chosen = [members[split][request.choose(labels[members[split]], split)] for split in (TRAIN, TEST)]
    request.check_memory(sum(map(len, chosen)))
    train, test = (
        Split(resize_images(images[its], request.image_size, Image.Resampling.BILINEAR), labels[its]) for its in chosen
    )
    return in_memory(request.name, train, test, tuple(str(digit) for digit in range(10)), NOTE)
