"""Several processes train each run: started by torchrun, or by `modernize run` itself; here on the processor."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from test_run_study import Diary, children
from tiny_runs import alive, left_behind, listens_to_others, started_python, tiny_request

from modernize.cli import main
from modernize.results.record import Record
from modernize.results.store import load_records
from modernize.run.plan import plan_study
from modernize.run.request import request_from
from modernize.run.run_study import run_study

pytestmark = pytest.mark.slow
needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")

# On the rung `ln` no image's numbers depend on the others of its batch, so sharing a batch changes roundings only.
LN = {"start": "ln", "upto": "ln", "epochs": 2}
CLOSE = 1e-4


@pytest.fixture(scope="module")
def alone(folder) -> Record:
    (record,) = run_study(tiny_request(folder, out=folder / "alone", **LN)).records
    return record


ONE_MACHINE = ("--standalone", "--nproc-per-node", "2", "--master-port", "0")


def torchrun(
    folder: Path, out: Path, *options: str, launch: Sequence[str] = ONE_MACHINE, **environment: str
) -> subprocess.Popen[str]:
    command = ["-m", "torch.distributed.run", *launch, "-m", "modernize", "run", "--device", "cpu"]
    command += ["--data", f"npz:{folder / 'tiny.npz'}", "--out", str(out), "--name", "study"]
    return started_python(*command, *options, **{"OMP_NUM_THREADS": "1"} | environment)


def same(record: Record, alone: Record) -> bool:
    """Whether two records differ in roundings only."""
    assert record.curves.metrics["top1_percent"] == alone.curves.metrics["top1_percent"]
    return record.curves.train_loss == pytest.approx(alone.curves.train_loss, abs=CLOSE) and (
        record.curves.metrics["loss"] == pytest.approx(alone.curves.metrics["loss"], abs=CLOSE)
    )


def test_torchrun_and_the_pool_train_what_one_process_trains(folder, alone, tmp_path):
    process = torchrun(folder, tmp_path, "--from", "ln", "--upto", "ln", "--epochs", "2")
    told, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    (record,) = load_records(tmp_path / "results").records
    assert same(record, alone)
    assert (record.execution.num_devices, record.execution.batch_per_device) == (2, 32)
    assert told.count("rung  top-1") == 1, "one process speaks"
    assert errors.count("1 run to do") == 1
    assert "batch 64 = 2 processes x 32" in errors
    assert (tmp_path / "reports" / "study" / "report.md").is_file()
    assert left_behind(tmp_path) == []
    (pooled,) = run_study(tiny_request(folder, out=tmp_path / "pool", processes=2, **LN)).records
    assert pooled.run_id == record.run_id != alone.run_id
    assert pooled.curves == record.curves, "the same bits however the two are started"
    assert pooled.result == record.result


def test_two_machines_share_a_run_and_the_first_one_writes(folder, alone, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    common = ("--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "127.0.0.1", "--master-port", f"{port}")
    processes = [
        torchrun(
            folder,
            tmp_path / f"machine{rank}",
            *("--from", "ln", "--upto", "ln", "--epochs", "2"),
            launch=(*common, "--node-rank", f"{rank}"),
            GLOO_SOCKET_IFNAME="lo",
        )
        for rank in range(2)
    ]
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    (record,) = load_records(tmp_path / "machine0" / "results").records
    assert same(record, alone)
    assert record.execution.num_devices == 2
    assert not (tmp_path / "machine1").exists()


def started(process: subprocess.Popen[str], out: Path, step: int = 5) -> None:
    """Wait for a checkpoint."""
    end = time.monotonic() + 120
    while not list((out / "runs").glob(f"*/checkpoint-{step:010d}")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.005)


def rank_of(pid: int) -> str:
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next((entry[5:].decode() for entry in environment if entry.startswith(b"RANK=")), "")


@needs_proc
@pytest.mark.parametrize("victim", ["0", "1", "torchrun"])
def test_a_killed_process_ends_them_all_and_the_same_command_goes_on(folder, tmp_path, victim):
    process = torchrun(folder, tmp_path, "--upto", "base", "--epochs", "20", MODERNIZE_CHECKPOINT_SECONDS="0")
    started(process, tmp_path)
    ranks = {rank_of(pid): pid for pid in children(process.pid)}
    os.kill(ranks.get(victim, process.pid), signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    if victim == "1":
        assert "another process was lost in base seed 0" in errors
        assert "the same command goes on from the last checkpoint" in errors
    end = time.monotonic() + 10
    while any(map(alive, ranks.values())) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, ranks.values()))
    diary = Diary()
    asked = tiny_request(folder, out=tmp_path, name="study", upto="base", epochs=20, processes=2)
    (record,) = run_study(asked, diary).records
    assert (record.status, record.num_resumes) == ("finished", 1), "in a pool, from torchrun's checkpoint"
    assert left_behind(tmp_path) == []


@needs_proc
@pytest.mark.parametrize("how", ["torchrun", "pool"])
def test_a_signal_leaves_a_checkpoint(folder, tmp_path, how):
    if how == "torchrun":
        process = torchrun(folder, tmp_path, "--upto", "base", "--epochs", "200", MODERNIZE_CHECKPOINT_SECONDS="0")
    else:
        code = f"""
import importlib, pathlib, sys, unittest.mock
sys.path.insert(0, {str(Path(__file__).parent)!r})
from tiny_runs import tiny_request
from modernize.cli import main
folder, out = map(pathlib.Path, {(str(folder), str(tmp_path))!r})
request = tiny_request(folder, upto="base", epochs=200, processes=2, out=out, name="study")
command = importlib.import_module("modernize.cli.run")
with unittest.mock.patch.object(command, "read_request", lambda ctx: request):
    sys.exit(main(["run"]))
"""
        process = started_python("-c", code, MODERNIZE_CHECKPOINT_SECONDS="0")
    started(process, tmp_path)
    workers = children(process.pid)
    assert len(workers) >= 2
    assert not any(map(listens_to_others, workers)), "all of them are on this machine"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert errors.count("the same command goes on from there") == 1
    assert process.returncode == (143 if how == "pool" else 1), "torchrun has codes of its own"
    assert not any(map(alive, workers))
    assert list((tmp_path / "runs").glob("*/checkpoint-*"))
    assert not list((tmp_path / "runs").glob("*/claim"))
    assert load_records(tmp_path / "results").records == ()


def test_a_failed_run_is_recorded_and_the_others_go_on(folder, tmp_path):
    """A run that fails alike in all processes does not put them out of step."""
    code = """
import sys
from modernize.cli import main
import modernize.train.loop as loop
from modernize.errors import ModernizeError
train = loop.train
def fails(spec, *args, **options):
    if spec.recipe.optimizer == "sgd":
        raise ModernizeError("no such thing")
    return train(spec, *args, **options)
loop.train = fails
sys.exit(main(sys.argv[1:]))
"""
    script = tmp_path / "fails.py"
    script.write_text(code)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone", str(script)]
    command += ["run", "--data", f"npz:{folder / 'tiny.npz'}", "--device", "cpu", "--upto", "recipe", "--epochs", "1"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path), "--name", "study"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    records = {record.entry.name: record for record in load_records(tmp_path / "results").records}
    assert records["base"].error == "no such thing", done.stderr
    assert records["recipe"].status == "finished"
    assert "1 of 2 runs failed" in done.stderr
    assert done.returncode != 0


def test_a_mistake_is_one_line_and_the_launchers_last_word(folder, tmp_path):
    process = torchrun(folder, tmp_path, "--upto", "nonsense")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.count("error: unknown step 'nonsense'") == 1
    assert errors.count("unknown step 'nonsense'") == 2
    assert "traceback : unknown step 'nonsense'" in errors.partition("Root Cause")[2]
    assert errors.count("exitcode  :") == 1, "the others ended quietly"


def test_the_processes_behind_the_first_say_nothing(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["run", "--data", "digits", "--dry-run"]) == 0
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("RANK", "0")
    assert main(["run", "--data", "digits", "--upto", "base", "--device", "cpu", "--dry-run"]) == 0
    assert "batch 64 = 2 processes x 32" in capsys.readouterr().out
    assert plan_study(request_from(data="digits", upto="base", device="cpu")).tasks[0].runtime.num_processes == 2
