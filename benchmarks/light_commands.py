"""P7: what the light commands cost against importing typer and rich alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from benchmarks.measured import Measured
from benchmarks.side import ROOT

BASELINE = ("-c", "import typer, rich.console, rich.table")
SMALLEST_APP = """
import typer

app = typer.Typer()

@app.command()
def one(option: str = ""): ...

@app.command()
def two(): ...

app(["one"])
"""
SMALLEST = ("-c", SMALLEST_APP)
COMMANDS = {
    "--help": ("-m", "modernize", "--help"),
    "steps": ("-m", "modernize", "steps"),
    "cost": ("-m", "modernize", "cost"),
}


def measure(quick: bool) -> list[Measured]:
    """Run each command and the imports in turn."""
    repeats = 2 if quick else 15
    times: dict[str, list[float]] = {name: [] for name in ("imports", "smallest", *COMMANDS)}
    for _ in range(repeats + 1):
        times["imports"].append(cpu_seconds(BASELINE))
        times["smallest"].append(cpu_seconds(SMALLEST))
        for name, command in COMMANDS.items():
            times[name].append(cpu_seconds(command))
    smallest = 1e3 * median(times["smallest"][1:])
    return [
        Measured(
            goal="P7",
            what=f"modernize {name}",
            against=BASELINE[1],
            ours=1e3 * median(times[name][1:]),
            other=1e3 * median(times["imports"][1:]),
            unit="ms",
            better="lower",
            at_least=1.5,
            aim=1.2,
            note=f"processor time of a fresh process; typer's smallest command with an option takes {smallest:.0f} ms",
        )
        for name in COMMANDS
    ]


def cpu_seconds(arguments: Sequence[str]) -> float:
    """Run python with these arguments and return the processor time it took."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime
