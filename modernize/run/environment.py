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
from modernize.version import __version__

PACKAGES = ("torch", "numpy")


def num_cores() -> int:
    """Return the number of processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def hardware(num_threads: int) -> Hardware:
    """Describe the machine."""
    return Hardware(
        device="cpu",
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
def versions() -> dict[str, str]:
    """Return the versions of python, modernize and the packages that decide the numbers."""
    found = {"python": platform.python_version(), "modernize": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return found


@cache
def commit() -> str:
    """Return the commit of the source tree, "+dirty" if it has changes, "" where it is no git checkout."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return ""
    revision = _output(["git", "-C", str(folder), "rev-parse", "--short=12", "HEAD"])
    if not revision:
        return ""
    changed = _output(["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no"])
    return f"{revision}+dirty" if changed else revision


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
