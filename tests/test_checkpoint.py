"""Checkpoints: a run goes on from any of them to the same bits, and a bad one is told from a good one."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from test_train import bars, short

from modernize.nn import build
from modernize.train.checkpoint import Checkpoint, Checkpoints
from modernize.train.loop import Stopped, Trainer, evaluate, train

NUM_STEPS = 12  # 96 images, batch 16, 2 epochs


@pytest.fixture(scope="module")
def arrays():
    return bars()


class Notebook:
    """Keeps a run's checkpoints, one at every step, and what is said of them."""

    def __init__(self, folder: Path, owner: str = "a run", **options) -> None:
        self.folder = folder
        self.said: list[str] = []
        options = {"seconds_between": 0} | options
        self.checkpoints = Checkpoints(folder, owner, note=self.said.append, **options)

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


def run_until(steps: int, spec, arrays, notebook: Notebook, seed: int = 3, **options) -> None:
    """Train so many steps from wherever the run is, and stop there."""
    done = []
    with pytest.raises(Stopped):
        train(
            spec,
            arrays,
            seed=seed,
            on_step=lambda *position: done.append(position),
            checkpoints=notebook.checkpoints,
            should_stop=lambda: len(done) == steps,
            **options,
        )


def _append(to: list[tuple[int, int]], *position: int) -> None:
    to.append(position)


@pytest.mark.parametrize("rung", [0, -1], ids=["resnet-sgd", "convnext-adamw"])
def test_stopped_anywhere_a_run_ends_with_the_same_bits(arrays, tmp_path, rung):
    spec = short(rung, stochastic_depth=0.3)
    whole = train(spec, arrays, seed=3)
    for first in (1, 5, 6, 7, 11):  # within, at the end of and behind the first of two epochs of 6 steps
        notebook = Notebook(tmp_path / str(first))
        run_until(first, spec, arrays, notebook)
        torch.randn(7)  # another process has drawn other numbers
        seen: list[tuple[int, int]] = []
        on_step = functools.partial(_append, seen)
        resumed = train(spec, arrays, seed=3, checkpoints=notebook.checkpoints, on_step=on_step)
        assert seen[0] == (first // 6, first + 1)
        assert resumed.curves == whole.curves
        assert resumed.result == whole.result
        assert resumed.num_resumes == 1
        assert notebook.said == [f"resumed in epoch {(first - 1) // 6 + 1} of 2 after {first} steps"]


def test_stopped_at_every_step_it_still_comes_to_the_same_end(arrays, tmp_path):
    spec = short(-1, stochastic_depth=0.3)
    notebook = Notebook(tmp_path)
    for _ in range(NUM_STEPS):
        run_until(1, spec, arrays, notebook)
    last = train(spec, arrays, seed=3, checkpoints=notebook.checkpoints)
    assert last.curves == train(spec, arrays, seed=3).curves
    assert last.num_resumes == NUM_STEPS
    assert last.images_per_second > 0
    assert len(last.epoch_seconds) == 2
    assert min(last.epoch_seconds) > 0


def test_writing_checkpoints_changes_nothing(arrays, tmp_path):
    spec = short(0, stochastic_depth=0.3)
    assert (
        train(spec, arrays, seed=3, checkpoints=Notebook(tmp_path).checkpoints).curves
        == train(spec, arrays, seed=3).curves
    )


def test_the_last_two_are_kept_and_say_what_they_are(arrays, tmp_path):
    spec = short(-1)
    notebook = Notebook(tmp_path / "runs" / "x", owner="run 0123")
    outcome = train(spec, arrays, seed=0, checkpoints=notebook.checkpoints)
    assert notebook.names == ["checkpoint-0000000011", "checkpoint-0000000012"]
    assert notebook.said == []
    last = notebook.folder / notebook.names[-1]
    for line in (last / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((last / name).read_bytes()).hexdigest() == digest
    with safe_open(last / "weights.safetensors", "pt") as file:
        assert file.metadata() | {"torch": ""} == {"format": "1", "owner": "run 0123", "step": "12", "torch": ""}
    # The weights are an ordinary state dict, and the last ones are those that were evaluated.
    network = build(spec)
    network.load_state_dict(load_file(last / "weights.safetensors"))
    trainer = Trainer(spec, arrays, seed=0)
    assert evaluate(trainer.objective, network, trainer.feed.eval_batches("test", 250)) == outcome.result.metrics


def damage(path: Path, how: str) -> None:
    weights, progress = path / "weights.safetensors", path / "progress.json"
    match how:
        case "torn":
            weights.write_bytes(weights.read_bytes()[:-7])
        case "flipped":
            data = bytearray(weights.read_bytes())
            data[-1] ^= 1
            weights.write_bytes(data)
        case "missing":
            (path / "state.safetensors").unlink()
        case "no-sums":
            (path / "SHA256SUMS").unlink()
        case "binary-sums":
            (path / "SHA256SUMS").write_bytes(b"\xff\xfe\x00")
        case "numbers-changed":
            progress.write_text(progress.read_text().replace('"num_resumes": 0', '"num_resumes": 1'))
        case "a-file":
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
            path.write_text("hello")


def forge(path: Path, **files: bytes) -> None:
    """Change files and the checksums with them."""
    for name, data in files.items():
        (path / name).write_bytes(data)
    names = ("weights.safetensors", "state.safetensors", "progress.json")
    sums = (f"{hashlib.sha256((path / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (path / "SHA256SUMS").write_text("".join(sums))


@pytest.mark.parametrize("how", ["torn", "flipped", "missing", "no-sums", "binary-sums", "numbers-changed", "a-file"])
def test_a_damaged_one_is_refused_in_a_line_and_the_one_before_is_used(arrays, tmp_path, how):
    spec = short(0)
    notebook = Notebook(tmp_path)
    run_until(8, spec, arrays, notebook)
    damage(tmp_path / "checkpoint-0000000008", how)
    again = Notebook(tmp_path)
    run_until(1, spec, arrays, again)
    refusal, resumed = again.said
    assert refusal.startswith(f"{tmp_path / 'checkpoint-0000000008'} is not used: ")
    assert "\n" not in refusal
    assert resumed == "resumed in epoch 2 of 2 after 7 steps"
    assert "checkpoint-0000000008" in again.names, "written anew"
    (refused,) = (name for name in again.names if name.startswith("refused-"))
    assert refused.endswith("-checkpoint-0000000008")
    last = train(spec, arrays, seed=3, checkpoints=again.checkpoints)
    assert last.curves == train(spec, arrays, seed=3).curves


def test_with_no_good_one_left_it_starts_over(arrays, tmp_path):
    spec = short(0)
    run_until(8, spec, arrays, Notebook(tmp_path))
    for path in list(tmp_path.iterdir()):
        damage(path, "torn")
    again = Notebook(tmp_path)
    outcome = train(spec, arrays, seed=3, checkpoints=again.checkpoints)
    assert len(again.said) == 2
    assert outcome.num_resumes == 0
    assert outcome.curves == train(spec, arrays, seed=3).curves


def test_another_runs_checkpoint_is_refused(arrays, tmp_path):
    run_until(3, short(0), arrays, Notebook(tmp_path, owner="run 1"), seed=1)
    other = Notebook(tmp_path, owner="run 2")
    outcome = train(short(0), arrays, seed=3, checkpoints=other.checkpoints)
    assert all("it belongs to run 1 in format 1, not to run 2" in line for line in other.said)
    assert outcome.curves == train(short(0), arrays, seed=3).curves


def test_no_pickle_is_ever_loaded(arrays, tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "boom",)

    folder = tmp_path / "run"
    run_until(1, short(0), arrays, Notebook(folder))
    for name in ("weights.safetensors", "state.safetensors", "progress.json"):
        forge(folder / "checkpoint-0000000001", **{name: pickle.dumps({"x": Bomb()})})
        again = Notebook(folder)
        run_until(1, short(0), arrays, again)
        assert "is not used" in again.said[0]
        assert not (tmp_path / "boom").exists()


def test_one_that_does_not_fit_the_network_changes_nothing(arrays, tmp_path):
    spec = short(0)
    run_until(2, spec, arrays, Notebook(tmp_path))
    path = tmp_path / "checkpoint-0000000002"
    weights = load_file(path / "weights.safetensors")
    weights["stem.odd"] = torch.zeros(1)
    save_file(weights, path / "weights.safetensors")
    forge(path)
    state = load_file(tmp_path / "checkpoint-0000000001" / "state.safetensors")
    state["rng"] = state["rng"][:-1].clone()
    save_file(state, tmp_path / "checkpoint-0000000001" / "state.safetensors")
    forge(tmp_path / "checkpoint-0000000001")
    again = Notebook(tmp_path)
    assert train(spec, arrays, seed=3, checkpoints=again.checkpoints).curves == train(spec, arrays, seed=3).curves
    assert "lacks stem.odd or has it in excess" in again.said[0]
    assert "its rng is" in again.said[1]


IMPOSSIBLE = {
    "before-the-start": {"epoch": -1},
    "behind-the-end": {"epoch": 2, "batch": 0},
    "outside-its-epoch": {"batch": 10**9},
    "another-step": {"batch": 3},
    "too-many-curves": {"epoch_seconds": [0.1] * 9},
    "no-curves": {"curves": {}},
    "not-finite": {"seconds": float("inf")},
    "backwards": {"training_seconds": -1.0},
    "never-resumed": {"num_resumes": -1},
    "deep": {"epoch": {"epoch": {}}},
}


@pytest.mark.parametrize("changed", [*IMPOSSIBLE.values(), None], ids=[*IMPOSSIBLE, "empty"])
def test_one_whose_progress_is_impossible_is_refused(arrays, tmp_path, changed):
    """Its sums are right all the same."""
    spec = short(0)
    run_until(8, spec, arrays, Notebook(tmp_path))
    path = tmp_path / "checkpoint-0000000008"
    about = json.loads((path / "progress.json").read_text())
    about["progress"] = {} if changed is None else about["progress"] | changed
    forge(path, **{"progress.json": json.dumps(about).encode()})
    again = Notebook(tmp_path)
    run_until(1, spec, arrays, again)
    refusal, resumed = again.said
    assert refusal.startswith(f"{path} is not used: ")
    assert resumed == "resumed in epoch 2 of 2 after 7 steps"


@pytest.mark.parametrize("name", ["rng", "loss_sum"])
def test_one_whose_random_numbers_or_loss_are_none_is_refused(arrays, tmp_path, name):
    spec = short(0)
    run_until(2, spec, arrays, Notebook(tmp_path))
    path = tmp_path / "checkpoint-0000000002"
    state = load_file(path / "state.safetensors")
    state[name] = torch.full_like(state[name], 255 if name == "rng" else torch.nan)
    save_file(state, path / "state.safetensors")
    forge(path)
    again = Notebook(tmp_path)
    run_until(1, spec, arrays, again)
    assert f"{path} is not used: " in again.said[0]
    assert again.said[1] == "resumed in epoch 1 of 2 after 1 steps"


def test_a_full_disk_costs_no_run_and_is_said_once(arrays, tmp_path, monkeypatch):
    spec = short(0)

    def full(_):
        raise OSError(28, "No space left on device")

    notebook = Notebook(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        outcome = train(spec, arrays, seed=3, checkpoints=notebook.checkpoints)
    assert outcome.curves == train(spec, arrays, seed=3).curves
    assert notebook.said == [
        f"no checkpoint can be written to {tmp_path}: No space left on device; training goes on without"
    ]
    assert notebook.names == [], "nothing half written is left"


def test_a_full_disk_leaves_the_good_ones(arrays, tmp_path, monkeypatch):
    spec = short(0)
    run_until(2, spec, arrays, Notebook(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        run_until(1, spec, arrays, Notebook(tmp_path))
    assert Notebook(tmp_path).names == ["checkpoint-0000000001", "checkpoint-0000000002"]


def test_what_a_killed_writer_left_is_swept_up(arrays, tmp_path):
    leftover = tmp_path / ".checkpoint-0000000001.99.tmp"
    leftover.mkdir()
    (leftover / "weights.safetensors").write_bytes(b"half")
    train(short(0), arrays, seed=3, checkpoints=Notebook(tmp_path).checkpoints)
    assert not leftover.exists()


class Clock:
    """Time passes only while a checkpoint is written, and when a test says so."""

    now = 0.0
    cost = 0.0

    def __call__(self) -> float:
        self.now += self.cost / 2
        return self.now


def empty(step: int) -> Checkpoint:
    return Checkpoint(step=step, weights={}, state={}, progress={})


def test_one_is_due_after_the_interval_or_later_if_writing_takes_long(tmp_path):
    clock = Clock()
    checkpoints = Checkpoints(tmp_path, "x", seconds_between=20, clock=clock)
    assert not checkpoints.due()
    clock.now = 20
    assert checkpoints.due()
    checkpoints.save(empty(1))
    assert not checkpoints.due()
    clock.now = 40
    assert checkpoints.due()

    clock.cost = 4  # between the two looks at the clock in `save`, 2 s pass
    checkpoints.save(empty(2))
    clock.cost, end = 0, clock.now
    clock.now = end + 99
    assert not checkpoints.due(), "2 s are 2 % of 100"
    clock.now = end + 100
    assert checkpoints.due()


def test_a_diverged_run_leaves_no_checkpoint_of_its_last_step(arrays, tmp_path):
    spec = short(0, epochs=3, lr=1e6, warmup_epochs=0.0)
    notebook = Notebook(tmp_path)
    outcome = train(spec, arrays, seed=0, checkpoints=notebook.checkpoints)
    assert outcome.diverged
    for name in notebook.names:
        text = (tmp_path / name / "progress.json").read_text()
        json.loads(text, parse_constant=pytest.fail)
    again = train(spec, arrays, seed=0, checkpoints=notebook.checkpoints)
    assert replace(again, images_per_second=0, epoch_seconds=(), num_resumes=0, earlier_seconds=0) == replace(
        outcome, images_per_second=0, epoch_seconds=()
    )
