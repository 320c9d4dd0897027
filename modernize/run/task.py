"""The task: everything a worker needs to know about one run, as typed data that travels as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from modernize.cost import cost
from modernize.metrics import DETECTION, SEGMENTATION
from modernize.results.artifact import PREFIX
from modernize.results.record import CostFacts, Run, WeightsFile
from modernize.spec import Spec
from modernize.strict import from_dict
from modernize.train.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Where images are read from; the plan settles whether image files are streamed."""

    name: str
    image_size: int
    train_images: int | None
    test_images: int | None
    val_share: float = 0.0
    data_dir: str | None = None
    stream: bool | None = False

    def arguments(self) -> dict[str, Any]:
        """Return it as arguments of `modernize.datasets.load_data`."""
        return asdict(self) | {"data_dir": Path(self.data_dir) if self.data_dir else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Run):
    """A run to do.

    Attributes:
        runtime: How it is executed; its device "cuda" stands for whichever GPU it is given.
        work: Estimated work in arbitrary units (`work_per_image`), for the order of runs and the time left.
        input_path: How its images will reach it; see `modernize.results.record.Execution`.
        weights: File of the weights it starts from; None for random ones.
        keep_weights: Whether its final weights stay in its folder.
        folder: Where the run keeps its claim and its checkpoints; None to keep none.
        results: Where its record is written, unless another process has finished it meanwhile; None to write none.
        repeat: Whether it is done though it is finished.
        turn: Runs of a lower turn are begun first.
        trackers: Those that are told of the run when its record is written.
    """

    source: DataSource
    runtime: Runtime
    work: float
    input_path: Literal["resident", "decoded"] = "resident"
    weights: str | None = None
    keep_weights: bool = True
    folder: str | None = None
    results: str | None = None
    repeat: bool = False
    turn: int = 0
    trackers: tuple[str, ...] = ()

    @property
    def begins_with(self) -> str:
        """Id of the run that has to be done before, for its weights; "" for none."""
        return self.starts_from.file.removeprefix(PREFIX) if self.starts_from.file.startswith(PREFIX) else ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dumps`."""
        return asdict(self)

    @staticmethod
    def from_json(data: Any) -> Task:
        """Read what `to_json` gave."""
        return from_dict(Task, data, "task")


def weights_to_be(task: Task) -> WeightsFile:
    """Name the weights that a run will leave."""
    return WeightsFile(file=f"{PREFIX}{task.run_id}")


def count(spec: Spec, image_size: int) -> tuple[CostFacts, float]:
    """Count what a network of this toolkit costs on one image; and the work, see `work_per_image`."""
    counted = cost(spec, image_size)
    facts = CostFacts(macs=counted.macs, num_params=counted.num_params)
    return facts, work_per_image(counted.macs, counted.activations)


TIMES_A_CLASSIFIER = {DETECTION: 8.0, SEGMENTATION: 2.0}
"""The work of backbone and heads in that of the backbone as a classifier: a rough guess, after the processor time of
training steps of 4 images of 64 px at base and downsample of the laptop ladder (5 to 6 and 2 times) and of evaluation
(15 to 18 and 3 times)."""


def work_per_image(macs: int, activations: int | None = None) -> float:
    """Estimate the work of one image in arbitrary units.

    Small networks on a processor: arithmetic and moving activations both count. The weight, 20, is a rough guess:
    it orders the runs and shares out the progress bar, no result depends on it. Where activations are not counted, so
    many are supposed as make half of the work.
    """
    return float(2 * macs if activations is None else macs + 20 * activations)
