"""How many images of which data set a study trains and evaluates on."""

from __future__ import annotations

from modernize.datasets import DataSummary, describe
from modernize.errors import DataError, ModernizeError
from modernize.run.request import RunRequest
from modernize.run.task import DataSource
from modernize.train.budget import Budget


def plan_images(request: RunRequest, budget: Budget, image_size: int) -> tuple[DataSource, DataSummary]:
    """Look at the data set, with as many of the budget's images as it has.

    Raises:
        ModernizeError: If it cannot be read, or has fewer classes than it takes or images than the user asks for.
    """
    source = DataSource(
        name=request.data,
        image_size=image_size,
        train_images=request.train_images or budget.train_images,
        test_images=request.test_images or budget.test_images,
        data_dir=str(request.data_dir) if request.data_dir else None,
    )
    summary = describe(
        request.data,
        image_size=image_size,
        train_images=source.train_images,
        test_images=source.test_images,
        data_dir=request.data_dir,
        download=request.download,
    )
    # The budget's numbers are a wish, the user's are not.
    for what, wanted, there in (
        ("train", request.train_images, summary.train_images),
        ("test", request.test_images, summary.test_images),
    ):
        if wanted and wanted > there:
            raise DataError(f"--{what}-images is {wanted}, but {request.data} has only {there}.")
    if summary.num_classes < 2:
        raise ModernizeError(f"{request.data} has {summary.num_classes} class; a classifier needs at least 2.")
    return source, summary
