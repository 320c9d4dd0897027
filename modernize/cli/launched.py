"""A command that a launcher (torchrun, srun) has started several times: one process speaks for all.

torchrun prints a traceback of its own when a process ends badly; it names those that did, and what they left for it to
say. So the first one leaves its line, and the others let it end first, and are ended quietly.
"""

from __future__ import annotations

import os

PATIENCE_SECONDS = 10.0


def is_follower() -> bool:
    """Whether another process speaks for this one."""
    numbers = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    return all(map(str.isdecimal, numbers)) and 0 < int(numbers[0]) < int(numbers[1])


def tell_launcher(problem: str) -> None:
    """Leave a line where torchrun looks for what went wrong."""
    if path := os.environ.get("TORCHELASTIC_ERROR_FILE"):
        import json
        import time
        from contextlib import suppress
        from pathlib import Path

        about = {"message": problem, "extraInfo": {"timestamp": f"{time.time():.0f}"}}
        with suppress(OSError):
            Path(path).write_text(json.dumps({"message": about}), encoding="utf-8")


def wait_for_launcher() -> None:
    """Give the launcher time to end this process because the first one has failed too; it will have said why."""
    import time

    time.sleep(PATIENCE_SECONDS)
