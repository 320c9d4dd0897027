"""Wall time of what a GPU is given to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch


def seconds_a_call(call: Callable[[], Any], device: torch.device, num_calls: int) -> float:
    """Return wall seconds of one call, the GPU's work included."""
    call()
    wait(device)
    began = time.perf_counter()
    for _ in range(num_calls):
        call()
    wait(device)
    return (time.perf_counter() - began) / num_calls


def wait(device: torch.device) -> None:
    """Wait until a GPU has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
