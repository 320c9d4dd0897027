"""Slurm: a job a run, and one more that goes on when they have ended.

The command that submits them ends at once. The last job executes the same command again on a node: it submits what
begins with the weights of others, what a next round of seeds wants, and runs whose jobs ended without a record; where
nothing is left it writes the report.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any

from modernize.errors import ModernizeError
from modernize.results.files import write_atomically
from modernize.results.store import find_failed
from modernize.run.cluster.job import Job
from modernize.run.cluster.profile import Profile
from modernize.run.cluster.queue import cancel_jobs, queued_jobs
from modernize.run.cluster.submissions import Submission, job_folder, log_of, save_submission, submissions
from modernize.run.config import to_toml
from modernize.run.crew import WORKER_ENVIRONMENT
from modernize.run.executor import Ended, Queued, Tell
from modernize.run.request import RunRequest
from modernize.run.task import Task

if TYPE_CHECKING:
    from submitit import SlurmExecutor

CAMPAIGN = "MODERNIZE_CAMPAIGN"
"""Environment variable of the job that goes on: when the user asked for what it continues."""

MOST_IN_ARRAY = 1000
"""Jobs that Slurm takes at once unless it is set up otherwise."""

MOST_REQUEUES = 1_000_000
"""submitit's own limit would be three."""

REPORT_MINUTES = 60


class Slurm:
    """Submits runs; an `Executor` whose runs are done when it has long been left.

    Args:
        request: As the user gave it, for the job that goes on.
        profile: What each job is given.

    Attributes:
        jobs: Runs at a time.
        last_job: Number of the job that goes on; "" where there is none.
    """

    def __init__(self, request: RunRequest, profile: Profile) -> None:
        self.jobs = request.jobs or MOST_IN_ARRAY
        self.last_job = ""
        self._request, self._profile = request, profile
        self._study = ""
        self._continues = os.environ.get(CAMPAIGN, "")
        self._campaign = self._continues or datetime.now(UTC).isoformat(timespec="seconds")
        self._waited_for: set[str] = set()
        self._submitted = False

    def __enter__(self) -> Slurm:
        if find_spec("submitit") is None:
            raise ModernizeError(
                "Slurm takes submitit, which is not installed: pip install 'modernize-convnext[cluster]'."
            )
        if missing := [name for name in ("sbatch", "srun", "squeue", "scancel") if shutil.which(name) is None]:
            raise ModernizeError(f"there is no `{missing[0]}` here: Slurm's commands have to be on PATH.")
        return self

    def run(self, tasks: Sequence[Task], handle: Tell) -> None:
        """Submit what is neither in the queue nor, where this is the job that goes on, beyond help.

        Raises:
            ModernizeError: If Slurm does not answer, or refuses the jobs.
        """
        out, queue = self._request.out, queued_jobs()
        self._study = tasks[0].study
        known = list(submissions(out))
        waiting = {run_id: job for one in known for job, run_id in one.jobs.items() if job in queue and run_id}
        ours = [one for one in known if one.campaign == self._campaign]
        attempts = Counter(run_id for one in ours for run_id in one.jobs.values())
        last = {run_id: job for one in ours for job, run_id in one.jobs.items()}
        failed = find_failed(attempts.keys(), out / "results", since=self._campaign) if self._continues else {}
        missing: list[Task] = []
        for task in sorted(tasks, key=lambda task: (task.turn, -task.work)):
            if task.run_id in waiting:
                self._waited_for.add(waiting[task.run_id])
                handle(Queued(task.run_id, waiting[task.run_id]))
            elif task.run_id in failed:
                handle(Ended(task.run_id, str(failed[task.run_id])))
            elif attempts[task.run_id] >= self._profile.attempts:
                log = log_of(out, self._study, last[task.run_id])
                handle(
                    Ended(task.run_id, error=f"its job ended without a record, {attempts[task.run_id]} times: {log}")
                )
            else:
                missing.append(task)
        for start in range(0, len(missing), MOST_IN_ARRAY):
            self._submit(missing[start : start + MOST_IN_ARRAY], handle)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._waited_for and error is None:
            self._go_on_later()

    def _submit(self, tasks: Sequence[Task], handle: Tell) -> None:
        size = tasks[0].runtime.num_processes
        gpus = size if tasks[0].runtime.device.startswith("cuda") else 0
        profile = self._profile
        given: dict[str, Any] = {
            "nodes": profile.nodes,
            "ntasks_per_node": size // profile.nodes,
            "time": profile.time_limit_minutes,
            "signal_delay_s": profile.notice_seconds,
            "array_parallelism": self.jobs,
            "partition": profile.partition or None,
            "gpus_per_node": gpus // profile.nodes or None,
            "cpus_per_task": profile.cpus or None,
            # Slurm's own way from a job to its steps stopped with its version 22.05.
            "srun_args": [f"--cpus-per-task={profile.cpus}"] if profile.cpus else None,
            "mem": f"{profile.memory_gb}G" if profile.memory_gb else None,
        }
        workers = self._request.decode_workers
        jobs = _sent(self._executor(given), [Job(task.to_json(), workers) for task in tasks])
        submission = Submission(
            study=self._study,
            campaign=self._campaign,
            jobs={job: task.run_id for job, task in zip(jobs, tasks, strict=True)},
        )
        save_submission(self._request.out, submission)
        self._submitted = True
        self._waited_for.update(jobs)
        for job, task in zip(jobs, tasks, strict=True):
            handle(Queued(task.run_id, job))

    def _executor(self, given: dict[str, Any], **variables: str) -> SlurmExecutor:
        from submitit import SlurmExecutor

        executor = SlurmExecutor(job_folder(self._request.out, self._study), max_num_timeout=MOST_REQUEUES)
        environment = [
            f"export {name}={shlex.quote(value)}" for name, value in (WORKER_ENVIRONMENT | variables).items()
        ]
        executor.update_parameters(
            job_name=f"modernize {self._study}",
            account=self._profile.account or None,
            setup=[*environment, *self._profile.setup],
            additional_parameters={"requeue": True, **self._profile.sbatch},
            **given,
        )
        return executor

    def _go_on_later(self) -> None:
        """Submit the job that goes on when the others have ended, in the place of one that waits for fewer."""
        from submitit.helpers import CommandFunction

        out, queue = self._request.out, queued_jobs()
        mine = os.environ.get("SLURM_JOB_ID", "")
        before = [job for one in submissions(out, self._study) for job, run_id in one.jobs.items() if not run_id]
        before = [job for job in before if job in queue and job != mine]
        if before and not self._submitted:
            self.last_job = before[-1]
            return
        folder = job_folder(out, self._study)
        request, profile = folder / "request.toml", folder / "cluster.toml"
        write_atomically(request, to_toml(self._request, name=self._study, extend=self._request.extend))
        write_atomically(profile, self._profile.to_toml())
        command = [
            sys.executable,
            "-m",
            "modernize",
            "run",
            str(request),
            "--launcher",
            "slurm",
            "--cluster",
            str(profile),
        ]
        waited_for = sorted({job.partition("_")[0] for job in self._waited_for}, key=int)
        given = {
            "time": REPORT_MINUTES,
            "partition": self._profile.report_partition or self._profile.partition or None,
            "dependency": f"afterany:{':'.join(waited_for)}",
            "use_srun": False,  # a step of a job may not be allowed to submit others
        }
        (self.last_job,) = _sent(self._executor(given, **{CAMPAIGN: self._campaign}), [CommandFunction(command)])
        save_submission(out, Submission(study=self._study, campaign=self._campaign, jobs={self.last_job: ""}))
        cancel_jobs(before)


def _sent(executor: SlurmExecutor, functions: Sequence[Any]) -> list[str]:
    """Submit, and return the numbers of the jobs.

    Raises:
        ModernizeError: If Slurm refuses.
    """
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    try:
        return [job.job_id for job in executor.submit_array(functions)]
    except (FailedJobError, FailedSubmissionError) as error:
        said = next((line for line in reversed(str(error).splitlines()) if line.strip()), "nothing")
        raise ModernizeError(f"sbatch refuses the jobs: {said.strip()}") from error
