"""One of several processes that share runs, for test_train_distributed.py: does the runs named on its command line."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

EVERYTHING = {
    "mixup": 0.8,
    "mix_probability": 1.0,
    "ema_decay": 0.9,
    "clip_grad_norm": 1.0,
    "stochastic_depth": 0.3,
}
RUNS: dict[str, dict[str, Any]] = {
    "layer-norm": {"rung": -1},
    "batch-norm": {"rung": 0},
    "diverges": {"rung": 0, "lr": 1e6, "warmup_epochs": 0.0},
    "everything": {"rung": 0, "micro_batch": 4, "recipe": EVERYTHING},
}


def do(name: str, folder: Path | None = None, stop_at: int = 0, die_at: int = 0, **runtime: int) -> dict[str, Any]:
    """Do a run: 96 images in batches of 16, evaluated on 51.

    Args:
        name: Of the run.
        folder: For checkpoints, one at every step.
        stop_at: At this step the last process is asked to stop.
        die_at: At this step the last process kills itself.
        runtime: Fields of `Runtime`.
    """
    from test_train import bars, short

    from modernize.train.checkpoint import Checkpoints
    from modernize.train.loop import Stopped, train
    from modernize.train.runtime import Runtime

    options = dict(RUNS[name])
    recipe = options.pop("recipe", {}) | {key: options.pop(key) for key in ("lr", "warmup_epochs") if key in options}
    spec = short(options.pop("rung"), **recipe)
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    steps = [0]

    def on_step(_epoch: int, step: int) -> None:
        steps[0] = step
        if rank == size - 1 and step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        outcome = train(
            spec,
            bars(num_test=51),
            seed=0,
            runtime=Runtime(num_processes=size, **(options | runtime)),
            on_step=on_step,
            checkpoints=Checkpoints(folder, "a run", seconds_between=0) if folder and rank == 0 else None,
            should_stop=lambda: rank == size - 1 and steps[0] == stop_at,
        )
    except Stopped:
        return {"stopped": steps[0]}
    return {
        "curves": asdict(outcome.curves),
        "result": asdict(outcome.result),
        "execution": asdict(outcome.execution),
        "diverged": outcome.diverged,
        "num_resumes": outcome.num_resumes,
    }


def main() -> None:
    """Do the runs given as JSON, and write what came of them as JSON."""
    import torch

    torch.set_num_threads(1)
    for options in json.loads(sys.argv[1]):
        folder = Path(options.pop("folder")) if "folder" in options else None
        print(json.dumps(do(folder=folder, **options)), flush=True)  # noqa: T201


if __name__ == "__main__":
    from modernize.__main__ import leave

    main()
    leave(0)
