"""How long a plan will take: from earlier records on this machine, or a rough guess that says it is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from modernize.entry import model_of
from modernize.errors import ModernizeError
from modernize.external import External
from modernize.fingerprint import fingerprint
from modernize.regimes import spec_of
from modernize.results.record import Record
from modernize.run.environment import device_name, hardware, num_cores
from modernize.run.identity import device_kind
from modernize.run.task import TIMES_A_CLASSIFIER, Task, count, work_per_image
from modernize.spec import Recipe
from modernize.train.runtime import Runtime
from modernize.words import plural

EVALUATION_SHARE = 1 / 3
"""Of an image's training time; training goes forward once and backward for about twice as long."""

GUESSED_WORK_PER_SECOND = {"cpu": 5e9, "cuda": 2e12}
"""Of one thread of a current processor, right to a factor of a few, and of a GPU, right to a factor of ten at 224 px
(small networks leave most of it idle); in the units of `work_per_image`. A guess, used until there is a record."""

DECODING_SECONDS = {32: 0.45e-3, 224: 3.1e-3}
"""Of one core an image, by image size in pixels: reading, cropping and RandAugment as the decoded feed does them,
measured in one thread on an AMD EPYC with 2 cores, Pillow 13.0 (processor time, medians of 7 times 100 images; the
extremes were 0.44 and 0.45 ms at 32 px, 3.02 and 3.19 ms at 224 px). The files were cut from two photographs: PNG of
32 px, 2 kB; JPEG of 500 x 375 px, 56 kB. Larger files take longer. Used until there is a record of such a run."""

FEWEST_STEPS, FEWEST_IMAGES = 5, 300
"""Of training, to tell a speed by: the first step is slow, and so are small batches. Measured in one thread on an AMD
EPYC at base and ln of the laptop ladder: 85 and 173 images/s in one step of 4 images, 656 and 574 in one of 64, 1,125
and 705 in five, 913 and 703 in thirty."""

IN_MEMORY = ""
SAME, OTHERS, GUESS = "same", "others", "guess"


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

    A rung that was trained on this machine before takes as long an image as it took then, if its images took the same
    path: decoding one by one, of one data set, is told apart from images in memory. Another rung's time follows from
    its counted work and the work a second of those that were; decoding that no record knows is added.

    Args:
        tasks: Runs to do.
        records: Earlier runs, of any machine.
        jobs: Runs at a time.
    """
    known = _known(records, tasks[0].runtime) if tasks else {}
    run_seconds: dict[str, float] = {}
    sources: list[str] = []
    used: set[_Key] = set()
    decoding_seconds = 0.0
    for task in tasks:
        path = _path(task.input_path, task.data.name)
        adds_decoding = path not in {IN_MEMORY, *(path for path, _ in known)}
        seconds, source, by = _seconds(task, IN_MEMORY if adds_decoding else path, known)
        if adds_decoding:
            decoding_seconds = _decoding_seconds(task.data.image_size)
            seconds = _with_decoding(seconds, task, num_cores() // max(1, jobs))
        run_seconds[task.run_id] = seconds
        sources.append(source)
        used |= by
    seconds = max(sum(run_seconds.values()) / max(1, jobs), max(run_seconds.values(), default=0.0))
    num_images = [number for key in used for number in known[key].num_images]
    size = f" ({plural(len(num_images), 'run')}, {sum(num_images):,} images)" if used else ""
    return Estimate(run_seconds, seconds, _basis(sources, size, decoding_seconds))


def rate_here(records: Iterable[Record], runtime: Runtime) -> tuple[float, bool]:
    """Return the work a second of runs with images in memory, and whether records of this machine tell it.

    Args:
        records: Earlier runs, of any machine.
        runtime: How runs would be executed.
    """
    known = [one for (path, _), one in _known(records, runtime).items() if path == IN_MEMORY and one.work_per_second]
    if known:
        return median(one.work_per_second for one in known), True
    return GUESSED_WORK_PER_SECOND[device_kind(runtime)] * runtime.num_processes, False


class _Known(NamedTuple):
    """What the records of this machine say of one network; the images are those of each run."""

    images_per_second: float
    work_per_second: float
    num_images: list[int]


_Key = tuple[str, str]  # the path that images took, and the network


def _known(records: Iterable[Record], runtime: Runtime) -> dict[_Key, _Known]:
    """Gather what records say about runs that are executed so on this machine."""
    groups: dict[_Key, list[Record]] = {}
    for record in records:
        if _comparable(record, runtime):
            path = _path(record.execution.input_path, record.data.name)
            groups.setdefault((path, _network(record.model, record.data.image_size, record.objective)), []).append(
                record
            )
    rates = {key: median(record.speed.images_per_second for record in group) for key, group in groups.items()}
    return {
        key: _Known(rates[key], rates[key] * _work_of(group[0]), [_num_images(record) for record in group])
        for key, group in groups.items()
    }


def _seconds(task: Task, path: str, known: Mapping[_Key, _Known]) -> tuple[float, str, set[_Key]]:
    """Return how long a run takes if its images take this path, where that comes from, and what tells it."""
    trained, evaluated = _images(task)
    images = trained + EVALUATION_SHARE * evaluated
    key = (path, _network(task.model, task.data.image_size, task.trained_recipe["objective"]))
    if key in known:
        return images / known[key].images_per_second, SAME, {key}
    work = images * task.work / trained
    if others := {key for key, one in known.items() if key[0] == path and one.work_per_second}:
        return work / median(known[key].work_per_second for key in others), OTHERS, others
    return work / (GUESSED_WORK_PER_SECOND[device_kind(task.runtime)] * task.runtime.num_processes), GUESS, set()


def _path(input_path: str, data_name: str) -> str:
    """Name the way that images take: how long decoding takes is a matter of the data set."""
    return IN_MEMORY if input_path == "resident" else data_name


def _images(task: Task) -> tuple[int, int]:
    """Count the images that a run trains on and those that it evaluates, over all epochs."""
    data, epochs = task.data, int(task.trained_recipe["epochs"])
    if data.num_val_images:  # the test images are looked at once, at the end
        return epochs * data.num_train_images, epochs * data.num_val_images + data.num_test_images
    return epochs * data.num_train_images, epochs * data.num_test_images


def _decoding_seconds(image_size: int) -> float:
    """Return the core's time for an image of this size, on the line through the two that were measured."""
    (small, low), (large, high) = DECODING_SECONDS.items()
    return low + (high - low) * (image_size - small) / (large - small)


def _with_decoding(seconds: float, task: Task, cores: int) -> float:
    """Add decoding to the time of a run with images in memory: beside training in workers, else before each step.

    Args:
        seconds: Without decoding.
        task: The run.
        cores: That it has for itself.
    """
    runtime = task.runtime
    core_seconds = sum(_images(task)) * _decoding_seconds(task.data.image_size)
    at_once = max(1, min(cores, runtime.num_processes * max(1, runtime.decode_workers)))
    return max(seconds, core_seconds / at_once) if runtime.decode_workers else seconds + core_seconds / at_once


def _basis(sources: Sequence[str], size: str, decoding_seconds: float) -> str:
    num_runs, num_known = len(sources), sources.count(SAME)
    if num_known == num_runs:
        basis = f"from the measured images/s of the same rungs on this machine{size}"
    elif num_known:
        basis = (
            f"{num_known} of {num_runs} runs from the measured images/s of the same rungs on this machine{size}, the "
            "others roughly from their counted work"
        )
    elif GUESS not in sources:
        basis = f"rough: from counted work and the measured speed of other rungs on this machine{size}"
    else:
        basis = (
            "rough: from counted work and a guessed speed; there is no such record of this machine yet, or none long "
            "enough to tell"
        )
    if not decoding_seconds:
        return basis
    return (
        f"rough: {basis.removeprefix('rough: ')}; decoding is added for {num_cores()} cores at about "
        f"{1e3 * decoding_seconds:.1f} ms of a core an image, from what was measured on an AMD EPYC with "
        "files of at most 500 x 375 px, for no run here has decoded this data set yet"
    )


def _comparable(record: Record, runtime: Runtime) -> bool:
    """Whether a record's speed says something about runs that are executed so on this machine."""
    here = hardware(runtime.num_threads, device_name(runtime))
    there, done = record.hardware, record.execution
    same = (done.precision, done.num_devices, done.compiled, done.cuda_graphs) == (
        runtime.precision,
        runtime.num_processes,
        runtime.compile,
        runtime.cuda_graphs,
    )
    same = same and (there.device, there.processor) == (here.device, here.processor)
    if here.device == "cpu":
        same = same and there.num_threads == here.num_threads
    same = same and record.num_steps >= FEWEST_STEPS and _num_images(record) >= FEWEST_IMAGES and not record.copied_from
    return same and record.status == "finished" and record.speed.images_per_second > 0


def _num_images(record: Record) -> int:
    return record.num_steps * int(record.trained_recipe.get("batch_size", 0))


def _network(model: dict[str, Any], image_size: int, objective: str) -> str:
    return fingerprint({"model": model, "image_size": image_size, "objective": objective})


def _work_of(record: Record) -> float:
    """Count the work of one of a record's images; 0 if this version cannot read its architecture."""
    times = TIMES_A_CLASSIFIER.get(record.objective, 1.0)
    try:
        model = model_of(record.model)
        if isinstance(model, External):
            return times * work_per_image(record.cost.macs)
        return times * count(spec_of(model, Recipe()), record.data.image_size)[1]
    except ModernizeError:
        return 0.0
