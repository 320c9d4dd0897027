"""Peak memory of this process, and of its GPU."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")


def reset_peak_memory() -> None:
    """Start a new peak where the system can (Linux); elsewhere the peak is that of the whole process."""
    # What earlier work freed but the allocator kept would count as ours: hand it back first (glibc).
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mb() -> float:
    """Return the largest resident size since the last reset, in units of 2^20 bytes."""
    with suppress(OSError, StopIteration):
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def reset_peak_device_memory(device: str) -> None:
    """Start a new peak on a GPU; of the processor, see `reset_peak_memory`."""
    import torch

    if device.startswith("cuda") and torch.cuda.is_available():
        with suppress(RuntimeError):  # there is no such GPU: training will say so
            torch.cuda.reset_peak_memory_stats(device)


def peak_device_memory_mb(device: str) -> float:
    """Return the most memory that tensors took on a GPU since the last reset, in units of 2^20 bytes; 0 elsewhere."""
    import torch

    if not (device.startswith("cuda") and torch.cuda.is_available()):
        return 0.0
    try:
        return torch.cuda.max_memory_allocated(device) / 2**20
    except RuntimeError:
        return 0.0


def added_memory_mb(call: Callable[[], object], device: str) -> float | None:
    """Return the most memory that a call took beyond what lay there before it, in units of 2^20 bytes.

    Args:
        call: What to measure.
        device: A GPU, whose tensors are counted; else what the system says of this process.

    Returns:
        None where the system does not tell.
    """
    on_gpu = device.startswith("cuda")

    def peak() -> float:
        return peak_device_memory_mb(device) if on_gpu else peak_memory_mb()

    reset_peak_device_memory(device)
    reset_peak_memory()
    before = peak()
    call()
    return max(0.0, peak() - before) if on_gpu or _STATUS.exists() else None
