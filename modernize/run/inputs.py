"""What goes into the runs of a study: images of a data set, and the weights they start from."""

from __future__ import annotations

from dataclasses import replace

from modernize.datasets import DATASETS, Dataset, load_data
from modernize.errors import DataError, MissingDataError, ModernizeError, warn
from modernize.results.record import DataFacts
from modernize.run.request import RunRequest
from modernize.run.task import DataSource
from modernize.train.budget import Budget

VAL_SHARE = 0.2
"""Of the training images, held out where a recipe chooses an epoch and neither the data nor the user has a share."""


def plan_images(
    request: RunRequest, budget: Budget, image_size: int, *, choosing: bool = False, here: bool = True
) -> tuple[DataSource, DataFacts, str]:
    """Look at the data set, with as many of the budget's images as it has.

    Args:
        request: What is asked.
        budget: How many images it takes.
        image_size: In pixels.
        choosing: Whether a recipe chooses among epochs, so that there have to be validation images.
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
        val_share=VAL_SHARE if request.val_share is None and choosing else request.val_share or 0.0,
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
    if facts.num_classes < 2 and DATASETS[request.data.partition(":")[0]].targets == "labels":
        raise ModernizeError(f"{request.data} has {facts.num_classes} class; a classifier needs at least 2.")
    if choosing and not missing and not facts.num_val_images:
        raise ModernizeError("an epoch is to be chosen, which takes validation images; give --val-share more than 0.")
    return source, facts, missing


def _facts(data: Dataset) -> DataFacts:
    """Describe a data set that is here, once its files have been looked at."""
    if data.streamed:
        from modernize.datasets.image_files import check_headers

        check_headers(data)
    absent = set(data.train.labels.tolist()) - set(data.val.labels.tolist()) if data.val else set()
    if absent:
        warn(f"{data.name}: no validation image is of {', '.join(data.class_names[label] for label in sorted(absent))}")
    return DataFacts(
        name=data.name,
        fingerprint=data.fingerprint,
        num_classes=data.num_classes,
        image_size=data.image_size,
        num_train_images=len(data.train),
        num_test_images=len(data.test),
        num_val_images=len(data.val or ()),
        val_share=data.val_share,
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
