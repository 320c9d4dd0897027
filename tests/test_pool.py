"""The pool with real worker processes: nothing that happens to one of them takes the study along."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_runs import alive, tiny_data, tiny_request

from modernize.errors import ModernizeError
from modernize.results.record import Record
from modernize.results.store import load_record, load_records, save_record
from modernize.run.crew import Crew, open_log, sweep
from modernize.run.executor import Elsewhere, Ended, Event, Noted, Progressed, Started
from modernize.run.perform import perform
from modernize.run.placement import Placement
from modernize.run.plan import plan_study
from modernize.run.pool import Pool
from modernize.run.task import Task
from modernize.train.runtime import Runtime

FOREVER = 100_000


@pytest.fixture(scope="module")
def tasks(tmp_path_factory) -> tuple[Task, ...]:
    folder = tmp_path_factory.mktemp("data")
    tiny_data(folder)
    return plan_study(tiny_request(folder, upto="stage-ratio")).tasks


def endless(task: Task) -> Task:
    """A run that will not end by itself in time, taken first."""
    return replace(task, run_id="endless", work=1e30, trained_recipe=task.trained_recipe | {"epochs": FOREVER})


def gone(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def measured(record) -> str:
    facts = record.to_json()
    return json.dumps([facts["status"], facts["curves"], facts["result"]])


def do(pool: Pool, tasks: Sequence[Task], results: Path | None = None, *, victim: int | None = None) -> list[Event]:
    """Have tasks done and gather what happens; kill one of the processes that do the endless one."""
    events = []

    def handle(event: Event) -> None:
        events.append(event)
        if victim is not None and isinstance(event, Progressed) and event.run_id == "endless":
            os.kill(pids(pool)[victim], signal.SIGKILL)

    pool.run([replace(task, results=str(results) if results else None) for task in tasks], handle)
    return events


def pids(pool: Pool) -> list[int]:
    """Of all its processes."""
    return [process.pid for crew in pool._crews for process in crew.processes]


def errors(events: list[Event]) -> dict[str, str]:
    """What is said of each run's end."""
    return {event.run_id: event.error for event in events if isinstance(event, Ended)}


def written(results: Path) -> dict[str, Record]:
    return {record.run_id: record for record in load_records(results).records}


@pytest.mark.slow
def test_a_killed_worker_costs_one_run(tasks, tmp_path):
    with Pool(1, tmp_path / "runs" / "logs") as pool:
        events = do(pool, [*tasks[:2], endless(tasks[0])], tmp_path / "results", victim=0)
        processes = pids(pool)
    assert errors(events) == {
        "endless": "its worker process was killed by signal 9 (out of memory?)",
        tasks[0].run_id: "",
        tasks[1].run_id: "",
    }
    records = written(tmp_path / "results")
    assert {run_id: record.status for run_id, record in records.items()} == {
        tasks[0].run_id: "finished",
        tasks[1].run_id: "finished",
    }, "the worker has written them"
    assert next(event.run_id for event in events if isinstance(event, Started)) == "endless"
    assert not any(alive(pid) for pid in processes)
    assert not (tmp_path / "runs").exists(), "no worker had anything to say"


def together(task: Task) -> Task:
    """A run that two processes share."""
    return replace(task, runtime=replace(task.runtime, num_processes=2), run_id="shared")


TWO = Placement(runtime=Runtime(num_processes=2), jobs=1)


@pytest.mark.slow
def test_two_processes_share_a_run_and_a_killed_one_costs_that_run_only(tasks, tmp_path):
    with Pool(1, tmp_path / "runs" / "logs", TWO) as pool:
        victims = pids(pool)
        events = do(pool, [together(tasks[1]), endless(together(tasks[0]))], tmp_path / "results", victim=1)
        others = pids(pool)
    assert errors(events) == {"endless": "process 2 of its 2 was killed by signal 9 (out of memory?)", "shared": ""}
    (record,) = written(tmp_path / "results").values()
    assert (record.run_id, record.status, record.execution.num_devices) == ("shared", "finished", 2)
    assert record.execution.batch_per_device == tasks[1].trained_recipe["batch_size"] // 2
    assert len({*victims, *others}) == 4
    assert not any(alive(pid) for pid in (*victims, *others))


@pytest.mark.slow
def test_what_goes_wrong_in_a_shared_run_is_said_by_the_process_where_it_did(tasks, tmp_path):
    broken = replace(together(tasks[0]), data=replace(tasks[0].data, fingerprint="0" * 16))
    with Pool(1, tmp_path / "logs", TWO) as pool:
        (error,) = errors(do(pool, [broken])).values()
        assert "has changed since the study was planned" in error
        assert errors(do(pool, [together(tasks[1])])) == {"shared": ""}, "a new pair is at hand"


def test_each_process_of_a_crew_hears_which_gpu_is_its_own(tasks, tmp_path, noisy):
    noisy.write_text("""
import json, os
names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "OMP_NUM_THREADS")
print(json.dumps({"event": "Noted", "run_id": "", "text": " ".join(os.environ.get(n, "-") for n in names)}), flush=True)
os._exit(0)
""")
    said = queue.Queue()
    os.environ["RANK"] = "7"
    try:
        crews = [
            Crew(0, ("cuda:2", "cuda:3"), Runtime(num_threads=4), tmp_path, said),
            Crew(1, ("cpu",), Runtime(), tmp_path, said),
        ]
    finally:
        del os.environ["RANK"]
    heard = set()
    while len(heard) < 3:
        crew, event = said.get(timeout=60)
        if event:
            heard.add((crew.number, event.text))
    for crew in crews:
        crew.end()
    assert heard == {(0, "0 2 2 4"), (0, "1 2 3 4"), (1, "- - - 1")}


@pytest.mark.slow
def test_a_pool_whose_workers_have_died_does_further_tasks(tasks, tmp_path):
    with Pool(1, tmp_path / "logs") as pool:
        do(pool, [endless(tasks[0])], victim=0)
        assert errors(do(pool, tasks[:1])) == {tasks[0].run_id: ""}


@pytest.mark.slow
def test_a_run_that_cannot_be_claimed_or_saved_goes_on_and_says_so(tasks, tmp_path):
    in_the_way = tmp_path / "folder"
    in_the_way.touch()
    with Pool(1, tmp_path / "logs") as pool:
        events = do(pool, [replace(tasks[0], folder=str(in_the_way))], tmp_path / "results")
    assert [record.status for record in written(tmp_path / "results").values()] == ["finished"]
    claim, weights = [event.text for event in events if isinstance(event, Noted)]
    assert claim.startswith(f"no claim can be made at {in_the_way / 'claim'}: ")
    assert weights.startswith("its weights are not kept: ")
    assert in_the_way.is_file()


@pytest.mark.slow
def test_a_run_that_is_finished_meanwhile_is_not_repeated(tasks, tmp_path):
    save_record(perform(tasks[0]), tmp_path / "results")
    before = written(tmp_path / "results")
    task = replace(tasks[0], folder=str(tmp_path / "runs" / "x"), keep_weights=False)
    with Pool(1, tmp_path / "runs" / "logs") as pool:
        assert do(pool, [task], tmp_path / "results") == [Elsewhere(task.run_id, "")]
        again = do(pool, [replace(task, repeat=True)], tmp_path / "results")
    assert again[0] == Started(task.run_id), "unless that is asked for"
    assert load_record(Path(again[-1].file)) == before[task.run_id], "the same values came again"
    assert not (tmp_path / "runs").exists()
    assert written(tmp_path / "results") == before


@pytest.fixture
def noisy(tmp_path, monkeypatch):
    """A module that every worker loads at its start."""
    folder = tmp_path / "noise"
    folder.mkdir()
    rest = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{rest}" if rest else str(folder))
    return folder / "sitecustomize.py"


@pytest.mark.slow
def test_what_a_library_prints_breaks_nothing_and_goes_to_the_log(tasks, tmp_path, noisy):
    noisy.write_text("""
import os, threading, time
print("7")
print('{"event": 7')
print('[]', flush=True)
def chatter():
    while True:
        print("printed", flush=True)
        os.write(1, b"written\\n")
        time.sleep(0.01)
def later():
    time.sleep(1)
    chatter()
threading.Thread(target=later, daemon=True).start()
""")
    logs = tmp_path / "runs" / "logs"
    with Pool(1, logs) as pool:
        do(pool, tasks[:1], tmp_path / "results")
    assert [measured(record) for record in written(tmp_path / "results").values()] == [measured(perform(tasks[0]))]
    (log,) = logs.iterdir()
    assert {"printed", "written"} <= set(log.read_text().split())


def test_workers_that_cannot_start_say_why(tasks, tmp_path, noisy):
    noisy.write_text("import sys; sys.modules['torch'] = None")
    logs = tmp_path / "runs" / "logs"
    with Pool(1, logs) as pool:
        said = errors(do(pool, tasks[:2]))
    assert {*said} == {task.run_id for task in tasks[:2]}
    for error in said.values():
        assert error.startswith("its worker process ended with exit code 1: ModuleNotFoundError: ")
        assert "\n" not in error
        assert "ModuleNotFoundError" in Path(error.partition("; see ")[2]).read_text()
        sweep(logs)
        assert Path(error.partition("; see ")[2]).exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    runs = tmp_path / "runs"
    runs.touch()
    with pytest.raises(ModernizeError, match="no worker can start with its log in"), Pool(1, runs / "logs"):
        pass
    assert runs.is_file()


def test_a_failed_run_is_a_record(tasks, capfd, monkeypatch):
    broken = replace(tasks[0], model={"arch": tasks[0].model["arch"] | {"depths": []}})
    record = perform(broken)
    assert record.status == "failed"
    assert record.error == "arch.depths should list 1 to 8 stages, not 0."
    assert record.result.top1_percent is None
    monkeypatch.setattr("modernize.train.loop.train", lambda *_, **__: 1 / 0)
    record = perform(tasks[0])
    assert record.status == "failed"
    assert record.error.startswith("ZeroDivisionError: ")
    assert "Traceback" in capfd.readouterr().err, "for the log"


def test_a_senseless_interval_between_checkpoints_is_a_failed_run_in_a_line(tasks, tmp_path, monkeypatch):
    monkeypatch.setenv("MODERNIZE_CHECKPOINT_SECONDS", "often")
    record = perform(replace(tasks[0], folder=str(tmp_path)))
    assert record.error == "MODERNIZE_CHECKPOINT_SECONDS should be a number of seconds, not 'often'."


def test_data_that_changed_since_the_plan_is_refused(tasks):
    record = perform(replace(tasks[0], data=replace(tasks[0].data, fingerprint="0" * 16)))
    assert record.status == "failed"
    assert "has changed since the study was planned" in record.error


def test_a_diverged_run_is_a_record(tasks):
    record = perform(replace(tasks[0], trained_recipe=tasks[0].trained_recipe | {"lr": 1e6}))
    assert record.status == "diverged"
    assert (record.error, record.result.top1_percent, record.result.loss) == ("", None, None)
    json.dumps(record.to_json(), allow_nan=False)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for it")
def test_a_worker_ends_with_the_process_that_started_it(tmp_path):
    """Even while its pipes stay open, it has nothing to say, and a library that it loads lets no other thread run."""
    (tmp_path / "torch.py").write_text(
        "import ctypes, pathlib; pathlib.Path(__file__).with_name('loading').touch(); ctypes.PyDLL(None).sleep(60)"
    )
    code = (
        "import os, subprocess, sys, time;"
        "command = [sys.executable, '-P', '-m', 'modernize.run.worker', str(os.getpid())];"
        "worker = subprocess.Popen(command, stdout=subprocess.DEVNULL);"
        "print(worker.pid, flush=True); time.sleep(60)"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    ) as starter:
        pid = int(starter.stdout.readline())
        while not (tmp_path / "loading").exists():
            assert alive(pid)
            time.sleep(0.01)
        starter.kill()
        assert gone(pid, 20)


def test_a_worker_whose_starter_is_gone_before_it_looks_ends(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        pass
    command = [sys.executable, "-P", "-m", "modernize.run.worker", str(other.pid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.wait(60) == 1
        assert worker.stdout.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks")
def test_logs_of_dead_workers_are_swept_up_and_no_other(tmp_path):
    logs = tmp_path / "runs" / "logs"
    logs.mkdir(parents=True)
    (logs / "worker-0123-0.log").write_text("what a killed one had to say")
    (logs / "worker-4567-0.log").touch()
    (logs / "failed-worker-89ab-0.log").write_text("a record names it")
    with open_log(logs / "worker-live-0.log") as log:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=log)
    with child, Pool(1, logs) as pool:
        mine = pool._crews[0].logs[0].name
        assert {path.name for path in logs.iterdir()} == {"failed-worker-89ab-0.log", "worker-live-0.log", mine}
        child.kill()
    with Pool(0, logs):
        pass
    assert [path.name for path in logs.iterdir()] == ["failed-worker-89ab-0.log"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_no_worker_outlives_a_killed_study(tasks, tmp_path):
    (tmp_path / "task.json").write_text(json.dumps(endless(tasks[0]).to_json()))
    code = f"""
import json
from pathlib import Path
from modernize.run.executor import Progressed
from modernize.run.pool import Pool
from modernize.run.task import Task
folder = Path({str(tmp_path)!r})
with Pool(1, folder / "logs") as pool:
    task = Task.from_json(json.loads((folder / "task.json").read_text()))
    pool.run([task], lambda event: isinstance(event, Progressed) and print(pool._crews[0].processes[0].pid, flush=True))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as study:
        pid = int(study.stdout.readline())
        study.kill()
        assert gone(pid, 5)
