"""Under load and faults: a small ladder killed, interrupted, crowded and without disk space ends as if undisturbed.

Real commands and real signals. Each disturbance works on a folder until its study is whole; then the records there are
compared with those of a study that nothing disturbed. Everything counted has to be 0.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measured import Measured
from benchmarks.records import make
from benchmarks.same_bytes import measured_bytes
from benchmarks.side import ROOT
from modernize.results.store import load_records

# Two rungs with two seeds: four runs of a second or two, a checkpoint after every step.
STUDY = ("--upto", "recipe", "--seeds", "2", "--epochs", "2", "--train-images", "128", "--test-images", "60")
HOW = ("--device", "cpu", "--jobs", "2", "--name", "disturbed")
LATEST_INTERRUPT_SECONDS = 5.0
PATIENCE_SECONDS = 300.0
KINDS = ("whole group", "parent alone", "one worker")
DISK_KILOBYTES = (40, 150, 400, 900, 2000)
COUNTED = {
    "lost": "runs lost",
    "doubled": "runs recorded twice",
    "half": "files that are no whole record",
    "differing": "runs whose measured values differ from an undisturbed run's",
    "orphans": "processes that outlived their command by a minute",
}


@dataclass
class Tally:
    """What a disturbance did.

    Attributes:
        times: How often it was done.
        studies: Folders that were brought to an end.
        counted: See `COUNTED`.
        ends: Exit codes of the commands, a negative one for a signal.
    """

    times: int = 0
    studies: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    ends: Counter[int] = field(default_factory=Counter)


def measure(quick: bool) -> list[Measured]:
    """Disturb studies in every way, one after the other."""
    draw = random.Random(0)
    # A shell that starts this in the background has its children ignore Ctrl-C, and theirs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        alone, seconds = _undisturbed(root / "alone")
        kinds = KINDS * (1 if quick else 10)
        tallies = {
            f"kill -9 ({', '.join(KINDS)})": _disturbed(
                root / "kill",
                alone,
                [lambda out, kind=kind: _kill(out, kind, draw.uniform(0, seconds)) for kind in kinds],
            ),
            "Ctrl-C in the first seconds": _disturbed(
                root / "interrupt", alone, [lambda out: _interrupt(out, draw)] * (2 if quick else 60)
            ),
            "commands on one folder at once": _crowd(root / "crowd", alone, 2 if quick else 8),
            "full disk": _full_disk(root / "disk", alone, DISK_KILOBYTES[:1] if quick else DISK_KILOBYTES),
        }
        rows = [row for what, tally in tallies.items() for row in _rows(what, tally)]
        return [*rows, _many_records(root / "many", 100 if quick else 10_000)]


def _rows(what: str, tally: Tally | None) -> list[Measured]:
    if tally is None:
        return [_row(f"{what}: not done", None, "a small file system cannot be mounted here")]
    note = f"exit codes {dict(sorted(tally.ends.items()))}; {tally.studies} studies of 4 runs brought to an end"
    return [
        _row(f"{what}, {tally.times} times: {COUNTED[key]}", tally.counted[key], note)
        for key in COUNTED
        if key in tally.counted
    ]


def _row(what: str, count: int | None, note: str) -> Measured:
    number = None if count is None else float(count)
    return Measured(goal="", what=what, ours=number, unit="", better="lower", at_least=0, note=note)


def _start(out: Path) -> subprocess.Popen[bytes]:
    """Start the study's command in a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "modernize", "run", *STUDY, *HOW, "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "MODERNIZE_CHECKPOINT_SECONDS": "0", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _undisturbed(out: Path) -> tuple[dict[str, str], float]:
    """Run the study once; return what each run measured, and how long all took."""
    began = time.monotonic()
    if _start(out).wait(PATIENCE_SECONDS) != 0:
        raise RuntimeError("the study does not end well even when nothing disturbs it")
    seconds = time.monotonic() - began
    return {record.run_id: measured_bytes(record) for record in load_records(out / "results").records}, seconds


def _disturbed(root: Path, alone: dict[str, str], blows: list[Callable[[Path], tuple[int, int]]]) -> Tally:
    """Strike studies until there are no blows left; one that has come to its end makes place for the next."""
    tally, out = Tally(), root / "0"
    for blow in blows:
        code, orphans = blow(out)
        tally.times += 1
        tally.ends[code] += 1
        tally.counted["orphans"] += orphans
        if code == 0:
            _judge(out, alone, tally)
            out = root / str(tally.studies)
    if out.exists():
        _bring_to_an_end(out, alone, tally)
    return tally


def _bring_to_an_end(out: Path, alone: dict[str, str], tally: Tally) -> None:
    code = _start(out).wait(PATIENCE_SECONDS)
    if code:
        raise RuntimeError(f"the same command ends with {code} when nothing disturbs it any more")
    _judge(out, alone, tally)


def _judge(out: Path, alone: dict[str, str], tally: Tally) -> None:
    """Compare the records of a finished study with those of one that nothing disturbed."""
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):  # noqa: PTH123
        loaded = load_records(out / "results")
    found = [record for record in loaded.records if record.status == "finished"]
    copies = Counter(record.run_id for record in found)
    tally.studies += 1
    tally.counted["lost"] += len(alone.keys() - copies.keys())
    tally.counted["doubled"] += sum(copies.values()) - len(copies)
    tally.counted["half"] += len(loaded.problems)
    tally.counted["differing"] += sum(measured_bytes(record) != alone.get(record.run_id) for record in found)


def _kill(out: Path, kind: str, seconds: float) -> tuple[int, int]:
    """Kill after a time what `kind` says; return the exit code and how many processes stayed."""
    command = _start(out)
    with suppress(subprocess.TimeoutExpired):
        return command.wait(seconds), 0
    family = _descendants(command.pid)
    workers = [pid for pid in family if "modernize.run.worker" in _command_line(pid)]
    if kind == "one worker" and workers:
        _end(workers[int(1000 * seconds) % len(workers)])
    else:
        for pid in [command.pid, *(family if kind == "whole group" else ())]:
            _end(pid)
    code = command.wait(PATIENCE_SECONDS)
    return code, _still_there(family)


def _interrupt(out: Path, draw: random.Random) -> tuple[int, int]:
    """Press Ctrl-C, which the whole group gets."""
    command = _start(out)
    with suppress(subprocess.TimeoutExpired):
        return command.wait(draw.uniform(0, LATEST_INTERRUPT_SECONDS)), 0
    family = _descendants(command.pid)
    os.killpg(command.pid, signal.SIGINT)
    return command.wait(PATIENCE_SECONDS), _still_there(family)


def _crowd(out: Path, alone: dict[str, str], number: int) -> Tally:
    tally = Tally(times=number)
    for command in [_start(out) for _ in range(number)]:
        tally.ends[command.wait(3 * PATIENCE_SECONDS)] += 1
    _bring_to_an_end(out, alone, tally)
    return tally


def _full_disk(out: Path, alone: dict[str, str], sizes: tuple[int, ...]) -> Tally | None:
    """Let a study meet the end of a disk that grows each time."""
    tally = Tally()
    with _disk(out, sizes[0]) as mounted:
        if not mounted:
            return None
        for size in sizes:
            _remount(out, size)
            code = _start(out).wait(PATIENCE_SECONDS)
            tally.times += code != 0
            tally.ends[code] += 1
        _remount(out, 200_000)
        _bring_to_an_end(out, alone, tally)
    return tally


@contextmanager
def _disk(folder: Path, kilobytes: int) -> Iterator[bool]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=False)


def _remount(folder: Path, kilobytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(folder)], check=True)


def _many_records(folder: Path, number: int) -> Measured:
    """Read many records, and say how many are not there as they were written."""
    written = {record.run_id: json.dumps(record.to_json()) for record in make(number, folder)[0]}
    began = time.process_time()
    loaded = load_records(folder)
    seconds = time.process_time() - began
    read = {record.run_id: json.dumps(record.to_json()) for record in loaded.records}
    wrong = sum(read.get(run_id) != text for run_id, text in written.items()) + len(loaded.problems)
    wrong += len(loaded.records) - len(written)
    return _row(f"{len(written):,} records read: lost, doubled or altered", wrong, f"{seconds:.2f} s of processor time")


def _descendants(pid: int) -> list[int]:
    """Return the processes below one, by what Linux says of each."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found += new
    return found


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _still_there(pids: list[int], seconds: float = 60.0) -> int:
    """Wait for processes to go, and say how many did not."""
    names = {pid: _command_line(pid) for pid in pids}
    until = time.monotonic() + seconds
    left = [pid for pid, name in names.items() if name]
    while left and time.monotonic() < until:
        time.sleep(0.05)
        left = [pid for pid in left if _command_line(pid) == names[pid]]
    return len(left)
