"""P8: from the start of `run` to its first training step, against `import torch`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.measured import Measured
from benchmarks.side import ROOT


def measure(quick: bool) -> list[Measured]:
    """Start either in turn, each in a fresh process."""
    repeats = 1 if quick else 7
    ours, torch = [], []
    for _ in range(repeats + 1):
        torch.append(_seconds("-c", "import torch"))
        ours.append(_seconds("-m", "benchmarks.first_step"))
    return [
        Measured(
            goal="P8",
            what="modernize run, start to first training step",
            against="import torch in a fresh process",
            ours=median(ours[1:]),
            other=median(torch[1:]),
            unit="s",
            better="lower",
            at_least=1.5,
            aim=1.1,
            note="wall time; images drawn before",
        )
    ]


def _seconds(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - began


def run_until_first_step() -> None:
    """Do what `modernize run --upto ln` does, and leave at the first step."""
    import modernize.cli.app  # noqa: F401 - the command loads it too
    from modernize.cli.live import LiveProgress
    from modernize.run.request import RunRequest
    from modernize.run.run_study import run_study
    from modernize.run.task import Task
    from modernize.selection import Selection

    class LeaveAtFirstStep(LiveProgress):
        def step(self, task: Task, epoch: int, step: int, images: int) -> None:
            super().step(task, epoch, step, images)
            raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as out:
        try:
            run_study(RunRequest(selection=Selection(upto="ln"), out=Path(out)), LeaveAtFirstStep())
        except KeyboardInterrupt:
            return
    raise RuntimeError("the run ended without a step")


if __name__ == "__main__":
    run_until_first_step()
