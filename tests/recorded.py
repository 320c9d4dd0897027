"""What a CUDA graph does, on the processor: operations are recorded with the very tensors they used, and replayed.

Python runs only while recording. A replay sees numbers as they were then, and tensors where they were then; a step
that waits for the device (`.item()`) cannot be recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

WAITS = {torch.ops.aten._local_scalar_dense.default, torch.ops.aten.is_nonzero.default}


class Tape(TorchDispatchMode):
    """Records all operations done within it, and does them."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in WAITS:
            raise RuntimeError(f"{func} waits for the device")
        out = func(*args, **(kwargs or {}))
        self.entries.append((func, args, kwargs or {}, out))
        return out

    @torch.no_grad()
    def replay(self) -> None:
        """Do the operations again, each result in the memory of the recorded one."""
        for func, args, kwargs, out in self.entries:
            again = func(*args, **kwargs)
            for held, new in zip(tree_leaves(out), tree_leaves(again), strict=True):
                if isinstance(held, Tensor) and held.untyped_storage().data_ptr() != new.untyped_storage().data_ptr():
                    held.copy_(new)


def recorder(state: Callable[[], Iterable[Tensor]]) -> Callable[..., Any]:
    """Return what records a step as a graph does: without doing it.

    Args:
        state: All that a step changes; it is put back after recording, and so are the random numbers.
    """

    def record(step: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        held = [(tensor, tensor.detach().clone()) for tensor in state()]
        randomness = torch.get_rng_state()
        with Tape() as tape:
            loss = step()
        with torch.no_grad():
            for tensor, before in held:
                tensor.copy_(before)
        torch.set_rng_state(randomness)
        return tape.replay, loss

    return record
