"""One side of a comparison as a process of its own, so that each has its own threads and allocator settings.

Run as `python -m benchmarks.side`: reads {"function": "module:name", "arguments": {...}} lines, writes results.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from modernize.run.crew import WORKER_ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]
OURS = WORKER_ENVIRONMENT


class Side:
    """A process that calls functions of this package; use as a context manager.

    Args:
        threads: Of torch.
        environment: Variables to add; `OURS` for those of a worker of the pool.
    """

    def __init__(self, threads: int = 1, environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.side"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {}), "OMP_NUM_THREADS": f"{threads}", "MKL_NUM_THREADS": f"{threads}"},
            cwd=ROOT,
            text=True,
        )

    def __enter__(self) -> Side:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def begin(self, function: str, **arguments: Any) -> None:
        """Start a call, for example of "training:epoch_seconds"."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"function": function, "arguments": arguments}) + "\n")
        self.process.stdin.flush()

    def end(self) -> Any:
        """Wait for the call and return its result."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a side of the benchmark died; its error is above")
        return json.loads(line)

    def call(self, function: str, **arguments: Any) -> Any:
        """Call a function and return its result."""
        self.begin(function, **arguments)
        return self.end()


def serve() -> None:
    """Answer calls until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        request = json.loads(line)
        module, name = request["function"].split(":")
        answer = getattr(import_module(f"benchmarks.{module}"), name)(**request["arguments"])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve()
