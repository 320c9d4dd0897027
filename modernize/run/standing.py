"""How far a study is: of each of its runs, whether it waits, runs, is done or failed, wherever that happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modernize.results.artifact import RUNS
from modernize.results.record import Record
from modernize.results.rounds import runs_wanted
from modernize.results.store import load_records
from modernize.results.study import Study
from modernize.run.claim import Claim
from modernize.run.cluster.queue import QueuedJob, queued_jobs
from modernize.run.cluster.submissions import log_of, submissions
from modernize.run.position import Position, position_of

State = Literal["done", "diverged", "failed", "running", "pending", "open"]
RESULTS = "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a run stands.

    Attributes:
        entry: Name of its row.
        seed: Of the run.
        run_id: Of the run.
        state: "pending" waits in a cluster's queue; "open" is in nobody's hands: the study's command does it.
        says: Result, progress or reason, in words.
        position: How far it is, where it runs and that is known.
        holder: Which process has it in hand; "" for none.
        job: Its last one in a cluster's queue; "" for none.
        log: Output of that job; "" where there is none.
    """

    entry: str
    seed: int
    run_id: str
    state: State
    says: str = ""
    position: Position | None = None
    holder: str = ""
    job: str = ""
    log: str = ""


def standings(study: Study, out: Path) -> tuple[Standing, ...]:
    """Look up how the runs of a study stand, seed by seed in the entries' order.

    Args:
        study: As it was planned.
        out: Folder that holds results/ and runs/.

    Raises:
        ModernizeError: If runs were submitted to a cluster whose queue does not answer.
    """
    ids = {run_id for entry in study.entries for run_id in entry.run_ids}
    loaded = sorted(load_records(out / RESULTS, ids).records, key=lambda record: record.status != "failed")
    records = {record.run_id: record for record in loaded}  # one that failed gives way
    values = {
        entry.name: {
            seed: records[run_id].value
            for seed, run_id in zip(study.seeds, entry.run_ids, strict=True)
            if run_id in records
        }
        for entry in study.entries
    }
    wanted = runs_wanted(study, values)
    jobs = {run_id: (one.study, job) for one in submissions(out) for job, run_id in one.jobs.items() if run_id in ids}
    unfinished = {run_id for run_id in jobs if run_id not in records or records[run_id].status == "failed"}
    queue = queued_jobs() if unfinished else {}
    return tuple(
        _standing(entry.name, seed, entry.run_ids[index], out, records, jobs, queue)
        for index, seed in enumerate(study.seeds)
        for entry in study.entries
        if index < len(entry.run_ids) and (entry.run_ids[index] in wanted or entry.run_ids[index] in records)
    )


def _standing(
    entry: str,
    seed: int,
    run_id: str,
    out: Path,
    records: Mapping[str, Record],
    jobs: Mapping[str, tuple[str, str]],
    queue: Mapping[str, QueuedJob],
) -> Standing:
    record, (study, job) = records.get(run_id), jobs.get(run_id, ("", ""))
    log = str(log_of(out, study, job)) if job else ""

    def stands(state: State, says: str = "", position: Position | None = None, holder: str = "") -> Standing:
        return Standing(
            entry=entry,
            seed=seed,
            run_id=run_id,
            state=state,
            says=says,
            position=position,
            holder=holder,
            job=job,
            log=log,
        )

    if record and record.status == "diverged":
        return stands("diverged", f"in epoch {record.result.epoch + 1}")
    if record and record.status == "finished":
        return stands("done", f"{record.metric.title} {record.metric.text(record.value or 0.0)}")
    folder = out / RUNS / run_id
    if holder := Claim(folder).holder():
        position = position_of(folder)
        return stands("running", _how_far(position), position, holder)
    if job in queue:
        waits = queue[job]
        return stands("running", "starting") if waits.runs else stands("pending", waits.reason)
    if record:
        return stands("failed", record.error)
    if job:
        return stands("failed", "its job ended without a record")
    return stands("open")


def _how_far(position: Position | None) -> str:
    if position is None:
        return "starting"
    speed = f", {position.images_per_second:,.0f} images/s" if position.images_per_second else ""
    return f"epoch {position.epoch}/{position.epochs}, step {position.step}/{position.num_steps}{speed}"
