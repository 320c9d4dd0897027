"""A task and its outcome -> a record."""

from __future__ import annotations

from datetime import UTC, datetime

from modernize.results.record import NO_WEIGHTS, Curves, Execution, Record, Result, Speed
from modernize.results.sources import sources
from modernize.run.environment import commit, device_name, hardware, versions
from modernize.run.identity import device_kind
from modernize.run.task import Task
from modernize.train.progress import Outcome
from modernize.train.runtime import Runtime


def record_of(
    task: Task,
    outcome: Outcome | None,
    *,
    error: str = "",
    started_at: str = "",
    seconds: float = 0.0,
    peak_memory_mb: float = 0.0,
    peak_device_memory_mb: float = 0.0,
) -> Record:
    """Put a task and what came of it together.

    Args:
        task: What was to be done.
        outcome: What training gave; None if the run failed.
        error: Why it failed, one line.
        started_at: UTC, ISO 8601; now by default.
        seconds: Wall time of the whole run, or of the part since it was resumed.
        peak_memory_mb: Of the process, during the run.
        peak_device_memory_mb: Of its GPU, likewise.
    """
    return Record(
        **task.facts(),
        status="failed" if outcome is None else "diverged" if outcome.diverged else "finished",
        error=error,
        curves=outcome.curves if outcome else Curves(),
        result=outcome.result if outcome else Result(),
        speed=Speed(
            images_per_second=round(outcome.images_per_second, 1) if outcome else 0.0,
            seconds=round(seconds + (outcome.earlier_seconds if outcome else 0.0), 2),
            peak_memory_mb=round(peak_memory_mb, 1),
            peak_device_memory_mb=round(peak_device_memory_mb, 1),
            epoch_seconds=tuple(round(s, 3) for s in outcome.epoch_seconds) if outcome else (),
        ),
        hardware=hardware(task.runtime.num_threads, device_name(task.runtime)),
        versions=versions(cuda=device_kind(task.runtime) == "cuda"),
        commit=commit(),
        sources=sources(),
        started_at=started_at or now(),
        finished_at=now(),
        num_resumes=outcome.num_resumes if outcome else 0,
        execution=outcome.execution if outcome else asked(task.runtime),
        weights=outcome.weights if outcome else NO_WEIGHTS,
        ema_weights=outcome.ema_weights if outcome else NO_WEIGHTS,
    )


def asked(runtime: Runtime) -> Execution:
    """Say of a run that failed how it should have been executed."""
    return Execution(
        device=device_kind(runtime),
        precision=runtime.precision,
        num_devices=runtime.num_processes,
        compiled=runtime.compile,
        cuda_graphs=runtime.cuda_graphs,
        deterministic=runtime.deterministic,
    )


def now() -> str:
    """Return the time in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
