"""What a job does on its node: one run, with whatever processes the cluster has started for it.

It is told to stop before its time limit and when others take its place (SIGUSR2), and when it is requeued or cancelled
by hand (SIGTERM): it writes a checkpoint and ends, and goes on from there when its turn comes again.
"""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modernize.run.executor import Elsewhere, Event, Noted
from modernize.run.identity import device_kind
from modernize.run.placement import Torchrun, place
from modernize.run.request import RunRequest
from modernize.run.task import Task

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

SECONDS_BETWEEN_LOOKS = 5.0


@dataclass(frozen=True)
class Job:
    """One run, as it is sent to the node.

    Attributes:
        task: What to do, as plain data.
        decode_workers: Processes that decode images; None for as many as suit the node.
    """

    task: dict[str, Any]
    decode_workers: int | None = None

    def checkpoint(self) -> DelayedSubmission:
        """Say what is to be done when the job's turn comes again: the same, from the checkpoint on disk."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def __call__(self) -> None:
        """Do the run.

        Raises:
            ModernizeError: If the node has not what the run takes, or its record cannot be written.
            SystemExit: If it was told to stop.
        """
        requeue = signal.getsignal(signal.SIGUSR2)  # submitit's: puts the job into the queue again, and ends
        task, launched = Task.from_json(self.task), _launched()
        runtime = task.runtime
        asked = RunRequest(
            device=device_kind(runtime),
            precision=runtime.precision,
            micro_batch=runtime.micro_batch,
            gpus=runtime.num_processes if runtime.num_processes > 1 else None,
            compile=runtime.compile,
            cuda_graphs=runtime.cuda_graphs,
            deterministic=runtime.deterministic,
            decode_workers=self.decode_workers,
        )
        if launched.rank > 0:
            from modernize.run.together import follow

            sys.exit(follow(asked, launched))
        try:
            _lead(task, asked, launched)
        except SystemExit as end:
            if end.code == 128 + signal.SIGUSR2 and callable(requeue):
                requeue(signal.SIGUSR2, None)
            raise


def _launched() -> Torchrun:
    """Say which of the run's processes this one is, in the environment too."""
    import os

    from submitit.helpers import TorchDistributedEnvironment

    named = os.environ.pop("MASTER_ADDR", "")  # where nodes do not know each other's names, setup lines say it
    here = TorchDistributedEnvironment()
    if here.world_size > 1:
        here.export(set_cuda_visible_devices=False, overwrite=True)
        os.environ["MASTER_ADDR"] = named or os.environ["MASTER_ADDR"]
    return Torchrun(rank=here.rank, size=here.world_size, local_rank=here.local_rank, local_size=here.local_world_size)


def _lead(task: Task, asked: RunRequest, launched: Torchrun) -> None:
    """Do the run; where another process has it in hand, wait until its record is there, or it is free."""
    from modernize.run.together import Together

    elsewhere = True

    def hear(event: Event) -> None:
        nonlocal elsewhere
        elsewhere = isinstance(event, Elsewhere) and bool(event.holder)
        if isinstance(event, Noted):
            sys.stderr.write(f"{event.text}\n")

    with Together(launched, place(asked, 1).runtime) as together:
        while elsewhere:
            together.run([task], hear)
            if elsewhere:
                time.sleep(SECONDS_BETWEEN_LOOKS)
