"""Killed, stopped or starved, a study loses nothing: the same command ends with the same bits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_run_study import Diary, children, measured
from tiny_runs import alive, left_behind, started_python, tiny_data, tiny_request

from modernize.errors import ModernizeError
from modernize.results.store import load_records
from modernize.run.claim import Claim
from modernize.run.perform import perform
from modernize.run.plan import plan_study
from modernize.run.request import RunRequest
from modernize.run.run_study import run_study

needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")

EPOCHS = 30  # of two steps each
STUDY = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tiny_runs import tiny_request
from modernize.run.observer import Observer
from modernize.run.run_study import run_study

class Telling(Observer):
    def step(self, task, epoch, step, images):
        print("step", task.entry.name, step, flush=True)
    def note(self, task, text):
        print("note", task.entry.name, text, flush=True)

run_study(tiny_request(Path({folder!r}), epochs={epochs}, out=Path({out!r}), jobs={jobs}), Telling())
"""


def request(folder: Path, out: Path, **options) -> RunRequest:
    return tiny_request(folder, out=out, **({"epochs": EPOCHS} | options))


@pytest.fixture(scope="module")
def alone(folder) -> list[str]:
    """What the runs measure one by one in this process, uninterrupted."""
    return [measured(perform(task)) for task in plan_study(request(folder, folder / "none")).tasks]


def start(folder: Path, out: Path, *, checkpoint_seconds: float = 0, jobs: int = 1) -> subprocess.Popen[str]:
    code = STUDY.format(tests=str(Path(__file__).parent), folder=str(folder), out=str(out), jobs=jobs, epochs=EPOCHS)
    return started_python("-c", code, MODERNIZE_CHECKPOINT_SECONDS=str(checkpoint_seconds))


def last_checkpoint(out: Path) -> int:
    return max((int(path.name[-10:]) for path in (out / "runs").glob("*/checkpoint-*")), default=0)


def wait_until(done, process: subprocess.Popen[str], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.005)


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize(
    ("victims", "at_step"),
    [("worker", 7), ("parent", 20), ("both", 33), ("both, twice", 2)],
    ids=lambda value: str(value),
)
def test_killed_anywhere_the_same_command_ends_with_the_same_bits(folder, alone, tmp_path, victims, at_step):
    for number in range(2 if "twice" in victims else 1):
        process = start(folder, tmp_path)
        wait_until(lambda: last_checkpoint(tmp_path) >= at_step + 20 * number, process)  # noqa: B023
        (worker,) = children(process.pid)
        for pid in {"worker": [worker], "parent": [process.pid]}.get(victims, [process.pid, worker]):
            os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=60)
    before = load_records(tmp_path / "results").records
    diary = Diary()
    result = run_study(request(folder, tmp_path), diary)
    assert [measured(record) for record in result.records] == alone
    assert result.records[0].num_resumes == (2 if "twice" in victims else 1)
    finished = [record for record in before if record.status == "finished"]
    assert diary.num_done == len(finished)
    if victims == "worker":
        (failed,) = [record for record in before if record.status == "failed"]
        assert failed.error == "its worker process was killed by signal 9 (out of memory?)"
        assert diary.num_done == 1, "the other run went on"
    leftovers = [name for name in left_behind(tmp_path) if "logs" not in name]
    assert leftovers == [], "no checkpoint outlives its run's record"


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_leaves_a_checkpoint_and_the_right_exit_code(folder, alone, tmp_path, number):
    command = ["-m", "modernize", "run", "--data", f"npz:{folder / 'tiny.npz'}", "--upto", "recipe"]
    command += ["--epochs", str(EPOCHS), "--jobs", "2", "--out", str(tmp_path), "--name", "study"]
    process = started_python(*command)
    wait_until(lambda: len(list((tmp_path / "runs").glob("*/claim"))) == 2, process)
    time.sleep(0.2)
    workers = children(process.pid)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors
    assert len(workers) == 2
    assert not any(alive(pid) for pid in workers)
    assert len(list((tmp_path / "runs").glob("*/checkpoint-*"))) == 2, "one each, though none was due"
    assert not list((tmp_path / "runs").glob("*/claim"))
    assert load_records(tmp_path / "results").records == ()
    result = run_study(request(folder, tmp_path, name="study"))
    assert [measured(record) for record in result.records] == alone
    assert [record.num_resumes for record in result.records] == [1, 1]
    assert left_behind(tmp_path) == []


@pytest.mark.slow
def test_two_commands_at_once_share_the_runs(folder, alone, tmp_path):
    both = [start(folder, tmp_path, checkpoint_seconds=20) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    records = load_records(tmp_path / "results").records
    assert [measured(record) for record in records] == alone, "one file a run"
    trained = [{line.split()[1] for line in out.splitlines() if line.startswith("step")} for out, _ in told]
    assert sorted(map(len, trained)) in ([0, 2], [1, 1])
    assert trained[0] | trained[1] == {"base", "recipe"}
    assert trained[0].isdisjoint(trained[1])
    waited = [
        line for out, _ in told for line in out.splitlines() if "has it in hand; its record is waited for" in line
    ]
    assert waited
    assert left_behind(tmp_path) == []


@pytest.mark.slow
def test_a_run_that_another_process_gives_up_is_done_here(folder, tmp_path):
    asked = request(folder, tmp_path, epochs=1)
    base, _ = plan_study(asked).tasks
    holding = f"""
import time
from pathlib import Path
from modernize.run.claim import Claim
print(Claim(Path({str(tmp_path / "runs" / base.run_id)!r})).take(), flush=True)
time.sleep(60)
"""

    class KillAfterNote(Diary):
        def note(self, task, text):
            self.lines.append(f"note {task.entry.name} {text.split()[0]}")

        def run_finished(self, task, record):
            super().run_finished(task, record)
            other.kill()
            other.wait()

    with subprocess.Popen([sys.executable, "-c", holding], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "\n"
        diary = KillAfterNote()
        result = run_study(asked, diary)
    assert [record.status for record in result.records] == ["finished", "finished"]
    last = [line for line in diary.lines if line.startswith("finished")]
    assert last == ["finished recipe finished", "finished base finished"], "what is free comes first"
    assert "note base process" in diary.lines
    assert diary.lines.count("started base") == 1


FILLS_UP = """
import os
from pathlib import Path
untouched = os.fsync
def fills_up(descriptor):
    path = os.readlink(f"/proc/self/fd/{{descriptor}}")
    if path.startswith({results!r}) and path.endswith("-part") and [*Path({results!r}).glob("*/*-seed*.json")]:
        raise OSError(28, "No space left on device")
    untouched(descriptor)
os.fsync = fills_up
"""


@pytest.mark.slow
@needs_proc
@pytest.mark.parametrize("for_all", [True, False], ids=["for all", "for the worker"])
def test_a_disk_that_fills_up_stops_in_a_line_and_keeps_what_is_recorded(folder, tmp_path, monkeypatch, for_all):
    """It holds the plan and the first record, the worker's."""
    asked = request(folder, tmp_path / "out", epochs=1)
    code = FILLS_UP.format(results=str(tmp_path / "out" / "results"))
    (tmp_path / "sitecustomize.py").write_text(code)
    rest = os.environ.get("PYTHONPATH", "")
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(tmp_path), rest])))
        patch.setattr(os, "fsync", os.fsync)
        if for_all:
            exec(code, {})
            with pytest.raises(ModernizeError, match=r"json cannot be written: No space left on device") as stopped:
                run_study(asked)
            assert "\n" not in str(stopped.value)
        else:
            _, failed = run_study(asked).records
            assert failed.error.endswith("json cannot be written: No space left on device.")
    loaded = load_records(tmp_path / "out" / "results")
    assert [record.status for record in loaded.records] == ["finished"] + ["failed"] * (not for_all)
    assert loaded.problems == ()
    again = run_study(asked)
    assert again.num_skipped == 1
    assert [record.status for record in again.records] == ["finished", "finished"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="mounts a file system, as root on Linux")
def test_on_a_disk_too_small_for_checkpoints_the_run_goes_on(folder, alone, tmp_path):
    out = tmp_path / "out"
    (out / "runs").mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", out / "runs"], capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount")
    try:
        process = start(folder, out)
        told, errors = process.communicate(timeout=120)
    finally:
        subprocess.run(["umount", "-l", out / "runs"], check=True)
    assert process.returncode == 0, errors
    assert [measured(record) for record in load_records(out / "results").records] == alone
    notes = [line for line in told.splitlines() if line.startswith("note")]
    kept, saved = ([line for line in notes if ("weights" in line) is weights] for weights in (True, False))
    for some in (kept, saved):
        assert sorted(line.split()[1] for line in some) == ["base", "recipe"], "once a run"
    assert all("No space left on device; training goes on without" in line for line in saved)
    assert all("its weights are not kept: " in line and "No space left on device" in line for line in kept)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="mounts a file system, as root on Linux")
def test_a_read_only_output_is_one_line(folder, tmp_path):
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount")
    try:
        with pytest.raises(ModernizeError, match="Read-only file system") as stopped:
            run_study(request(folder, tmp_path / "out"))
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)
    assert "\n" not in str(stopped.value)


def test_checkpoints_of_a_run_whose_record_is_there_are_swept_up(folder, tmp_path):
    """As a parent leaves them that is killed between the two."""
    asked = request(folder, tmp_path, epochs=1, upto="", only=("recipe",))
    run_study(asked)
    base, _ = plan_study(asked).tasks
    assert Claim(tmp_path / "runs" / base.run_id).path.parent.is_dir(), "its weights lie there"
    (tmp_path / "runs" / base.run_id / "checkpoint-0000000001").mkdir()
    run_study(asked)
    assert left_behind(tmp_path) == []


def test_a_data_set_that_vanished_is_a_failed_run_in_a_line(folder, tmp_path):
    data = tiny_data(tmp_path)
    task = plan_study(tiny_request(tmp_path)).tasks[0]
    assert data.endswith("tiny.npz")
    (tmp_path / "tiny.npz").unlink()
    record = perform(task)
    assert record.status == "failed"
    assert "tiny.npz" in record.error
    assert "\n" not in record.error
    json.dumps(record.to_json())
