"""Transfer without fine-tuning: a classic classifier on a network's features, from a few images a class up."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from modernize.datasets.dataset import Labels
from modernize.datasets.hashing import image_keys
from modernize.errors import DataError, ModernizeError, unknown_name
from modernize.inference.features import Features, Vectors
from modernize.results.statistics import summarise

CONFIDENCE = 0.95

CLASSIFIERS: dict[str, Callable[[int], Pipeline]] = {
    "mlp": lambda seed: make_pipeline(VarianceThreshold(), MLPClassifier((100, 10), random_state=seed)),
    "logistic": lambda _: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    "knn": lambda _: make_pipeline(StandardScaler(), KNeighborsClassifier(5)),
    "pca": lambda seed: make_pipeline(
        StandardScaler(), PCA(0.95, random_state=seed), LogisticRegression(max_iter=1000)
    ),
}
"""By name, from a seed: the classifiers of scikit-learn. "pca" keeps 95 % of the variance, then is "logistic"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The accuracy of one classifier at one number of images.

    Attributes:
        classifier: A key of `CLASSIFIERS`.
        images_per_class: It was fitted to.
        n_draws: Of these images from the training images.
        top1_percent: On all test images, mean over draws.
        half_width: Of the 95 % t interval of the mean over draws; None of one draw. It says how much the choice of the
            images matters, not how many test images there were.
    """

    classifier: str
    images_per_class: int
    n_draws: int
    top1_percent: float
    half_width: float | None


def transfer(
    features: Features,
    classifiers: Sequence[str],
    counts: Sequence[int],
    *,
    n_draws: int,
    begin: Callable[[str, int], None] = lambda _name, _total: None,
) -> tuple[list[Point], Labels]:
    """Fit classifiers to a few training images of each class and test them on all test images.

    Args:
        features: With the splits "train" and "test".
        classifiers: Keys of `CLASSIFIERS`.
        counts: Images of each class, ascending; of one draw the fewer lie within the more.
        n_draws: How often images are drawn, the same for all classifiers.
        begin: Told the name of each fit as it begins, and how many there are.

    Returns:
        A point for each classifier and number; and what the first classifier, fitted to the most images of the first
        draw, takes the test images for, (n,).

    Raises:
        ModernizeError: If a classifier is unknown, or a class has fewer images than asked for.
        DataError: If there is only one class.
    """
    for name in classifiers:
        if name not in CLASSIFIERS:
            raise unknown_name("classifier", name, CLASSIFIERS)
    train, test = (features.values[split].reshape(len(features.values[split]), -1) for split in ("train", "test"))
    labels, truth = features.labels["train"], features.labels["test"]
    sizes = np.bincount(labels, minlength=len(features.class_names))
    if len(features.class_names) < 2:
        raise DataError(f"there is only one class, {features.class_names[0]}: nothing is to be told apart.")
    if counts[-1] > sizes.min():
        fewest = features.class_names[int(sizes.argmin())]
        raise ModernizeError(f"{counts[-1]} images of each class were asked for; {fewest} has {sizes.min()}.")
    points, shown = [], truth
    total = len(classifiers) * len(counts) * n_draws
    for name in classifiers:
        for count in counts:
            found = []
            for draw in range(n_draws):
                begin(f"{name}, {count} images a class, draw {draw}", total)
                chosen = _drawn(labels, count, draw)
                predicted = _predicted(name, draw, train[chosen], labels[chosen], test)
                found.append(100.0 * float((predicted == truth).mean()))
                if (name, count, draw) == (classifiers[0], counts[-1], 0):
                    shown = predicted
            points.append(_point(name, count, found))
    return points, shown


def shown_test_images(labels: Labels, count: int) -> list[int]:
    """Choose test images to show: the first of each of the first classes."""
    firsts = np.unique(labels, return_index=True)[1]
    return sorted(int(index) for index in firsts)[:count]


def _drawn(labels: Labels, count: int, draw: int) -> Labels:
    order = np.lexsort((image_keys(draw, 0, np.arange(len(labels))), labels))
    return np.concatenate([order[labels[order] == label][:count] for label in np.unique(labels)])


def _predicted(name: str, draw: int, x: Vectors, y: Labels, test: Vectors) -> Labels:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its 200 epochs are part of what it is
        try:
            predicted: Labels = CLASSIFIERS[name](draw).fit(x, y).predict(test)
        except ValueError as error:
            raise ModernizeError(f"{name} cannot be fitted to these features: {str(error).splitlines()[0]}") from error
    return predicted


def _point(name: str, count: int, found: Sequence[float]) -> Point:
    summary = summarise(found)
    if summary is None:
        raise ModernizeError("at least one draw is needed.")
    half = None
    if summary.std is not None:
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, summary.n - 1)) * summary.std / math.sqrt(summary.n)
    return Point(classifier=name, images_per_class=count, n_draws=summary.n, top1_percent=summary.mean, half_width=half)
