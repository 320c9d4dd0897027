"""Where runs are done: from what is asked to devices, processes and threads, without torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from modernize.errors import ModernizeError, NotHereError
from modernize.run.devices import BF16_CAPABILITY, Gpu, find_gpus
from modernize.run.environment import num_cores
from modernize.run.identity import device_kind
from modernize.run.request import RunRequest
from modernize.train.runtime import Precision, Runtime

if TYPE_CHECKING:
    from modernize.run.devices import Gpu
    from modernize.run.task import Task


CPU_THREADS = 1
"""Of a run on the processor. Sums over several threads round otherwise, and differently for every number of threads:
a run's numbers would depend on the machine and on --jobs. Cores are used by doing several runs at a time."""

MOST_DECODERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Torchrun:
    """What torchrun (or another launcher that sets the same variables) has told this process."""

    rank: int
    size: int
    local_rank: int
    local_size: int


def torchrun() -> Torchrun | None:
    """Return this process's place among those that were launched together; None where it is alone.

    Raises:
        ModernizeError: If the launcher's variables are no numbers.
    """
    if not {"RANK", "WORLD_SIZE"} <= os.environ.keys():
        return None
    try:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        local_rank = int(os.environ.get("LOCAL_RANK", rank))
        local_size = int(os.environ.get("LOCAL_WORLD_SIZE", size))
    except ValueError:
        raise ModernizeError("RANK, WORLD_SIZE, LOCAL_RANK and LOCAL_WORLD_SIZE should be numbers.") from None
    return Torchrun(rank=rank, size=size, local_rank=local_rank, local_size=local_size) if size > 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the runs of a study are done.

    Attributes:
        runtime: Of every run; "cuda" stands for the GPU it will be given.
        jobs: Runs at a time.
        gpus: Those that runs are dealt out over; none on the processor.
        missing: Why runs cannot be done here, "" where they can: the GPUs are then supposed.
    """

    runtime: Runtime
    jobs: int
    gpus: tuple[Gpu, ...] = ()
    missing: str = ""

    def devices(self, slot: int) -> tuple[str, ...]:
        """Return the devices of the runs that are done in one of the `jobs` slots, one a process: round robin."""
        size = self.runtime.num_processes
        if not self.gpus:
            return (self.runtime.device,) * size
        indices = ((slot * size + rank) % len(self.gpus) for rank in range(size))
        return tuple(f"cuda:{self.gpus[index].index}" for index in indices)


def place(request: RunRequest, num_runs: int, *, here: bool = True, elsewhere: bool = False) -> Placement:
    """Decide where the runs of a request are done.

    Args:
        request: What is asked.
        num_runs: Of the whole study: no more are done at a time.
        here: Whether they are to be done on this machine; else GPUs that it lacks are supposed.
        elsewhere: Whether they are done on other machines, whatever GPUs this one has.

    Raises:
        NotHereError: If a GPU is asked for that is not there.
        ModernizeError: If the wishes contradict each other.
    """
    launched = torchrun()
    size = _num_processes(request, launched)
    missing, wanted = "", launched.local_size if launched else size
    supposed = tuple(Gpu(_index(request) + number, "GPU", BF16_CAPABILITY) for number in range(wanted))
    try:
        gpus = supposed if elsewhere and request.device.startswith("cuda") else _gpus(request, wanted)
    except NotHereError as error:
        if here:
            raise
        missing, gpus = str(error), supposed
    precision = _precision(request, gpus)
    cores = num_cores()
    if launched:
        jobs, processes_here = 1, launched.local_size
    else:
        default = max(1, (len(gpus) or cores) // size)
        jobs = min(request.jobs or default, num_runs)
        processes_here = jobs * size
    share = max(1, cores // processes_here)
    decoders = min(share, MOST_DECODERS) if gpus else 0  # the processor's own runs leave no core idle
    runtime = Runtime(
        device="cuda" if gpus else "cpu",
        precision=precision,
        micro_batch=request.micro_batch,
        num_processes=size,
        compile=request.compile,
        cuda_graphs=_cuda_graphs(request, gpus, precision, size),
        deterministic=request.deterministic,
        num_threads=share if gpus else CPU_THREADS,
        decode_workers=decoders if request.decode_workers is None else request.decode_workers,
    )
    return Placement(runtime=runtime, jobs=jobs, gpus=gpus, missing=missing)


def _index(request: RunRequest) -> int:
    return int(request.device.partition(":")[2] or 0)


def for_batch(runtime: Runtime, batch_size: int) -> Runtime:
    """Fit a runtime to the batches of a run: parts as large as a device's share of the batch are no parts.

    Raises:
        ModernizeError: If the processes cannot share a batch evenly.
    """
    share, rest = divmod(batch_size, runtime.num_processes)
    if rest:
        raise ModernizeError(
            f"a batch of {batch_size} images cannot be shared evenly by {runtime.num_processes} processes; "
            "set another recipe.batch_size."
        )
    return replace(runtime, micro_batch=0) if runtime.micro_batch >= share else runtime


def settle(planned: Runtime, here: Runtime, device: str) -> Runtime:
    """Fit a runtime to the process that does the run: what changes no number is the machine's own.

    Args:
        planned: Maybe on another machine.
        here: What this machine chooses, see `place`.
        device: Of the process.
    """
    # On the processor the number of threads changes roundings.
    threads = planned.num_threads if device_kind(planned) == "cpu" else here.num_threads
    return replace(planned, device=device, num_threads=threads, decode_workers=here.decode_workers)


def _num_processes(request: RunRequest, launched: Torchrun | None) -> int:
    if launched is None:
        return request.gpus or 1
    if request.gpus not in (None, launched.size):
        raise ModernizeError(
            f"torchrun has started {launched.size} processes, but {request.gpus} are asked for; leave out --gpus."
        )
    if request.jobs > 1:
        raise ModernizeError("under torchrun runs are done one after another; leave out --jobs.")
    return launched.size


def _gpus(request: RunRequest, num_processes: int) -> tuple[Gpu, ...]:
    """Return the GPUs to use; none for the processor."""
    kind, _, index = request.device.partition(":")
    if kind == "cpu":
        return ()
    found = find_gpus()
    if not found.gpus:
        if kind == "auto" and (num_processes == 1 or torchrun()):
            return ()
        wanted = "a GPU is" if num_processes == 1 else f"{num_processes} GPUs are"
        raise NotHereError(f"{wanted} asked for, but there is none that training could use: {found.why_none}.")
    if index:
        if num_processes > 1:
            raise ModernizeError(
                f"device is '{request.device}', one GPU, but {num_processes} processes need one each; write 'cuda'."
            )
        chosen = tuple(gpu for gpu in found.gpus if gpu.index == int(index))
        if not chosen:
            there = ", ".join(f"cuda:{gpu.index}" for gpu in found.gpus)
            raise NotHereError(f"there is no GPU '{request.device}'. There: {there}.")
        return chosen
    if num_processes > len(found.gpus):
        raise NotHereError(
            f"{num_processes} GPUs are asked for on one machine, but it has {len(found.gpus)} that training could use."
        )
    return found.gpus


def _precision(request: RunRequest, gpus: tuple[Gpu, ...]) -> Precision:
    wanted: Literal["auto", "fp32", "bf16", "fp16"] = request.precision
    without = next((gpu for gpu in gpus if not gpu.has_bf16), None)
    if wanted == "auto":
        return "bf16" if gpus and without is None else "fp32"
    if wanted == "bf16" and without:
        raise ModernizeError(f"precision is bf16, which GPU {without.index} ({without.name}) lacks; use fp16 or fp32.")
    if wanted == "fp16" and not gpus:
        raise ModernizeError("precision is fp16, which needs a GPU; on the processor use fp32 or bf16.")
    return wanted


def _cuda_graphs(request: RunRequest, gpus: tuple[Gpu, ...], precision: Precision, num_processes: int) -> bool:
    if request.cuda_graphs:
        for refused, why in (
            (not gpus, "CUDA graphs need a GPU; leave out --cuda-graphs."),
            (num_processes > 1, "CUDA graphs hold the step of one GPU; leave out --cuda-graphs or --gpus."),
            (precision == "fp16", "fp16's loss scale is decided step by step, outside CUDA graphs; use bf16 or fp32."),
        ):
            if refused:
                raise ModernizeError(why)
    return request.cuda_graphs


def execution_words(tasks: Sequence[Task], gpus: Sequence[Gpu]) -> str:
    """Say what the runs of a study are executed on, for example "2 x NVIDIA H200, bf16, batch 64 a run".

    Args:
        tasks: Of the study.
        gpus: Those that runs are dealt out over; none for the processor.
    """
    runtime = tasks[0].runtime
    names = list(dict.fromkeys(gpu.name for gpu in gpus)) or ["the processor"]
    words = [", ".join(names) if len(gpus) < 2 else f"{len(gpus)} x {' and '.join(names)}", runtime.precision]
    batches = sorted({int(task.trained_recipe["batch_size"]) for task in tasks})
    size = " or ".join(f"{batch:,}" for batch in batches)
    if runtime.num_processes > 1:
        share = " or ".join(f"{batch // runtime.num_processes:,}" for batch in batches)
        unit = "GPUs" if gpus else "processes"
        words.append(f"batch {size} = {runtime.num_processes} {unit} x {share}")
    else:
        words.append(f"batch {size}")
    if micro := {task.runtime.micro_batch for task in tasks} - {0}:
        words.append(f"at most {max(micro):,} at once")
    words += ["compiled"] * runtime.compile + ["CUDA graphs"] * runtime.cuda_graphs
    words += ["deterministic"] * runtime.deterministic
    return ", ".join(words)
