"""`modernize features`: what a network makes of a data set's images before it classifies them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from modernize.cli.console import ReadingProgress, say, say_json, say_table
from modernize.cli.layout import columns
from modernize.cli.options import (
    DataDir,
    Download,
    InputSize,
    Json,
    Model,
    Out,
    Replace,
    Weights,
    among,
    complete_dataset,
    examples,
    option,
)

if TYPE_CHECKING:
    from modernize.datasets import Dataset
    from modernize.inference.classifier import Classifier

EXAMPLES = examples(
    "modernize features --model timm:resnet50 --data folder:photos --of map --file resnet50.npz",
    "modernize features --model run:3f2a81c0 --data digits --file digits.parquet",
)
_OF = "map (the last, height x width x channels) or pooled (its mean over positions)."
Of = Annotated[str, option("--of", _OF, "KIND", among("map", "pooled"))]
Data = Annotated[str, option("--data", "Data set, see `modernize data`.", "NAME", complete_dataset)]
TrainImages = Annotated[int | None, option("--train-images", "So many of train.", "N", default="all", min=1)]
TestImages = Annotated[int | None, option("--test-images", "So many of test.", "N", default="all", min=1)]


def features(
    model: Model,
    data: Data,
    of: Of = "pooled",
    file: Annotated[
        Path | None, option("--file", "Write them here, .npz or .parquet.", "FILE", default="the cache alone")
    ] = None,
    weights: Weights = "",
    image_size: InputSize = None,
    train_images: TrainImages = None,
    test_images: TestImages = None,
    out: Out = Path(),
    data_dir: DataDir = None,
    download: Download = False,
    replace: Replace = False,
    json: Json = False,
) -> None:
    """Compute the features of all images of a data set by a network without its classifier.

    ResNet-50 at 224 px has maps of 7 x 7 x 2048, flattened 100,352 numbers, and pools them to 2,048. What is computed
    is cached by network, weights and data.
    """
    from modernize.inference.features import features_of, write_features
    from modernize.results.files import refuse_existing

    refuse_existing(file, replace=replace)
    classifier, data_set = network_and_data(
        model, data, weights, image_size, train_images, test_images, out, data_dir, download=download
    )
    found = features_of(classifier, data_set, of, tell=ReadingProgress())
    if file:
        write_features(found, file)
    shapes = {name: values.shape for name, values in found.values.items()}
    if json:
        say_json({name: {"images": shape[0], "shape": shape[1:]} for name, shape in shapes.items()})
        return
    rows = [
        (name, f"{shape[0]:,}", " x ".join(map(str, shape[1:])), f"{math.prod(shape[1:]):,}")
        for name, shape in shapes.items()
    ]
    say_table(columns("split", "images>", "of each>", "flattened>"), rows)
    if file:
        say(str(file))


def network_and_data(
    model: str,
    data: str,
    weights: str,
    image_size: int | None,
    train_images: int | None,
    test_images: int | None,
    out: Path,
    data_dir: Path | None,
    *,
    download: bool,
) -> tuple[Classifier, Dataset]:
    """Load a network, and a data set in the size that the network takes."""
    from modernize.datasets import load_data
    from modernize.datasets.image_files import watched
    from modernize.inference.classifier import load_classifier

    classifier = load_classifier(
        model, weights=weights, image_size=image_size, out=out, data_dir=data_dir, download=download
    )
    with watched(ReadingProgress()):
        data_set = load_data(
            data,
            image_size=classifier.description.preprocessing.image_size,
            train_images=train_images,
            test_images=test_images,
            data_dir=data_dir,
            download=download,
        )
    return classifier, data_set
