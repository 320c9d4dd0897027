"""What goes into the runs of a study: images of a data set, and the weights they start from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modernize.datasets import DATASETS, Dataset, load_data
from modernize.entry import Entry
from modernize.errors import DataError, MissingDataError, ModernizeError
from modernize.results.artifact import PREFIX, run_called, weights_of_run
from modernize.results.record import NO_WEIGHTS, DataFacts, WeightsFile
from modernize.results.store import load_records
from modernize.run.request import RunRequest
from modernize.run.task import DataSource
from modernize.train.budget import Budget


def plan_images(
    request: RunRequest, budget: Budget, image_size: int, *, here: bool = True
) -> tuple[DataSource, DataFacts, str]:
    """Look at the data set, with as many of the budget's images as it has.

    Args:
        request: What is asked.
        budget: How many images it takes.
        image_size: In pixels.
        here: Whether it has to lie here; else a known one that does not is taken as the catalogue lists it.

    Returns:
        Where it is read from, what it is, and why it cannot be read here, "" where it can.

    Raises:
        ModernizeError: If it cannot be read, or has fewer classes than it takes or images than the user asks for.
    """
    source = DataSource(
        name=request.data,
        image_size=image_size,
        train_images=request.train_images or budget.train_images,
        test_images=request.test_images or budget.test_images,
        data_dir=str(request.data_dir) if request.data_dir else None,
        stream=None,
    )
    missing = ""
    try:
        data = load_data(**source.arguments(), download=request.download)
    except MissingDataError as error:
        if here:
            raise
        (source, facts), missing = _listed(source), str(error)
    else:
        source, facts = replace(source, stream=data.streamed), _facts(data)
    # The budget's numbers are a wish, the user's are not.
    for what, wanted, there in (
        ("train", request.train_images, facts.num_train_images),
        ("test", request.test_images, facts.num_test_images),
    ):
        if wanted and wanted > there:
            raise DataError(f"--{what}-images is {wanted}, but {request.data} has only {there}.")
    if facts.num_classes < 2:
        raise ModernizeError(f"{request.data} has {facts.num_classes} class; a classifier needs at least 2.")
    return source, facts, missing


def _facts(data: Dataset) -> DataFacts:
    """Describe a data set that is here, once its files have been looked at."""
    if data.streamed:
        from modernize.datasets.image_files import check_headers

        check_headers(data)
    return DataFacts(
        name=data.name,
        fingerprint=data.fingerprint,
        num_classes=data.num_classes,
        image_size=data.image_size,
        num_train_images=len(data.train),
        num_test_images=len(data.test),
        num_val_images=len(data.val or ()),
        note=data.note,
    )


def _listed(source: DataSource) -> tuple[DataSource, DataFacts]:
    """Describe a data set by its entry in the catalogue."""
    from modernize.datasets.image_files import STREAM_FROM_PIXELS

    info = DATASETS[source.name]
    train_images, test_images = info.train_images or 0, info.test_images or 0  # of what can be missing both are listed
    facts = DataFacts(
        name=source.name,
        fingerprint="not here",
        num_classes=info.classes or 0,
        image_size=source.image_size,
        num_train_images=min(source.train_images or train_images, train_images),
        num_test_images=min(source.test_images or test_images, test_images),
        note="",
    )
    return replace(source, stream=info.native_size is None and source.image_size >= STREAM_FROM_PIXELS), facts


def start_weights(
    path: Path | None, entries: Sequence[Entry], out: Path, image_size: int
) -> tuple[str | None, WeightsFile]:
    """Check the file of weights that was asked for; torch is loaded for that.

    Args:
        path: The file, or "run:ID" for the weights that a run left.
        entries: Which start from them.
        out: Folder that holds results/ and runs/.
        image_size: In pixels.

    Returns:
        Where it lies, and what records say of it; None and `NO_WEIGHTS` for random weights.

    Raises:
        ModernizeError: If it cannot be read or does not fit, or the entries are different networks.
    """
    if path is None:
        return None, NO_WEIGHTS
    if any(entry.model != entries[0].model for entry in entries):
        raise ModernizeError(
            "weights to start from fit one network; choose it with --start STEP and --upto STEP, the same one."
        )
    if str(path).startswith(PREFIX):
        path = weights_of_run(run_called(str(path), load_records(out / "results").records), out)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise ModernizeError(f"the weights in {path} cannot be read: {error.strerror or error}.") from error
    from modernize.train.state_dicts import fitting_weights

    fitting_weights(path, entries[0], image_size=image_size)
    return str(path), WeightsFile(file=path.name, sha256=digest)
