"""What the user asks of `run`, as typed data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modernize.errors import ModernizeError
from modernize.ladder import Selection
from modernize.regimes import DEFAULT_REGIME
from modernize.strict import from_dict


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A study to run.

    Attributes:
        regime: Which ResNet the ladder starts from.
        selection: Which steps it takes.
        data: Name of the data set, see `modernize data`.
        budget: Name of the budget.
        epochs: Instead of the budget's.
        train_images: At most so many, instead of the budget's.
        test_images: At most so many, instead of the budget's.
        image_size: In pixels, instead of the regime's.
        stem_stride: Instead of the regime's.
        num_seeds: Each rung is trained with seeds 0 to num_seeds - 1.
        jobs: Worker processes of one thread each; 0 for one a core.
        out: Folder that holds results/, reports/ and runs/.
        name: Of the study; "" for a name made from the choices above.
        data_dir: Where downloaded data sets lie.
        download: Fetch the data set if it is not there.
        force: Repeat finished runs.
    """

    regime: str = DEFAULT_REGIME
    selection: Selection = field(default_factory=Selection)
    data: str = "shapes"
    budget: str = "smoke"
    epochs: int | None = None
    train_images: int | None = None
    test_images: int | None = None
    image_size: int | None = None
    stem_stride: int | None = None
    num_seeds: int = 1
    jobs: int = 0
    out: Path = Path()
    name: str = ""
    data_dir: Path | None = None
    download: bool = False
    force: bool = False


SELECTION_FIELDS = ("upto", "start", "skip", "only", "order", "probes")


def request_from(**options: Any) -> RunRequest:
    """Build a request from keyword arguments, the selection's fields among them.

    Raises:
        ModernizeError: If an option is unknown, has the wrong type or is out of range.
    """
    selection = {name: options.pop(name) for name in SELECTION_FIELDS if name in options}
    for name in ("out", "data_dir"):
        if isinstance(options.get(name), str):
            options[name] = Path(options[name])
    request = from_dict(RunRequest, {**options, "selection": from_dict(Selection, selection)})
    for name in ("num_seeds", "epochs", "train_images", "test_images", "image_size"):
        value = getattr(request, name)
        if value is not None and value < 1:
            raise ModernizeError(f"{name} should be at least 1, not {value}.")
    if request.jobs < 0:
        raise ModernizeError(f"jobs should be 0 (one a core) or more, not {request.jobs}.")
    return request
