"""What a run took its test images for: class probabilities kept beside its weights, and what can be said of them.

They are kept where the test images were looked at once, at the end. Like weights they may be thrown away at any time; a
report then says less.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modernize.errors import one_line, warn
from modernize.results.artifact import PREDICTIONS_FILE
from modernize.results.files import write_atomically

KEY = "modernize"
MOST_BYTES = 16 * 2**20
"""Of probabilities; those of more images and classes are not kept."""

PICTURES = 6
"""Of the worst mistakes, and as many of the least sure hits."""

CALIBRATION_BINS = 15

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Predictions:
    """Of one run on its test images.

    Attributes:
        probabilities: By softmax, (n, classes).
        labels: The true classes, (n,).
        class_names: A name for each class.
        pictured: Images of which there is a picture, (m,).
        pictures: Those pictures, uint8 (m, h, w, 3).
    """

    probabilities: npt.NDArray[np.floating[Any]]
    labels: Indices
    class_names: tuple[str, ...]
    pictured: Indices
    pictures: npt.NDArray[np.uint8]

    @property
    def predicted(self) -> Indices:
        """The class with the largest probability, (n,)."""
        predicted: Indices = self.probabilities.argmax(axis=1)
        return predicted

    @property
    def sureness(self) -> npt.NDArray[np.floating[Any]]:
        """The largest probability, (n,)."""
        sureness: npt.NDArray[np.floating[Any]] = self.probabilities.max(axis=1)
        return sureness

    @property
    def confusion(self) -> Indices:
        """How many images of each class (rows) were taken for each (columns), (classes, classes)."""
        classes = len(self.class_names)
        counts = np.bincount(self.labels * classes + self.predicted, minlength=classes**2)
        return counts.reshape(classes, classes).astype(np.int64)

    @property
    def worst_mistakes(self) -> Indices:
        """Wrong ones, the surest first, (at most `PICTURES`,)."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(-self.sureness[wrong], kind="stable")][:PICTURES]

    @property
    def least_sure_hits(self) -> Indices:
        """Right ones, the least sure first, (at most `PICTURES`,)."""
        right = np.flatnonzero(self.predicted == self.labels)
        return right[np.argsort(self.sureness[right], kind="stable")][:PICTURES]

    @property
    def calibration_error_percent(self) -> float:
        """The expected calibration error (ECE): how far the mean sureness of a bin lies from its accuracy, on average.

        Source: Guo et al., "On calibration of modern neural networks", ICML 2017, with fifteen equal bins.
        """
        sureness = self.sureness.astype(np.float64)
        bins = np.ceil(sureness * CALIBRATION_BINS).astype(int)
        gaps = np.bincount(bins, sureness - (self.predicted == self.labels))
        return float(100 * np.abs(gaps).sum() / len(sureness))


def save_predictions(predictions: Predictions, folder: Path) -> None:
    """Write predictions into the folder of their run.

    Raises:
        ModernizeError: If they cannot be written.
    """
    from safetensors.numpy import save

    arrays: dict[str, npt.NDArray[Any]] = {
        "probabilities": predictions.probabilities.astype(np.float16),
        "labels": predictions.labels,
        "pictured": predictions.pictured,
        "pictures": predictions.pictures,
    }
    write_atomically(folder / PREDICTIONS_FILE, save(arrays, {KEY: json.dumps(predictions.class_names)}))


def load_predictions(folder: Path) -> Predictions | None:
    """Read the predictions of a run from its folder; None where there are none, or, with a warning, broken ones."""
    from safetensors import SafetensorError, safe_open

    path = folder / PREDICTIONS_FILE
    try:
        with safe_open(path, "numpy") as file:
            names = tuple(map(str, json.loads(file.metadata()[KEY])))
            arrays = {name: file.get_tensor(name) for name in ("probabilities", "labels", "pictured", "pictures")}
        arrays["probabilities"] = arrays["probabilities"].astype(np.float32)
        found = Predictions(class_names=names, **arrays)
        if not _fit(found):
            raise ValueError("its parts do not fit together")
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        warn(f"{path} is left out: {one_line(error)}.")
        return None
    return found


def _fit(found: Predictions) -> bool:
    """Whether the parts are of one set of images and classes, as another program or a damaged disk may not leave it."""
    (count, *rest), classes = found.probabilities.shape, len(found.class_names)
    return (
        rest == [classes]
        and count > 0
        and bool((found.probabilities >= 0).all() and (found.probabilities <= 1).all())
        and found.labels.shape == (count,)
        and set(found.labels.tolist()) <= set(range(classes))
        and found.pictured.ndim == 1
        and set(found.pictured.tolist()) <= set(range(count))
        and found.pictures.dtype == np.uint8
        and (found.pictures.ndim, len(found.pictures), *found.pictures.shape[3:]) == (4, len(found.pictured), 3)
    )
