"""The queue of a cluster: which jobs wait or run, and the end of those that are not wanted any more."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from modernize.errors import ModernizeError

SECONDS = 60
"""What a busy controller gets to answer."""


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job that has not ended.

    Attributes:
        job: Its number; of an array's, that and its place in it: "12_3".
        state: Slurm's word, for example "PENDING".
        reason: Why it waits, or "None".
    """

    job: str
    state: str
    reason: str

    @property
    def runs(self) -> bool:
        """Whether it is on a node."""
        return self.state in ("RUNNING", "COMPLETING")


def queued_jobs() -> dict[str, QueuedJob]:
    """Ask for the user's jobs that wait or run, by number.

    Raises:
        ModernizeError: If the queue does not answer: that a job is gone is not to be guessed.
    """
    jobs = {}
    for line in _ask("squeue", "--me", "--noheader", "--array", "--format=%i|%T|%r").splitlines():
        job, _, rest = line.strip().partition("|")
        state, _, reason = rest.partition("|")
        jobs[job] = QueuedJob(job, state, reason)
    return jobs


def cancel_jobs(jobs: Sequence[str]) -> None:
    """End jobs; those that have ended already are no error.

    Raises:
        ModernizeError: If the queue does not answer.
    """
    if jobs:
        _ask("scancel", *jobs)


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except FileNotFoundError:
        raise ModernizeError(f"there is no `{command[0]}` here: Slurm's commands have to be on PATH.") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModernizeError(f"`{command[0]}` does not answer: {error}.") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise ModernizeError(f"`{command[0]}` says: {said}.")
    return done.stdout
