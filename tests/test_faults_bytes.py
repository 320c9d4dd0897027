"""A flipped bit in what was written is seen, or changes nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from factories import make_record, make_study
from safetensors.torch import save

from modernize.datasets.shapes import cached_images
from modernize.errors import ModernizeError
from modernize.results.artifact import RUNS, WEIGHTS_FILE, weights_of_run
from modernize.results.files import write_atomically
from modernize.results.record import WeightsFile
from modernize.results.store import load_records, save_record
from modernize.train.checkpoint import Checkpoint, Checkpoints

STUDY = make_study(upto="base")


def flipped(path: Path, count: int) -> Iterator[int]:
    """Flip so many bits of a file, one at a time and each in another byte as far as there are enough."""
    whole, draw = path.read_bytes(), random.Random(0)
    for position in draw.sample(range(len(whole)), min(count, len(whole))):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        yield position
    path.write_bytes(whole)


def test_of_a_record(tmp_path, tried):
    record = make_record(STUDY, "base")
    path, count = save_record(record, tmp_path), 2000
    for position in flipped(path, count):
        loaded = load_records(tmp_path)
        assert loaded.records in ((), (record,)), position
        assert len(loaded.records) + len(loaded.problems) == 1
        count -= 1
    tried(2000 - count, "bits flipped")


@pytest.mark.parametrize("name", ["weights.safetensors", "state.safetensors", "progress.json", "SHA256SUMS"])
def test_of_a_checkpoint(tmp_path, tried, name):
    def same(one: Checkpoint, other: Checkpoint) -> bool:
        tensors = all(
            torch.equal(value, getattr(other, kind)[key])
            for kind in ("weights", "state")
            for key, value in getattr(one, kind).items()
        )
        return tensors and (one.step, one.progress) == (other.step, other.progress)

    weights = {"stem": torch.arange(12.0).reshape(3, 4), "head": torch.ones(2, dtype=torch.int64)}
    last = Checkpoint(step=2, weights=weights, state={"rng": torch.get_rng_state()}, progress={"epoch": 1, "batch": 3})
    before = Checkpoint(step=1, weights=weights, state={}, progress={})
    said: list[str] = []
    checkpoints = Checkpoints(tmp_path, "run 1", note=said.append)
    checkpoints.save(before)
    checkpoints.save(last)
    folder = tmp_path / "checkpoint-0000000002"
    count = 0
    for position in flipped(folder / name, 300):
        got: list[Checkpoint] = []
        assert checkpoints.restore(got.append)
        assert len(said) == (got[0].step == 1)
        assert same(got[0], last if got[0].step == 2 else before), position
        for refused in tmp_path.glob("refused-*"):
            refused.rename(folder)
        said.clear()
        count += 1
    tried(count, "bits flipped")


def test_of_weights_that_a_run_left(tmp_path, tried):
    record = make_record(STUDY, "base")
    path = write_atomically(tmp_path / RUNS / record.run_id / WEIGHTS_FILE, save({"stem": torch.arange(12.0)}))
    about = WeightsFile(file=path.name, sha256=sha256(path.read_bytes()).hexdigest(), num_bytes=path.stat().st_size)
    record = replace(record, weights=about)
    assert weights_of_run(record, tmp_path) == path
    count = 0
    for _ in flipped(path, 300):
        with pytest.raises(ModernizeError, match="its hash is another"):
            weights_of_run(record, tmp_path)
        count += 1
    tried(count, "bits flipped")


def test_of_the_cache_of_a_data_set(tmp_path, tried, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    images = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 3), dtype=np.uint8)
    cached_images(tmp_path, "x", images.shape, lambda: images)
    (path,) = tmp_path.iterdir()
    whole, made, count = path.read_bytes(), [], 0

    def make():
        made.append(count)
        return images

    for position in flipped(path, len(whole)):
        assert np.array_equal(cached_images(tmp_path, "x", images.shape, make), images), position
        count += 1
    assert len(made) > 0.9 * count, "most of it are pixels"
    tried(count, "bits flipped")
