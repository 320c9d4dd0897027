"""What runs are executed on, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modernize.run.devices import Gpu
    from modernize.run.task import Task


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
