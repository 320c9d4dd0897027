"""The weights that rows of a study start from, and images made ready as those weights want them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modernize.entry import PRETRAINED, Entry
from modernize.errors import MissingDataError, ModernizeError
from modernize.external import External
from modernize.regimes import get_regime
from modernize.results.artifact import PREFIX, run_called, weights_of_run
from modernize.results.record import WeightsFile
from modernize.results.store import load_records
from modernize.run.request import RunRequest

if TYPE_CHECKING:
    from modernize.models import Preprocessing


@dataclass(frozen=True, slots=True)
class Started:
    """Rows with what they start from.

    Attributes:
        entries: Their images made ready as their weights want them.
        tasks: By name of a row, what its tasks say of its weights.
        image_size: In pixels.
        missing: Weights that are not here, a sentence each.
    """

    entries: tuple[Entry, ...]
    tasks: dict[str, dict[str, Any]]
    image_size: int
    missing: tuple[str, ...]


def started(request: RunRequest, entries: tuple[Entry, ...], *, here: bool) -> Started:
    """Find the weights that rows start from.

    Where the study does not say an image size, it is that of the first weights of a row that its file lists, or else
    the regime's.

    Raises:
        ModernizeError: If weights are missing that have to be here, or are of another network.
    """
    if request.weights is not None:
        if any(entry.model != entries[0].model for entry in entries):
            raise ModernizeError(
                "weights to start from fit one network; choose it with --start STEP and --upto STEP, the same one."
            )
        entries = tuple(replace(entry, weights=str(request.weights)) for entry in entries)
    tasks: dict[str, dict[str, Any]] = {}
    sizes, ready, missing = [], [], []
    for entry in entries:
        images = None
        if entry.weights:
            try:
                path, facts = _weights(entry, request.out, download=request.download)
                tasks[entry.name] = {"weights": str(path), "starts_from": facts}
            except MissingDataError as error:
                if here:
                    raise
                path = None
                missing.append(str(error))
            images = _images_of(entry, path)
        ready.append(_as_wanted(entry, images, request.overrides.of(entry).recipe) if images else entry)
        sizes += [images.image_size] if images and request.definition.entries else []
    image_size = request.image_size or (*sizes, get_regime(request.regime).image_size)[0]
    for entry in ready:
        if entry.name in tasks:
            from modernize.train.state_dicts import fitting_weights

            fitting_weights(Path(tasks[entry.name]["weights"]), entry, image_size=image_size)
    return Started(tuple(ready), tasks, image_size, tuple(missing))


def _weights(entry: Entry, out: Path, *, download: bool = False) -> tuple[Path, WeightsFile]:
    """Find the weights that a row starts from.

    Args:
        entry: Its `weights` are a file, "run:ID" for those that a run left, or `PRETRAINED` for its library's.
        out: Folder that holds results/ and runs/.
        download: Fetch a library's weights if they are not here.

    Returns:
        Where they lie, and what records say of them.

    Raises:
        ModernizeError: If they are not here or cannot be read.
    """
    if entry.weights == PRETRAINED:
        if not isinstance(entry.model, External):
            raise ModernizeError(f"no library publishes weights of {entry.name}; name a file or run:ID.")
        from modernize.models.pretrained import pretrained_file

        path = pretrained_file(entry.model, download=download)
    elif entry.weights.startswith(PREFIX):
        path = weights_of_run(run_called(entry.weights, load_records(out / "results").records), out)
    else:
        path = Path(entry.weights)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise ModernizeError(f"the weights in {path} cannot be read: {error.strerror or error}.") from error
    return path, WeightsFile(file=path.name, sha256=digest)


def _images_of(entry: Entry, weights: Path | None) -> Preprocessing | None:
    """Say what images weights were trained on: what the file says of itself, or their library; None if neither does."""
    from modernize.models import preprocessing_of
    from modernize.models.description import description_in

    if weights and weights.suffix == ".safetensors" and (described := description_in(weights)):
        return described.preprocessing
    return preprocessing_of(entry.model) if isinstance(entry.model, External) else None


def _as_wanted(entry: Entry, images: Preprocessing, given: Collection[str]) -> Entry:
    """Return a row whose images are made ready as those that its weights were trained on.

    Args:
        entry: The row.
        images: What its weights were trained on.
        given: Fields of the recipe that the user set by hand: they stay as they are.
    """
    wanted: dict[str, Any] = {
        "mean": images.mean,
        "std": images.std,
        "eval_crop_ratio": images.crop_ratio,
        "eval_crop_mode": "squash" if images.crop_mode == "squash" else "center",
    }
    if images.interpolation in ("bilinear", "bicubic"):
        wanted["interpolation"] = images.interpolation
    return replace(entry, recipe=replace(entry.recipe, **{k: v for k, v in wanted.items() if k not in given}))
