"""A process that ends with the one that started it, from its first moment on."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

PR_SET_PDEATHSIG = 1


def end_with(parent: int) -> None:
    """End this process as soon as its parent has ended, where the system (Linux) does that.

    A thread that looks for the parent is not enough: none of them runs while a large library is being loaded. The
    parent's thread that started this process counts as the parent.

    Args:
        parent: Its process id; if it is gone already, this call ends the process.
    """
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
