"""Runs as jobs of a real Slurm, requeued, pre-empted and killed: the records of an uninterrupted run come of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from slurm_box import slurm, why_not
from test_run_study import files, measured
from tiny_runs import left_behind, tiny_request

from modernize.results.store import load_records
from modernize.run.run_study import run_study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]
pytest.importorskip("submitit")

EPOCHS = 12
SECONDS = 600


@pytest.fixture(scope="module")
def cluster():
    """The environment of Slurm's commands and of what is trained."""
    with slurm() as environment:
        yield environment | {"MODERNIZE_CHECKPOINT_SECONDS": "0"}


class Submitted:
    """A study of the first two rungs as jobs."""

    def __init__(self, folder: Path, out: Path, cluster: dict[str, str], *profile: str) -> None:
        self.out = out
        self._environment = os.environ | cluster | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self._command = ["run", "--data", f"npz:{folder / 'tiny.npz'}", "--upto", "recipe", "--epochs", f"{EPOCHS}"]
        self._command += ["--device", "cpu", "--name", "study", "--launcher", "slurm"]
        for field in ("time_limit_minutes=30", *profile):
            self._command += ["--cluster", field]

    def submit(self) -> str:
        return self.modernize(*self._command)

    def modernize(self, *words: str) -> str:
        return self.ask(sys.executable, "-m", "modernize", *words, "--out", f"{self.out}")

    def ask(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False, timeout=SECONDS
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def status(self) -> dict[str, dict]:
        return {one["entry"]: one for one in json.loads(self.modernize("status", "study", "--json"))}

    def waits_until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.ask("squeue") + self.logs()
            time.sleep(0.1)

    def logs(self) -> str:
        return "\n".join(f"{path.name}\n{path.read_text()}" for path in sorted(self.out.glob("runs/jobs/*/*_log.*")))

    def trains(self, run_id: str) -> bool:
        return any((self.out / "runs" / run_id).glob("checkpoint-*"))

    def has_ended(self) -> bool:
        return not self.ask("squeue", "--noheader")


@pytest.fixture(scope="module")
def local(folder) -> dict[str, str]:
    """What an uninterrupted run on this machine measures, by row."""
    records = run_study(tiny_request(folder, out=folder / "local", epochs=EPOCHS)).records
    return {record.entry.name: measured(record) for record in records}


def test_jobs_that_are_requeued_and_killed_leave_the_records_of_a_local_run(folder, tmp_path, cluster, local):
    study = Submitted(folder, tmp_path, cluster)
    assert "2 runs of study in the queue" in study.submit()
    before = study.ask("squeue", "--noheader", "--array")
    assert "2 runs of study in the queue" in study.submit(), "the same jobs"
    assert len(study.ask("squeue", "--noheader", "--array").splitlines()) == len(before.splitlines()) == 3
    base, recipe = study.status().values()
    assert {base["state"], recipe["state"]} <= {"pending", "running"}
    study.waits_until(lambda: study.trains(base["run_id"]) and study.trains(recipe["run_id"]))
    assert study.status()["base"]["state"] == "running"

    study.ask("scontrol", "requeue", base["job"])
    claim = json.loads((tmp_path / "runs" / recipe["run_id"] / "claim").read_text())
    os.kill(claim["pid"], signal.SIGKILL)

    study.waits_until(study.has_ended)
    records = load_records(tmp_path / "results").records
    assert {record.entry.name: measured(record) for record in records} == local
    assert len(records) == 2, "nothing twice"
    assert {record.num_resumes for record in records} == {1}, "each went on from its checkpoint"
    status = study.status()
    assert {one["state"] for one in status.values()} == {"done"}
    assert status["recipe"]["job"].partition("_")[0] != recipe["job"].partition("_")[0], (
        "the killed one had to be submitted again"
    )
    assert (tmp_path / "reports" / "study" / "report.md").is_file()
    done = files(tmp_path / "results")
    assert "2 of 2 runs" not in study.submit()
    assert files(tmp_path / "results") == done
    assert study.has_ended(), "nothing is left to submit"
    assert [path for path in left_behind(tmp_path) if not path.startswith("jobs/")] == []


def test_a_preempted_run_on_two_nodes_ends_as_one_on_this_machine(folder, tmp_path, cluster):
    request = tiny_request(folder, out=tmp_path / "local", processes=2, upto="base", epochs=EPOCHS)
    (expected,) = run_study(request).records
    profile = ("nodes=2", "setup=['export MASTER_ADDR=127.0.0.1 GLOO_SOCKET_IFNAME=lo']")
    study = Submitted(folder, tmp_path / "cluster", cluster, *profile)
    study._command[study._command.index("recipe")] = "base"
    study.submit()
    base = study.status()["base"]
    study.waits_until(lambda: study.trains(base["run_id"]))
    study.ask("sbatch", "--partition=high", "--nodes=2", "--output=/dev/null", "--wrap=true")
    study.waits_until(study.has_ended)
    (record,) = load_records(tmp_path / "cluster" / "results").records
    assert record.execution.num_devices == 2
    assert record.num_resumes == 1
    assert measured(record) == measured(expected)


def test_what_is_cancelled_leaves_the_queue_and_goes_on_when_it_is_submitted_again(folder, tmp_path, cluster, local):
    study = Submitted(folder, tmp_path, cluster)
    study.submit()
    base = study.status()["base"]
    study.waits_until(lambda: study.trains(base["run_id"]))
    assert "2 jobs cancelled" in study.modernize("cancel", "study")
    study.waits_until(study.has_ended)
    assert not load_records(tmp_path / "results").records
    study.submit()
    study.waits_until(study.has_ended)
    records = load_records(tmp_path / "results").records
    assert {record.entry.name: measured(record) for record in records} == local
