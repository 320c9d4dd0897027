"""A claim: the file that says which process has a run in hand, so that no two do the same one.

It is created exclusively and touched every few seconds. One whose process is gone is taken over: on the same machine
that is known at once, from elsewhere by the file no longer being touched.
"""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import suppress
from pathlib import Path

CLAIM_FILE = "claim"
BEAT_SECONDS = 10.0
STALE_SECONDS = 120.0


class Claim:
    """The claim of a run.

    Args:
        folder: The run's own; made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / CLAIM_FILE
        self._mine = ""

    def take(self) -> str:
        """Take it if nobody living has it.

        Returns:
            "" if this process has it now, else who has it.

        Raises:
            OSError: If the folder cannot be written.
        """
        mine = json.dumps({"host": platform.node(), "pid": os.getpid(), "started": _started(os.getpid())})
        for _ in range(3):  # others may take, release or remove it meanwhile
            with suppress(FileExistsError, FileNotFoundError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("x", encoding="utf-8") as file:
                    self._mine = mine
                    file.write(mine)
                return ""
            if holder := self.holder():
                return holder
            self._set_aside()
        return "another process"

    def holder(self) -> str:
        """Say who has it; "" if nobody living does."""
        return _holder(self.path)

    def beat(self) -> None:
        """Show that the process lives."""
        with suppress(OSError):
            os.utime(self.path)

    def release(self) -> None:
        """Give it back, if it is this process's."""
        with suppress(OSError):
            # Empty where the disk was full.
            if self._mine and self.path.read_text(encoding="utf-8") in (self._mine, ""):
                self.path.unlink()
            self.path.parent.rmdir()  # unless it holds a checkpoint
        self._mine = ""

    def _set_aside(self) -> None:
        """Remove a stale claim; if somebody else has done so and taken it meanwhile, put theirs back."""
        aside = self.path.with_name(f".{CLAIM_FILE}.{os.getpid()}.stale")
        with suppress(OSError):
            self.path.rename(aside)
            if _holder(aside):
                os.link(aside, self.path)
            aside.unlink()


def _holder(path: Path) -> str:
    try:
        age = time.time() - path.stat().st_mtime
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    host, pid, started = _parsed(text)
    # Only here can a process be asked for; a processor that slept does not make a claim stale.
    living = _started(pid) == started if host == platform.node() and os.name == "posix" else age < STALE_SECONDS
    return f"process {pid} on {host}" * living


def _parsed(text: str) -> tuple[str, int, str]:
    try:
        facts = json.loads(text)
        return str(facts["host"]), int(facts["pid"]), str(facts["started"])
    except (ValueError, TypeError, KeyError):
        return "an unknown machine", 0, ""  # half written: it lives as long as it is young


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
        return "" if Path("/proc/self").exists() else "living"
    return "" if after_name[0] == "Z" else after_name[19]
