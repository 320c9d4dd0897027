"""`modernize transfer`: a classic classifier on a network's features, from a few images a class up."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from modernize.cli.choose import split_names
from modernize.cli.console import ReadingProgress, note, progress, say, say_json, say_table
from modernize.cli.features import Data, Of, TestImages, TrainImages, network_and_data
from modernize.cli.layout import columns
from modernize.cli.options import (
    DataDir,
    Download,
    InputSize,
    Json,
    Model,
    Out,
    Picture,
    Replace,
    Weights,
    examples,
    option,
)
from modernize.errors import ModernizeError

EXAMPLES = examples(
    "modernize transfer --model timm:resnet50 --data folder:photos --picture transfer.png",
    "modernize transfer --model run:3f2a81c0 --data digits --of map --classifier mlp --images 10,20,50",
)
_CLASSIFIER = "mlp (variance threshold, then 100 and 10 hidden units), logistic, knn, pca (then logistic)."
SHOWN = 2


def transfer(
    model: Model,
    data: Data,
    classifier: Annotated[str, option("--classifier", _CLASSIFIER, "NAME,...")] = "mlp,logistic,knn,pca",
    images: Annotated[str, option("--images", "Training images of each class.", "N,...")] = "10,20,40",
    draws: Annotated[int, option("--draws", "How often they are drawn.", "N", min=1)] = 5,
    of: Of = "pooled",
    picture: Picture = None,
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
    """Fit classifiers of scikit-learn to a network's features of a few images a class, and test them.

    All test images are tested on. Intervals are over the draws of training images. --picture draws accuracy against
    images a class, and two test images with what the first classifier takes them for.
    """
    from modernize.inference.features import features_of
    from modernize.inference.transfer import shown_test_images
    from modernize.inference.transfer import transfer as transferred
    from modernize.results.files import refuse_existing, write_atomically

    refuse_existing(picture, replace=replace)
    names, counts = split_names(classifier), _counts(images)
    network, data_set = network_and_data(
        model, data, weights, image_size, train_images, test_images, out, data_dir, download=download
    )
    found = features_of(network, data_set, of, tell=ReadingProgress())
    with progress("fitting") as begin:
        points, predicted = transferred(found, names, counts, n_draws=draws, begin=begin)
    if picture:
        from modernize.report.figures.output import figure_bytes
        from modernize.report.figures.transfer import transfer as drawn

        labels, classes = data_set.test.labels, data_set.class_names
        shown = [
            (data_set.test.square(index, 224), classes[predicted[index]], classes[labels[index]])
            for index in shown_test_images(labels, SHOWN)
        ]
        curves = {
            name: [(p.images_per_class, p.top1_percent, p.half_width) for p in points if p.classifier == name]
            for name in names
        }
        figure = drawn(curves, shown, title=f"{of} features of {network.slug} on {Path(data_set.name).name}")
        write_atomically(picture, figure_bytes(figure, "png"))
    if json:
        say_json([asdict(point) for point in points])
        return
    rows = [
        (
            point.classifier,
            f"{point.images_per_class}",
            f"{point.top1_percent:.2f}" + ("" if point.half_width is None else f" ± {point.half_width:.2f}"),
            f"{point.n_draws}",
        )
        for point in points
    ]
    say_table(columns("classifier", "images a class>", "test top-1, %>", "draws>"), rows)
    note(f"measured on {len(data_set.test):,} test images of {data_set.name}; ±: 95 % t interval over draws")
    note(f"{network.name}: weights: {network.weights}")
    if picture:
        say(str(picture))


def _counts(text: str) -> tuple[int, ...]:
    parts = split_names(text)
    if not parts or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ModernizeError(f"--images '{text}' should list whole numbers above 0, for example 10,20,40.")
    return tuple(sorted({int(part) for part in parts}))
