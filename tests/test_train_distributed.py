"""Two processes that share each batch, with gloo on the processor: the same numbers as one process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest
import train_rank

from modernize.errors import ModernizeError
from modernize.train.distributed import World
from modernize.train.loop import batch_size

pytestmark = pytest.mark.slow

SIZE = 2
LAUNCH_SECONDS = 300


def launch(*runs: dict[str, Any]) -> list[tuple[int, list[dict[str, Any]], str]]:
    """Do runs in two processes; return the exit code, the results and the errors of each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": f"{port}",
        "WORLD_SIZE": f"{SIZE}",
        "OMP_NUM_THREADS": "1",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error::UserWarning", train_rank.__file__, json.dumps(runs)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment | {"RANK": f"{rank}", "LOCAL_RANK": f"{rank}"},
        )
        for rank in range(SIZE)
    ]
    ended = []
    try:
        for process in processes:
            out, errors = process.communicate(timeout=LAUNCH_SECONDS)
            ended.append((process.returncode, [json.loads(line) for line in out.splitlines()], errors))
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return ended


@pytest.fixture(scope="module")
def together() -> dict[str, dict[str, Any]]:
    """Each run, done by two processes one after another; both say the same of it."""
    names = list(train_rank.RUNS)
    (code, results, errors), (other_code, others, other_errors) = launch(*({"name": name} for name in names))
    assert (code, other_code) == (0, 0), errors + other_errors
    assert results == others
    return dict(zip(names, results, strict=True))


def test_layer_norm_sees_no_difference(together):
    both, alone = together["layer-norm"], train_rank.do("layer-norm")
    measured, expected = both["curves"]["metrics"], alone["curves"]["metrics"]
    assert both["curves"]["train_loss"] == pytest.approx(alone["curves"]["train_loss"], rel=1e-5)
    assert measured["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    # Every one of the 51 images is counted once: accuracies are equal to the last digit.
    assert measured["top1_percent"] == list(expected["top1_percent"])
    assert both["curves"]["lr"] == list(alone["curves"]["lr"])
    assert both["execution"] | {"num_devices": 1, "batch_per_device": 16} == alone["execution"]
    assert (both["execution"]["num_devices"], both["execution"]["batch_per_device"]) == (2, 8)


def test_batch_norm_is_one_devices_own(together):
    both = together["batch-norm"]
    parts, whole = (train_rank.do("batch-norm", micro_batch=micro_batch) for micro_batch in (8, 0))
    assert both["curves"]["train_loss"] == pytest.approx(parts["curves"]["train_loss"], rel=1e-5)
    assert both["curves"]["train_loss"] != pytest.approx(whole["curves"]["train_loss"], rel=1e-3)


def test_all_agree_that_a_run_diverged(together):
    assert together["diverges"]["diverged"]
    assert together["diverges"]["result"]["metrics"] == {}


def test_stopped_and_killed_two_processes_end_with_the_same_bits(together, tmp_path):
    run = {"name": "everything", "folder": str(tmp_path)}
    ended = launch(run | {"stop_at": 3})
    assert [results for _, results, _ in ended] == [[{"stopped": 3}]] * SIZE, "though only the last one was asked"
    assert (tmp_path / "checkpoint-0000000003").exists()

    (first_code, first, _), (last_code, last, _) = launch(run | {"die_at": 8})
    assert first == last == []
    assert first_code != 0, "it does not wait for the dead"
    assert last_code == -9
    assert (tmp_path / "checkpoint-0000000007").exists()

    ended = launch(run)
    for code, (result,), errors in ended:
        assert code == 0, errors
        assert result.pop("num_resumes") == 2
        assert result == {key: value for key, value in together["everything"].items() if key != "num_resumes"}


def test_a_batch_that_two_cannot_share_is_one_line():
    assert batch_size(16, 16, World(0, 2, 0)) == 16
    with pytest.raises(ModernizeError, match=r"recipe\.batch_size is 15, which 2 processes cannot share evenly"):
        batch_size(15, 96, World(0, 2, 0))
    with pytest.raises(ModernizeError, match=r"recipe\.batch_size is 16, but there are only 7 training images"):
        batch_size(16, 7, World(0, 2, 0))
