"""A data set and requests small enough for real runs in real worker processes."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from modernize.results.artifact import KEPT_FILES
from modernize.run.request import RunRequest, request_from

LOOPBACKS = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


def tiny_data(folder: Path, num_train: int = 128, num_test: int = 64, seed: int = 0) -> str:
    """Write three classes of noisy colours as a file of arrays and return the name of the data set."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for split, count in (("train", num_train), ("test", num_test)):
        labels = np.arange(count, dtype=np.int64) % 3
        images = rng.integers(0, 150, (count, 32, 32, 3), dtype=np.uint8)
        images[np.arange(count), :, :, labels] += 60
        arrays |= {f"x_{split}": images, f"y_{split}": labels}
    path = folder / "tiny.npz"
    np.savez(path, **arrays)
    return f"npz:{path}"


FIRST_LAPTOP = {"depths": (1, 1, 2, 1), "width": 8, "stem_stride": 2, "init_std": 0.06}
"""Architecture of the first release's smallest network, whose hashes stay."""


def tiny_request(folder: Path, *, processes: int | None = None, **options: Any) -> RunRequest:
    """Ask for the first rungs, an epoch each on the processor, on the tiny data set in `folder`.

    Several processes that share a run on the processor stand for GPUs.
    """
    wanted = {"data": f"npz:{folder / 'tiny.npz'}", "upto": "recipe", "epochs": 1, "out": folder / "out", "jobs": 1}
    wanted |= {"device": "cpu"}
    return replace(request_from(**(wanted | options)), gpus=processes)


def started_python(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start Python in a session of its own; what it prints is held until it is asked for."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | environment,
    )


def listens_to_others(pid: int) -> bool:
    """Whether a process listens where other machines can connect."""
    mine = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            mine.add(str(path.readlink()))
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, address, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in mine and address.partition(":")[0] not in LOOPBACKS:
                return True
    return False


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()


def left_behind(out: Path) -> list[str]:
    """What lies under runs/ beside the weights of finished runs: checkpoints, claims, logs."""
    runs = out / "runs"
    found = [path.relative_to(runs) for path in runs.rglob("*") if path.is_file() or not any(path.iterdir())]
    return sorted(str(path) for path in found if len(path.parts) != 2 or path.name not in KEPT_FILES)
