"""Claims: a run is in one living process's hands at a time."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modernize.run import claim as claims
from modernize.run.claim import STALE_SECONDS, Claim

pytestmark = pytest.mark.skipif(os.name != "posix", reason="asks for processes")


@pytest.fixture
def other():
    """Another living process."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def claimed_by(folder: Path, pid: int, host: str = "", seconds_ago: float = 0.0) -> Claim:
    """Put there what another process would have written."""
    claim = Claim(folder)
    facts = {"host": host or platform.node(), "pid": pid, "started": claims._started(pid)}
    claim.path.parent.mkdir(parents=True, exist_ok=True)
    claim.path.write_text(json.dumps(facts))
    os.utime(claim.path, (time.time() - seconds_ago,) * 2)
    return claim


def test_one_takes_it_and_gives_it_back(tmp_path):
    claim = Claim(tmp_path / "runs" / "x")
    assert claim.holder() == ""
    assert claim.take() == ""
    assert claim.holder() == Claim(claim.path.parent).take() == f"process {os.getpid()} on {platform.node()}"
    claim.release()
    assert claim.holder() == ""
    assert not claim.path.parent.exists()
    assert claim.take() == ""


def test_a_living_process_keeps_it_however_old_it_is(tmp_path, other):
    theirs = claimed_by(tmp_path, other.pid, seconds_ago=10 * STALE_SECONDS)
    before = theirs.path.read_text()
    mine = Claim(tmp_path)
    assert mine.take() == f"process {other.pid} on {platform.node()}"
    mine.release()
    assert theirs.path.read_text() == before


def test_a_dead_processs_claim_is_taken_over_at_once(tmp_path, other):
    claimed_by(tmp_path, other.pid)
    other.kill()
    other.wait()
    assert Claim(tmp_path).take() == ""
    assert [path.name for path in tmp_path.iterdir()] == ["claim"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_process_that_merely_has_the_number_of_the_dead_one_does_not_count(tmp_path, other):
    claim = claimed_by(tmp_path, other.pid)
    claim.path.write_text(json.dumps(json.loads(claim.path.read_text()) | {"started": "1"}))
    assert Claim(tmp_path).take() == ""


def test_on_another_machine_the_heartbeat_decides(tmp_path):
    theirs = claimed_by(tmp_path, 7, host="far", seconds_ago=STALE_SECONDS + 5)
    theirs.beat()
    assert Claim(tmp_path).take() == "process 7 on far"
    claimed_by(tmp_path, 7, host="far", seconds_ago=STALE_SECONDS + 5)
    assert Claim(tmp_path).take() == ""


def test_a_claim_half_written_is_somebodys_until_it_is_old(tmp_path):
    path = tmp_path / "claim"
    path.touch()
    assert Claim(tmp_path).take() == "process 0 on an unknown machine"
    os.utime(path, (time.time() - STALE_SECONDS - 5,) * 2)
    assert Claim(tmp_path).take() == ""


def test_two_that_take_over_the_same_stale_claim_do_not_both_get_it(tmp_path, other, monkeypatch):
    """The other one is faster: between the look at the stale claim and its removal it has made its own."""
    claimed_by(tmp_path, 7, host="far", seconds_ago=STALE_SECONDS + 5)
    mine = Claim(tmp_path)
    untouched = mine._set_aside

    def slow():
        monkeypatch.setattr(mine, "_set_aside", untouched)
        claimed_by(tmp_path, other.pid)
        untouched()

    monkeypatch.setattr(mine, "_set_aside", slow)
    assert mine.take() == f"process {other.pid} on {platform.node()}"
    assert [path.name for path in tmp_path.iterdir()] == ["claim"]
