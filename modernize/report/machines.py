"""Which runs of a study were made alike: only their speeds may stand in one column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from modernize.results.record import Hardware, Record
from modernize.words import plural

Machine = tuple[Hardware, tuple[Any, ...]]

# The batch of a device follows from the recipe; everything else says how the arithmetic was done.
_HOW = attrgetter(
    "device", "precision", "num_devices", "input_path", "tf32", "compiled", "cuda_graphs", "deterministic"
)

_INPUT_PATHS = {"resident": "data resident in memory, augmented by the batch", "decoded": "images decoded one by one"}


def machine_of(record: Record) -> Machine:
    """Say what decides a run's speed besides its network: the machine, and how it was used."""
    return record.hardware, _HOW(record.execution)


def usual_machine(records: Iterable[Record]) -> Machine | None:
    """Return the machine that most finished runs ran on; the first of those that share the lead."""
    counts = Counter(machine_of(record) for record in records if record.status == "finished")
    return counts.most_common(1)[0][0] if counts else None


def hardware_text(machine: Hardware) -> str:
    """Describe a machine."""
    threads = f"{plural(machine.num_threads, 'thread')} a run"
    return (
        f"{machine.device}: {machine.processor}, {machine.num_cores} cores, {threads}, "
        f"{machine.memory_gb:.0f} GB, {machine.platform}"
    )


def execution_text(record: Record) -> str:
    """Describe how a run's arithmetic was done."""
    execution = record.execution
    # Records from before there were parts of batches do not say it: their one device took whole batches.
    images = execution.batch_per_device or record.trained_recipe.get("batch_size")
    batch = f" of {images} images each at a time" if images else ""
    parts = (
        f"{execution.device}, {execution.precision}",
        f"{plural(execution.num_devices, 'device')}{batch}",
        _INPUT_PATHS.get(execution.input_path, execution.input_path),
        "TF32 allowed" if execution.tf32 else "no TF32",
        "torch.compile" if execution.compiled else "no torch.compile",
        "whole steps as CUDA graphs" if execution.cuda_graphs else "",
        "deterministic algorithms only" if execution.deterministic else "",
    )
    return ", ".join(filter(None, parts))


def machine_notes(records: Iterable[Record]) -> tuple[str, ...]:
    """Tell apart the runs of a study that were not made alike; nothing where all were."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        key = (*machine_of(record), tuple(record.versions.items()), record.commit)
        groups.setdefault(key, []).append(record)
    if len(groups) < 2:
        return ()
    return tuple(
        f"{plural(len(alike), 'run')} on {hardware_text(alike[0].hardware)}; {execution_text(alike[0])}; "
        f"torch {alike[0].versions.get('torch', 'unknown')}; commit {alike[0].commit or 'unknown'}."
        for alike in groups.values()
    )
