"""How long a plan will take: from earlier records on this machine, or a rough guess that says it is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.regimes import get_regime
from modernize.results.record import Record
from modernize.run.environment import device_name, hardware
from modernize.run.identity import device_kind
from modernize.run.plan import work_per_image
from modernize.run.task import Task
from modernize.spec import Arch, Recipe, Spec, fingerprint
from modernize.strict import from_dict
from modernize.train.runtime import Runtime

EVALUATION_SHARE = 1 / 3
"""Of an image's training time; training goes forward once and backward for about twice as long."""

GUESSED_WORK_PER_SECOND = {"cpu": 5e9, "cuda": 2e12}
"""Of one thread of a current processor, right to a factor of a few, and of a GPU, right to a factor of ten at 224 px
(small networks leave most of it idle); in the units of `work_per_image`. A guess, used until there is a record."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long the runs of a plan will take.

    Attributes:
        run_seconds: By run id.
        seconds: For all of them, several at a time.
        basis: What it rests on, a sentence.
    """

    run_seconds: dict[str, float]
    seconds: float
    basis: str


def estimate(tasks: Sequence[Task], records: Iterable[Record], jobs: int) -> Estimate:
    """Estimate how long runs will take.

    A rung that was trained on this machine before takes as long an image as it took then. Another rung's time follows
    from its counted work and the work a second of those that were.

    Args:
        tasks: Runs to do.
        records: Earlier runs, of any machine.
        jobs: Runs at a time.
    """
    rates: dict[str, list[float]] = {}
    works: list[float] = []
    for record in records:
        if tasks and _comparable(record, tasks[0].runtime):
            key = _key(record.arch, record.data.image_size)
            if key not in rates and (work := _work_of(record)):
                works.append(work * record.speed.images_per_second)
            rates.setdefault(key, []).append(record.speed.images_per_second)
    work_per_second = median(works) if works else _guess(tasks)

    run_seconds: dict[str, float] = {}
    num_known = 0
    for task in tasks:
        known = rates.get(_key(task.arch, task.data.image_size))
        num_known += bool(known)
        epochs = int(task.trained_recipe["epochs"])
        images = _images(task)
        per_image = task.work / (epochs * task.data.num_train_images)
        run_seconds[task.run_id] = images / median(known) if known else images * per_image / work_per_second
    seconds = max(sum(run_seconds.values()) / max(1, jobs), max(run_seconds.values(), default=0.0))
    return Estimate(run_seconds, seconds, _basis(len(tasks), num_known, calibrated=bool(works)))


def _images(task: Task) -> float:
    """Count the images of a run, those that are only evaluated by their share of the time."""
    data, epochs = task.data, int(task.trained_recipe["epochs"])
    if data.num_val_images:  # the test images are looked at once, at the end
        evaluated = epochs * data.num_val_images + data.num_test_images
    else:
        evaluated = epochs * data.num_test_images
    return epochs * data.num_train_images + EVALUATION_SHARE * evaluated


def _guess(tasks: Sequence[Task]) -> float:
    if not tasks:
        return 1.0
    runtime = tasks[0].runtime
    return GUESSED_WORK_PER_SECOND[device_kind(runtime)] * runtime.num_processes


def _basis(num_runs: int, num_known: int, *, calibrated: bool) -> str:
    if num_known == num_runs:
        return "from the measured images/s of the same rungs on this machine"
    if num_known:
        return (
            f"{num_known} of {num_runs} runs from the measured images/s of the same rungs on this machine, the others "
            "roughly from their counted work"
        )
    if calibrated:
        return "rough: from counted work and the measured speed of other rungs on this machine"
    return "rough: from counted work and a guessed speed; there is no record of this machine yet"


def _comparable(record: Record, runtime: Runtime) -> bool:
    """Whether a record's speed says something about runs that are executed so on this machine."""
    here = hardware(runtime.num_threads, device_name(runtime))
    there, done = record.hardware, record.execution
    same = (done.precision, done.num_devices, done.compiled) == (
        runtime.precision,
        runtime.num_processes,
        runtime.compile,
    )
    same = same and (there.device, there.processor) == (here.device, here.processor)
    if here.device == "cpu":
        same = same and there.num_threads == here.num_threads
    return same and record.status == "finished" and record.speed.images_per_second > 0


def _key(arch: dict[str, Any], image_size: int) -> str:
    return fingerprint({"arch": arch, "image_size": image_size})


def _work_of(record: Record) -> float:
    """Count the work of one of a record's images; 0 if this version cannot read its architecture."""
    try:
        arch = from_dict(Arch, record.arch, "arch")
        spec = Spec(regime=get_regime(record.rung.regime), arch=arch, recipe=Recipe())
        return work_per_image(cost(spec, record.data.image_size))
    except ModernizeError:
        return 0.0
