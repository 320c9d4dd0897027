"""`modernize cancel`: a study's jobs out of a cluster's queue."""

from __future__ import annotations

from pathlib import Path

from modernize.cli.choose import study_meant
from modernize.cli.console import note, say
from modernize.cli.options import Out, examples
from modernize.cli.status import Study
from modernize.words import plural

EXAMPLES = examples("modernize cancel", "modernize cancel laptop-shapes-smoke")


def cancel(study: Study = "", out: Out = Path()) -> None:
    """Take a study's jobs out of the cluster's queue, those that run too: they write a checkpoint.

    The study's command submits them again, and they go on from there. What runs on this machine is ended by Ctrl-C.
    """
    from modernize.results.store import load_study
    from modernize.run.cluster.queue import cancel_jobs, queued_jobs
    from modernize.run.cluster.submissions import submissions
    from modernize.run.standing import RESULTS, standings

    planned = load_study(Path(study_meant(out / RESULTS, study)))
    jobs = {job: run_id for one in submissions(out, planned.name) for job, run_id in one.jobs.items()}
    queue = queued_jobs() if jobs else {}
    here = sorted(jobs.keys() & queue.keys(), key=lambda job: jobs[job])  # first the one that would go on
    cancel_jobs(here)
    say(f"{planned.name}: {plural(sum(bool(jobs[job]) for job in here), 'job')} cancelled")
    if others := {one.holder for one in standings(planned, out) if one.holder and one.job not in here}:
        note(f"in hand elsewhere: {', '.join(sorted(others))}")
