"""A validation split of a data set that has none: training images held out by seed, class by class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modernize.datasets.data_request import DataRequest
from modernize.datasets.dataset import Labels, Source, Split, SplitName
from modernize.errors import DataError

Parts = dict[SplitName, tuple[Split, Labels]]


def hold_out(request: DataRequest, source: Source) -> tuple[Parts, str]:
    """Part a source's images into splits.

    Args:
        request: Its `val_share` says how much of the training images is held out for each split that is missing.
        source: What there is.

    Returns:
        Of each split where its images lie and their positions there; and the source's note, with what was held out and
        which classes validation lacks.

    Raises:
        DataError: If a class is left without training images.
    """
    parts: Parts = {name: (split, np.arange(len(split))) for name, split in source.splits.items()}
    note = source.note
    missing: tuple[SplitName, ...] = ("test", "val") if request.val_share else ()
    for name in missing:
        if name in parts:
            continue
        split, members = parts["train"]
        wanted = replace(request, test_images=max(1, round(request.val_share * len(split))))
        held = wanted.choose(split.labels[members], "test")
        parts[name], parts["train"] = (split, members[held]), (split, np.delete(members, held))
        use = "to look at after each epoch" if name == "val" else "to test on at the end"
        note += f"; {len(held)} of its training images, chosen by seed {request.seed}, are held out {use}"
    if lacking := _lacking(parts["train"], source) if request.val_share else "":
        raise DataError(f"{request.name}: no training image is left of {lacking}; hold out less, or add images.")
    if lacking := _lacking(parts["val"], source) if "val" in parts else "":
        note += f"; no validation image is of {lacking}"
    return parts, note


def _lacking(part: tuple[Split, Labels], source: Source) -> str:
    split, members = part
    absent = np.setdiff1d(np.arange(len(source.class_names)), split.labels[members])
    names = [source.class_names[label] for label in absent[:6]]
    return ", ".join(names) + ", ..." * (len(absent) > 6)
