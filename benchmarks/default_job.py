"""P4: how long `modernize run --upto ln` takes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time

from benchmarks.measured import Measured
from benchmarks.side import ROOT

SMALL = ("--epochs", "1", "--train-images", "128", "--test-images", "100")


def measure(quick: bool) -> list[Measured]:
    """Run the job once into a fresh folder, report included."""
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        command = [sys.executable, "-m", "modernize", "run", "--upto", "ln", "--out", out, *(SMALL if quick else ())]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        seconds = time.perf_counter() - began
    return [
        Measured(
            goal="P4",
            what="modernize run --upto ln" + (f" {' '.join(SMALL)} (the whole job without --quick)" if quick else ""),
            ours=seconds,
            unit="s",
            better="lower",
            at_least=300,
            aim=200,
        )
    ]
