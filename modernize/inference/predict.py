"""What a network takes pictures for, and what a trained one takes the test images of its data set for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from modernize.datasets.dataset import Images
from modernize.datasets.feeds import make_feed
from modernize.inference.classifier import Classifier
from modernize.inference.pictures import preparation
from modernize.inference.runs import data_of
from modernize.results.record import Record
from modernize.spec import Recipe
from modernize.strict import from_dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A class that a picture may be of.

    Attributes:
        name: Of the class.
        probability_percent: By softmax; a network need not know how sure it is.
    """

    name: str
    probability_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One test image and what the network takes it for.

    Attributes:
        image_nhwc: As it is stored, uint8 (h, w, 3).
        true: Name of its class.
        predicted: Name of the class with the largest logit.
        probability_percent: Of that class, as in `Ranked`.
    """

    image_nhwc: Images
    true: str
    predicted: str
    probability_percent: float


def rank(classifier: Classifier, pictures: Iterable[Image.Image], top: int) -> list[tuple[Ranked, ...]]:
    """Return the likeliest classes of RGB pictures of any size, likeliest first.

    Args:
        classifier: The network.
        pictures: Prepared as the network's own images were.
        top: How many classes; all of them where there are fewer.
    """
    prepare = preparation(classifier.description.preprocessing)
    names = classifier.description.class_names
    found = []
    for picture in pictures:
        values, classes = classifier.logits(prepare([picture])).softmax(dim=1)[0].topk(min(top, len(names)))
        pairs = zip(classes.tolist(), values.tolist(), strict=True)
        found.append(tuple(Ranked(name=names[one], probability_percent=100.0 * value) for one, value in pairs))
    return found


def predict_test_images(
    classifier: Classifier, record: Record, *, num_images: int, data_dir: Path | None = None
) -> list[Prediction]:
    """Predict the first test images of the data set that a run was evaluated on.

    Args:
        classifier: With the run's weights.
        record: Of the run.
        num_images: How many.
        data_dir: Where downloaded data sets lie.

    Raises:
        DataError: If the data set is not here, or is another than the run's.
    """
    data = data_of(record, data_dir)
    recipe = from_dict(Recipe, record.trained_recipe, "recipe")
    images_nchw, labels = next(iter(make_feed(data, recipe).eval_batches("test", num_images)))
    probabilities, classes = classifier.logits(images_nchw).softmax(dim=1).max(dim=1)
    names = data.class_names
    return [
        Prediction(
            image_nhwc=data.test.square(index, data.image_size),
            true=names[true],
            predicted=names[predicted],
            probability_percent=100.0 * probability,
        )
        for index, (true, predicted, probability) in enumerate(
            zip(labels.tolist(), classes.tolist(), probabilities.tolist(), strict=True)
        )
    ]
