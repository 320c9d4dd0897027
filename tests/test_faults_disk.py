"""Every file operation of a study goes wrong in turn: no measured value is lost, doubled or altered."""

from __future__ import annotations

import errno
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from factories import make_record, make_records, make_study
from faulty_disk import CHANGES, READS, FaultyDisk, PowerCut
from test_run_study import measured
from test_train import bars, short
from tiny_runs import left_behind, tiny_data
from typer.main import get_command

from modernize.cli import main
from modernize.cli.app import app
from modernize.errors import DISK_ERRNOS, DISK_FULL, SOME_RUNS_FAILED, WRONG_USAGE, DiskError, ModernizeError
from modernize.metrics import TOP1
from modernize.report import write_report
from modernize.results import files
from modernize.results.artifact import artifacts
from modernize.results.files import write_atomically
from modernize.results.record import Curves, WeightsFile
from modernize.results.store import load_records, load_study, save_record, save_study
from modernize.run.executor import Ended
from modernize.run.worker import Server
from modernize.train.checkpoint import Checkpoint, Checkpoints
from modernize.train.loop import train
from modernize.train.progress import Outcome, final_result
from modernize.train.state_dicts import keep_weights

STEPS = 1


class Here:
    """Does runs in this process, as a worker does them; an executor."""

    jobs = 1

    def __init__(self, *_: object) -> None:
        self.server = Server()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, tasks, handle):
        for task in tasks:
            told = []
            try:
                self.server.serve(task, told.append)
            except (OSError, ModernizeError) as error:
                told.append(Ended(task.run_id, error=f"its worker process ended: {error}"))
            for event in told:
                handle(event)


def stub(spec, _data, *, seed, checkpoints, keep, **_):
    """Measure what follows from spec and seed, at once; write and read all that a run does."""
    done = []
    checkpoints.restore(lambda checkpoint: done.append(checkpoint.step))
    for step in range(max(done, default=0), STEPS):
        checkpoints.save(Checkpoint(step=step + 1, weights={}, state={"x": torch.ones(1)}, progress={}))
    value = int(spec.fingerprint[:4], 16) / 1000 + seed
    curves = Curves(train_loss=(value,), lr=(0.1,), metrics={"top1_percent": (value % 100,), "loss": (value,)})
    weights = WeightsFile()
    try:
        weights, _ = keep_weights(
            SimpleNamespace(network=torch.nn.Linear(1, 1), ema=None), keep, SimpleNamespace(to_metadata=dict)
        )
    except ModernizeError as error:
        checkpoints.note(f"its weights are not kept: {error}")
    return Outcome(
        diverged=False,
        curves=curves,
        result=final_result(curves, TOP1, diverged=False),
        images_per_second=1.0,
        epoch_seconds=(1.0,),
        weights=weights,
    )


def tiny_report(request, name):
    write_atomically(request.out / "reports" / name / "report.md", "a report")


class World:
    """A command that can be given again and again, on a disk that may fail."""

    def __init__(self, folder: Path, monkeypatch, capsys) -> None:
        self.folder, self.capsys = folder, capsys
        self.saved: set[str] = set()
        self.lives = 0

        def save(record, results):
            path = save_record(record, results)
            if record.status == "finished":
                self.saved.add(record.run_id)
            return path

        monkeypatch.setattr(sys.modules["modernize.run.run_study"], "_executor", Here)
        monkeypatch.setattr(sys.modules["modernize.run.worker"], "save_record", save)
        monkeypatch.setattr(sys.modules["modernize.run.claim"], "_started", lambda _: f"life {self.lives}")
        monkeypatch.setattr("modernize.train.loop.train", stub)
        monkeypatch.setattr("modernize.cli.run._report", tiny_report)
        monkeypatch.setattr("modernize.cli.app.app", get_command(app))
        monkeypatch.setattr("traceback.print_exc", lambda: None)  # goes to a worker's log
        monkeypatch.setenv("MODERNIZE_CHECKPOINT_SECONDS", "0")
        tiny_data(folder, 12, 6)

        plain = folder / "plain"
        assert self.run(plain)[0] == 0
        self.whole = {measured(record) for record in load_records(plain / "results").records}

    def count(self, only: tuple[str, ...]) -> int:
        """Count the operations of an undisturbed command."""
        disk = FaultyDisk(self.folder / "counted", only=only)
        self.run(self.folder / "counted", disk)
        return len(disk.done)

    def run(self, out: Path, disk: FaultyDisk | None = None) -> tuple[int | None, str]:
        """Give the command in a new process, so to speak; return its exit code, None for a death, and its errors."""
        self.lives += 1
        files._remove_leftovers.cache_clear()
        words = ["run", "--data", f"npz:{self.folder / 'tiny.npz'}", "--upto", "recipe", "--epochs", "1"]
        words += ["--jobs", "1", "--device", "cpu", "--name", "study", "--out", str(out)]
        code: int | None = None
        with disk or FaultyDisk(out), suppress(PowerCut):
            code = main(words)
        return code, self.capsys.readouterr().err

    def check(self, out: Path) -> None:
        """Whatever has happened: what was saved is there, once and unaltered, and all that is there can be read."""
        loaded = load_records(out / "results")
        finished = [record for record in loaded.records if record.status == "finished"]
        assert loaded.problems == ()
        assert {measured(record) for record in finished} <= self.whole
        assert self.saved <= {record.run_id for record in finished}
        assert len(finished) == len({record.run_id for record in finished})

    def check_whole(self, out: Path, without_weights: int = 0) -> None:
        """Nothing is missing, nothing is left."""
        self.check(out)
        records = load_records(out / "results").records
        assert len(records) == len(self.whole)
        states = [kept.state for kept in artifacts(records, out)]
        assert {*states} == {"kept"}
        assert len(records) - without_weights <= len(states) <= len(records)
        assert load_study(out / "results" / "study").entries
        assert (out / "reports" / "study" / "report.md").read_text() == "a report"
        assert left_behind(out) == []


@pytest.fixture
def world(tmp_path, monkeypatch, capsys):
    return World(tmp_path, monkeypatch, capsys)


def go_wrong(world: World, out: Path, disk: FaultyDisk) -> None:
    """Give the command on a disk on which one operation goes wrong, and again on a sound one."""
    world.saved.clear()
    code, said = world.run(out, disk)
    assert disk.happened
    assert (code is None) == disk.fault.startswith("cut")
    assert code in (None, 0, SOME_RUNS_FAILED, DISK_FULL if disk.number in DISK_ERRNOS else WRONG_USAGE), said
    assert sum(line.startswith("error: ") for line in said.splitlines()) == (code in (WRONG_USAGE, DISK_FULL)), said
    assert "Traceback" not in said
    world.check(out)
    again, said_again = world.run(out)
    assert again == 0, said_again
    world.check_whole(out, without_weights=said.count("its weights are not kept"))
    if code is not None:
        assert not [*out.rglob(".*")], "nothing half written is left"
    shutil.rmtree(out)


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        ("fails", errno.EIO),
        pytest.param("fails", errno.EACCES, marks=pytest.mark.slow),
        pytest.param("full", errno.ENOSPC, marks=pytest.mark.slow),
        pytest.param("cut", 0, marks=pytest.mark.slow),
        ("cut, unsynced lost", 0),
    ],
)
def test_every_change_to_a_file_goes_wrong_in_turn(world, tried, fault, number):
    count = world.count(CHANGES)
    for at in range(count):
        go_wrong(world, world.folder / f"out-{at}", FaultyDisk(world.folder / f"out-{at}", fault, at, number))
    tried(count, "changes to files cut short" if fault.startswith("cut") else "changes to files failed")


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_every_look_at_a_file_fails_in_turn(world, tried, number):
    """In a folder where one run is done and the record of the other was deleted."""
    source, counted = world.folder / "half", world.folder / "counted"
    world.run(source)
    next((source / "results" / "study").glob("base-*")).unlink()
    shutil.copytree(source, counted)
    count = world.count(READS)
    for at in range(count):
        out = world.folder / f"out-{at}"
        shutil.copytree(source, out)
        go_wrong(world, out, FaultyDisk(out, "fails", at, number, READS))
    tried(count, "looks at files failed")


def test_a_record_that_the_disk_does_not_give_is_not_written_twice(tmp_path):
    study = make_study(upto="base")
    record = make_record(study, "base")
    path = save_record(record, tmp_path)
    with FaultyDisk(tmp_path, "fails", 0, errno.EIO, ("open",)), pytest.raises(DiskError, match="Input/output error"):
        save_record(record, tmp_path)
    assert [*path.parent.iterdir()] == [path]


def test_a_plan_that_the_disk_does_not_give_is_not_to_be_replaced(world):
    out = world.folder / "out"
    plan = out / "results" / "study" / "study.json"
    world.run(out)
    for operation in ("stat", "open"):
        code, said = world.run(out, FaultyDisk(plan, "fails", 0, errno.EIO, (operation,)))
        assert code == DISK_FULL
        assert said.endswith("study.json cannot be read: Input/output error.\n")


@pytest.mark.parametrize("fault", ["fails", "cut, unsynced lost"])
def test_every_file_of_a_report_is_the_old_one_or_the_new(tmp_path, tried, fault):
    study = make_study(upto="recipe")
    for folder, records in (("old", make_records(study)), ("new", make_records(study, top1_percent=50.0))):
        save_study(study, tmp_path / folder)
        for record in records:
            save_record(record, tmp_path / folder)

    def report(results: str, out: Path) -> dict[str, bytes]:
        written = write_report(tmp_path / results, out, study.name, ("md", "json"), figures=False)
        return {path.name: path.read_bytes() for path in written}

    out = tmp_path / "reports"
    new = report("new", out)
    with FaultyDisk(out) as disk:
        old = report("old", out)
    for at in range(len(disk.done)):
        for name, text in old.items():
            (out / study.name / name).write_bytes(text)
        with FaultyDisk(out, fault, at, errno.EIO), suppress(DiskError, PowerCut):
            report("new", out)
        for path in (out / study.name).glob("report.*"):
            assert path.read_bytes() in (old[path.name], new[path.name])
    assert report("new", out) == new
    tried(len(disk.done), "changes to files of a report went wrong")


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["full", "cut, unsynced lost"])
def test_a_training_on_a_failing_disk_comes_to_the_same_bits(tmp_path, tried, fault):
    """A checkpoint at each of three steps; every fifth operation goes wrong."""
    spec, arrays = short(-1, epochs=1, batch_size=8, stochastic_depth=0.3), bars(24, 8)
    whole = train(spec, arrays, seed=3).curves

    def again(folder: Path, said: list[str]):
        return train(spec, arrays, seed=3, checkpoints=Checkpoints(folder, "x", seconds_between=0, note=said.append))

    with FaultyDisk(tmp_path / "counted") as disk:
        again(tmp_path / "counted", [])
    tries = range(0, len(disk.done), 5)
    for at in tries:
        folder, said = tmp_path / str(at), []
        with FaultyDisk(folder, fault, at, errno.ENOSPC), suppress(PowerCut):
            assert again(folder, said).curves == whole
        assert len(said) <= 1, "a full disk is said once"
        resumed = again(folder, said)
        assert resumed.curves == whole
        assert not [line for line in said if "is not used" in line], "half a checkpoint is none"
    tried(len(tries), "operations of a training went wrong")
