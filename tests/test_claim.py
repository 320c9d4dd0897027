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
    facts = claims._place() | {"pid": pid, "started": claims._started(pid)}
    facts |= {"host": host} if host else {}
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


@pytest.mark.parametrize("other_place", [{"pid_namespace": "pid:[1]"}, {"boot": "another"}], ids=["container", "boot"])
def test_a_number_in_another_container_or_of_a_machine_of_the_same_name_is_another_process(tmp_path, other_place):
    """Two containers on one folder have the same host name and the same numbers."""
    claim = claimed_by(tmp_path, os.getpid())
    claim.path.write_text(json.dumps(json.loads(claim.path.read_text()) | other_place | {"started": "1"}))
    assert Claim(tmp_path).take() == f"process {os.getpid()} on {platform.node()}"
    os.utime(claim.path, (time.time() - STALE_SECONDS - 5,) * 2)
    assert Claim(tmp_path).take() == ""


STRANGE = {
    "empty": b"",
    "half": b'{"host": "x',
    "bytes": b'\xff\xfe{"host": "far", "pid": 7, "started": "1"}',
    "no-number": b'{"host": "far", "pid": "seven", "started": "1"}',
    "huge": b'{"host": "far", "pid": 1%s, "started": "1"}' % (b"0" * 40),
    "infinite": b'{"host": "far", "pid": 1e999, "started": "1"}',
    "negative": b'{"host": "far", "pid": -1, "started": "1"}',
    "list": b"[1]",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("data", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("seconds_ago", [-1e6, 1e6], ids=["from-the-future", "old"])
def test_a_claim_that_says_nothing_is_somebodys_while_it_is_young(tmp_path, data, seconds_ago):
    path = tmp_path / "claim"
    path.write_bytes(data)
    assert Claim(tmp_path).take() == "process 0 on an unknown machine"
    os.utime(path, (time.time() - seconds_ago,) * 2)
    assert Claim(tmp_path).take() == ""
    assert [path.name for path in tmp_path.iterdir()] == ["claim"]


def test_no_name_in_a_claim_reaches_a_terminal_as_a_command(tmp_path):
    claimed_by(tmp_path, 7, host="a\x1b[2Jb\n\ud800")
    assert Claim(tmp_path).take() == "process 7 on a__2Jb__"


@pytest.mark.parametrize("kind", ["pipe", "loop", "folder"])
def test_what_is_no_file_is_not_waited_for(tmp_path, kind):
    path = tmp_path / "claim"
    make = {"pipe": lambda: os.mkfifo(path), "loop": lambda: path.symlink_to(path), "folder": path.mkdir}
    make[kind]()
    os.utime(path, (1, 1), follow_symlinks=False)
    assert Claim(tmp_path).take() == ""


def test_it_appears_with_its_words_in_it(tmp_path, monkeypatch):
    """Killed between the file and its words, a process would keep others waiting."""
    there = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (there.append((tmp_path / "claim").exists()), fsync(number)))
    assert Claim(tmp_path).take() == ""
    assert there == [False]


def test_a_killed_processs_leftovers_go_with_the_next_claim(tmp_path):
    (tmp_path / ".claim.0123").write_text("{")
    claim = Claim(tmp_path)
    assert claim.take() == ""
    assert [path.name for path in tmp_path.iterdir()] == ["claim"]


def test_a_file_system_without_links_serves(tmp_path, other, monkeypatch):
    def no_links(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    claim = Claim(tmp_path / "x")
    assert claim.take() == ""
    assert Claim(tmp_path / "x").take() == f"process {os.getpid()} on {platform.node()}"
    claim.release()
    assert not (tmp_path / "x").exists()


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    claim = Claim(tmp_path / "x")
    with pytest.raises(OSError, match="No space"):
        claim.take()
    claim.release()
    assert not (tmp_path / "x").exists()


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
