"""What a network makes of images before it classifies them: its last feature map, or the mean of that over positions.

Shapes of an image's map, at the size that its weights were evaluated on:

    ResNet-50                 224 px    7 x 7 x 2048    flattened 100,352
    VGG16, VGG19              224 px    7 x 7 x 512     25,088
    Inception v3              299 px    8 x 8 x 2048    131,072
    Xception                  299 px    10 x 10 x 2048  204,800
    ConvNeXt-T                224 px    7 x 7 x 768     37,632

timm calls Xception `legacy_xception`. Pooled, each is as long as it has channels. A network on tokens (ViT) has no map;
pooled is what its classifier is given.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from modernize.datasets.data_request import MAX_BYTES, cache_dir
from modernize.datasets.dataset import Dataset, Labels, Split
from modernize.errors import ModernizeError, unknown_name
from modernize.inference.classifier import Classifier
from modernize.inference.pictures import preparation
from modernize.models.maps import Backbone, FeatureMap, before_classifier, feature_maps
from modernize.results.files import write_atomically

Kind = Literal["pooled", "map"]
KINDS: tuple[str, ...] = get_args(Kind)
BATCH_SIZE = 16
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Of a data set.

    Attributes:
        values: By split, float32: maps (n, h, w, channels), or pooled (n, channels).
        labels: By split, (n,).
        class_names: A name for each label.
    """

    values: Mapping[str, Vectors]
    labels: Mapping[str, Labels]
    class_names: tuple[str, ...]


def features_of(
    classifier: Classifier,
    data: Dataset,
    kind: str,
    *,
    cache: Path | None = None,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> Features:
    """Compute the features of all images of a data set, or take them from the cache.

    They are kept by split, so that after an interruption only the split in hand is computed anew.

    Args:
        classifier: The network.
        data: The images.
        kind: "map" or "pooled".
        cache: The cache folder, or None for the default one.
        tell: Told how many images of how many are done.

    Raises:
        ModernizeError: If the network has no map, or the features would not fit into memory.
        DataError: If an image cannot be read.
    """
    if kind not in KINDS:
        raise unknown_name("kind of features", kind, KINDS)
    maps = feature_maps(classifier.network, classifier.description.preprocessing.image_size)[-1:]
    if kind == "map" and not maps:
        raise ModernizeError(f"{classifier.name} works on tokens and has no feature map; ask for pooled features.")
    total = sum(map(len, data.splits.values()))
    if maps and kind == "map" and (num_bytes := 4 * total * maps[0].channels * maps[0].size ** 2) > MAX_BYTES:
        raise ModernizeError(
            f"the maps of {total:,} images would take {num_bytes / 1e9:.0f} GB of memory (at most "
            f"{MAX_BYTES / 1e9:.0f} GB): ask for pooled features or fewer images."
        )
    values: dict[str, Vectors] = {}
    before = 0
    for name, split in data.splits.items():
        path = cache_dir(cache) / "features" / f"{classifier.fingerprint}-{data.fingerprint}-{name}-{kind}.npz"
        kept = _kept(path, len(split))
        if kept is None:
            start = before
            kept = _computed(classifier, split, maps, kind, lambda done, start=start: tell(start + done, total))  # type: ignore[misc]
            _keep(path, kept)
        values[name] = kept
        before += len(split)
    tell(total, total)
    labels: dict[str, Labels] = {name: split.labels for name, split in data.splits.items()}
    return Features(values=values, labels=labels, class_names=data.class_names)


def write_features(features: Features, path: Path) -> None:
    """Write features for other programs, .npz or .parquet by the name of the file.

    An .npz holds x_SPLIT and y_SPLIT, and class_names; a .parquet a row an image, its features flattened.

    Raises:
        ModernizeError: If the name ends otherwise, or pyarrow is missing.
    """
    if path.suffix not in _WRITERS:
        raise ModernizeError(f"{path} should end in {' or '.join(_WRITERS)}.")
    write_atomically(path, _WRITERS[path.suffix](features))


def _computed(
    classifier: Classifier, split: Split, maps: tuple[FeatureMap, ...], kind: str, tell: Callable[[int], None]
) -> Vectors:
    prepare = preparation(classifier.description.preprocessing)
    backbone = Backbone(classifier.network, maps)
    found: list[Tensor] = []
    for start in range(0, len(split), BATCH_SIZE):
        tell(start)
        images_nchw = prepare([split.image(index) for index in range(start, min(start + BATCH_SIZE, len(split)))])
        with torch.inference_mode():
            if maps:
                (map_nchw,) = backbone(images_nchw).values()
                found.append(map_nchw.permute(0, 2, 3, 1) if kind == "map" else map_nchw.mean((2, 3)))
            else:
                found.append(before_classifier(classifier.network, images_nchw))
    return torch.cat(found).contiguous().numpy()


def _kept(path: Path, count: int) -> Vectors | None:
    # It is not there, or damaged, which the checksum in a zip file tells: then it is made anew.
    with suppress(OSError, ValueError, EOFError, KeyError, TypeError, BadZipFile), path.open("rb") as file:
        with np.load(file, allow_pickle=False) as arrays:
            kept: Vectors = arrays["values"]
        if len(kept) == count and kept.dtype == np.float32:
            return kept
    return None


def _keep(path: Path, values: Vectors) -> None:
    file = io.BytesIO()
    np.savez(file, values=values)
    with suppress(ModernizeError):  # a cache is a convenience
        write_atomically(path, file.getbuffer())


def _npz(features: Features) -> memoryview:
    file = io.BytesIO()
    arrays: dict[str, Any] = {f"x_{name}": values for name, values in features.values.items()}
    arrays |= {f"y_{name}": labels for name, labels in features.labels.items()}
    np.savez(file, **arrays, class_names=np.array(features.class_names))
    return file.getbuffer()


def _parquet(features: Features) -> bytes:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise ModernizeError(".parquet needs pyarrow: pip install 'modernize-convnext[parquet]'.") from error
    flat = np.concatenate([values.reshape(len(values), -1) for values in features.values.values()])
    labels = np.concatenate(list(features.labels.values()))
    table = arrow.table(
        {
            "split": [name for name, its in features.labels.items() for _ in its],
            "label": labels,
            "class": [features.class_names[label] for label in labels],
            "features": arrow.FixedSizeListArray.from_arrays(flat.reshape(-1), flat.shape[1]),
        }
    )
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()


_WRITERS: dict[str, Callable[[Features], bytes | memoryview]] = {".npz": _npz, ".parquet": _parquet}
