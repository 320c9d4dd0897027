"""What was submitted to a cluster, a file each time, so that any command can say which job does which run.

    runs/jobs/<study>/request.toml, cluster.toml    what is asked, for the job that goes on when the others have ended
    runs/jobs/<study>/submitted-<job>.json          which runs are which jobs
    runs/jobs/<study>/<job>_0_log.err, ...          what submitit keeps of each job, its output included

Whether a run is done, its record says; what is here only tells where to look until then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from modernize.errors import ModernizeError
from modernize.results.artifact import RUNS
from modernize.results.files import write_atomically
from modernize.strict import from_dict

JOBS = "jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Jobs that were submitted at once.

    Attributes:
        study: That they belong to.
        campaign: When the user asked for it, UTC; what is submitted again because of that has the same one.
        jobs: By number of the job, the run that it does; "" for the job that goes on when the others have ended.
    """

    study: str
    campaign: str
    jobs: dict[str, str]


def job_folder(out: Path, study: str) -> Path:
    """Return where the jobs of a study are kept.

    Args:
        out: Folder that holds runs/.
        study: Its name.
    """
    return out / RUNS / JOBS / study


def save_submission(out: Path, submission: Submission) -> None:
    """Write down what was submitted."""
    first = next(iter(submission.jobs)).partition("_")[0]
    path = job_folder(out, submission.study) / f"submitted-{first}.json"
    write_atomically(path, json.dumps(asdict(submission), indent=1) + "\n")


def submissions(out: Path, study: str = "*") -> Iterator[Submission]:
    """Read what was submitted, oldest first; of all studies by default, for they share runs."""
    for path in sorted((out / RUNS / JOBS).glob(f"{study}/submitted-*.json"), key=_number):
        with suppress(OSError, ValueError, ModernizeError):  # somebody cleans up
            yield from_dict(Submission, json.loads(path.read_bytes()))


def log_of(out: Path, study: str, job: str) -> Path:
    """Return the file of a job's error output, of its first process."""
    return job_folder(out, study) / f"{job}_0_log.err"


def _number(path: Path) -> int:
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0
