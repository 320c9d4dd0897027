"""Facts about the machine, the software and the source tree, for records."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from modernize.results.record import Hardware
from modernize.run.devices import find_gpus, torch_cuda
from modernize.train.runtime import Runtime
from modernize.version import __version__

PACKAGES = ("torch", "numpy")
SOURCES = ("modernize", "steps")


def num_cores() -> int:
    """Return the number of processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def device_name(runtime: Runtime) -> str:
    """Return "cpu", or the name of the GPU that a runtime means; "cuda" if the driver does not tell."""
    kind, _, index = runtime.device.partition(":")
    if kind == "cpu":
        return kind
    return next((gpu.name for gpu in find_gpus().gpus if gpu.index == int(index or 0)), kind)


@cache
def hardware(num_threads: int, device: str = "cpu") -> Hardware:
    """Describe the machine.

    Args:
        num_threads: Of a process.
        device: "cpu", or the name of a GPU.
    """
    return Hardware(
        device=device,
        processor=_processor(),
        num_cores=num_cores(),
        num_threads=num_threads,
        memory_gb=_memory_gb(),
        platform=f"{platform.system()} {platform.machine()}",
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        named = _output(["sysctl", "-n", "machdep.cpu.brand_string"])
        if named:
            return named
    return platform.processor() or platform.machine()


def _memory_gb() -> float:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return 0.0


@cache
def versions(*, cuda: bool = False) -> dict[str, str]:
    """Return the versions of python, modernize and the packages that decide the numbers.

    Args:
        cuda: Also the CUDA version that torch was built for.
    """
    found = {"python": platform.python_version(), "modernize": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return found | ({"cuda": torch_cuda()} if cuda else {})


@cache
def commit() -> str:
    """Return the commit of the source tree, "+dirty" if the code has changes, "" where it is no git checkout."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return ""
    revision = _output(["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"])
    if not revision:
        return ""
    # What runs write into results/ and reports/ changes no number.
    changed = _output(
        ["git", "--no-optional-locks", "-C", str(folder), "status", "--porcelain", "--untracked-files=no", *SOURCES]
    )
    return f"{revision}+dirty" if changed else revision


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
