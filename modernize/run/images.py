"""How many images of which data set a study trains and evaluates on."""

from __future__ import annotations

from modernize.datasets import DataSummary, describe
from modernize.errors import DataError, ModernizeError
from modernize.run.request import RunRequest
from modernize.run.task import DataSource
from modernize.train.budget import Budget


def plan_images(request: RunRequest, budget: Budget, image_size: int) -> tuple[DataSource, DataSummary]:
    """Look at the data set, with as many of the wanted images as it has.

    Raises:
        ModernizeError: If it cannot be read, or has fewer images or classes than it takes.
    """
    train_images = request.train_images or budget.train_images
    test_images = request.test_images or budget.test_images
    options = {"image_size": image_size, "data_dir": request.data_dir, "download": request.download}
    try:
        summary = describe(request.data, train_images=train_images, test_images=test_images, **options)
    except DataError as problem:
        if request.data == "shapes":  # there are as many as are wanted
            raise
        try:
            whole = describe(request.data, **options)
        except DataError:
            raise problem from None
        # The budget's numbers are a wish, the user's are not.
        for what, wanted, there in (
            ("train", request.train_images, whole.train_images),
            ("test", request.test_images, whole.test_images),
        ):
            if wanted and wanted > there:
                raise DataError(f"--{what}-images is {wanted}, but {request.data} has only {there}.") from None
        train_images = min(train_images or whole.train_images, whole.train_images)
        test_images = min(test_images or whole.test_images, whole.test_images)
        summary = describe(request.data, train_images=train_images, test_images=test_images, **options)
    if summary.num_classes < 2:
        raise ModernizeError(f"{request.data} has {summary.num_classes} class; a classifier needs at least 2.")
    source = DataSource(
        name=request.data,
        image_size=image_size,
        train_images=train_images,
        test_images=test_images,
        data_dir=str(request.data_dir) if request.data_dir else None,
    )
    return source, summary
