"""A claim: the file that says which process has a run in hand, so that no two do the same one.

It appears whole or not at all, only where there is none, and is touched every few seconds. One whose process is gone is
taken over: on the same machine that is known at once, from elsewhere by the file no longer being touched. Processes in
two containers count as elsewhere, for they have numbers of their own.
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

CLAIM_FILE = "claim"
BEAT_SECONDS = 10.0
STALE_SECONDS = 120.0
MOST_BYTES = 4096
LIVING = "living"
"""The start of a process that lives, where nothing more can be found out."""


class Claim:
    """The claim of a run.

    Args:
        folder: The run's own; made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / CLAIM_FILE
        self._mine = b""

    def take(self) -> str:
        """Take it if nobody living has it.

        Returns:
            "" if this process has it now, else who has it.

        Raises:
            OSError: If the folder cannot be written.
        """
        for _ in range(3):  # others may take, release or remove it meanwhile
            with suppress(FileExistsError, FileNotFoundError):
                self._create()
                return ""
            if holder := _holder(self.path):
                return holder
            self._set_aside()
        return "another process"

    def holder(self) -> str:
        """Say who has it; "" if nobody living does, or that cannot be seen: `take` says why."""
        try:
            return _holder(self.path)
        except OSError:
            return ""

    def beat(self) -> None:
        """Show that the process lives."""
        with suppress(OSError):
            os.utime(self.path)

    def release(self) -> None:
        """Give it back, if it is this process's."""
        with suppress(OSError):
            if self._mine and self.path.read_bytes() == self._mine:
                self.path.unlink()
            self.path.parent.rmdir()  # unless it holds a checkpoint
        self._mine = b""

    def _create(self) -> None:
        mine = json.dumps(_place() | {"pid": os.getpid(), "started": _started(os.getpid())}).encode()
        part = self._hidden()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write(part, mine)
            try:
                os.link(part, self.path)
            except (FileExistsError, FileNotFoundError):
                raise
            except OSError:  # a file system without links
                _write(self.path, mine)
            self._mine = mine
        finally:
            with suppress(OSError):
                part.unlink()
        for leftover in self.path.parent.glob(f".{CLAIM_FILE}.*"):  # of a killed process; a living one tries again
            with suppress(OSError):
                leftover.unlink()

    def _set_aside(self) -> None:
        """Remove a stale claim; if somebody else has done so and taken it meanwhile, put theirs back."""
        aside = self._hidden()
        with suppress(OSError):
            self.path.rename(aside)
            if _holder(aside):
                os.link(aside, self.path)
            aside.unlink()

    def _hidden(self) -> Path:
        return self.path.with_name(f".{CLAIM_FILE}.{secrets.token_hex(8)}")


def _write(path: Path, data: bytes) -> None:
    """Write a new file; none is left if that fails."""
    with path.open("xb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise


def _holder(path: Path) -> str:
    try:
        seen = path.lstat()
        text = _text(path) if stat.S_ISREG(seen.st_mode) else ""
    except FileNotFoundError:
        return ""
    facts = _parsed(text)
    pid = facts.get("pid", 0)
    # Only here can a process be asked for; a processor that slept does not make a claim stale.
    if facts and os.name == "posix" and facts.items() >= _place().items():
        living = _started(pid) in (facts["started"], LIVING)
    else:
        # A clock may be wrong: what was touched long after now is as stale as what was touched long before.
        living = abs(time.time() - seen.st_mtime) < STALE_SECONDS
    host = re.sub(r"[^\w.-]", "_", facts["host"]) if facts else "an unknown machine"
    return f"process {pid} on {host}" * living


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MOST_BYTES).decode(errors="replace")


def _parsed(text: str) -> dict[str, Any]:
    """Read a claim; {} if it is none: it lives as long as it is young."""
    try:
        facts = json.loads(text)
        sound = 0 < facts["pid"] < 2**31 and all(isinstance(facts[name], str) for name in ("host", "started"))
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return facts if sound and isinstance(facts["pid"], int) else {}


def _place() -> dict[str, str]:
    """Tell where a process's number means this process: on which machine, since when it runs, in which container."""
    place = {"host": platform.node(), "boot": "", "pid_namespace": ""}
    with suppress(OSError):
        place["boot"] = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with suppress(OSError):
        place["pid_namespace"] = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - it is no path
    return place


def _started(pid: int) -> str:
    """Tell a process from others that had or will have its number; "" if there is none, or it is dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass  # it is somebody else's
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return LIVING
    return "" if after_name[0] == "Z" else after_name[19]
