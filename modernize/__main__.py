"""`python -m modernize`."""

from __future__ import annotations

import os
import sys

from modernize.cli import main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End the process.

    Where it has met others, the threads that connect them now and then abort an interpreter that ends in its own way,
    after all is done and written: it ends at once instead.
    """
    dist = sys.modules.get("torch.distributed")
    if dist is not None and dist.is_available() and dist.is_initialized():
        for stream in filter(None, (sys.stdout, sys.stderr)):  # one that was closed is None
            stream.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    leave(main())
