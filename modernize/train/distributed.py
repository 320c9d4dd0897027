"""The processes that share each batch of a run, one a device, through PyTorch's own engine.

They are started alike by torchrun, srun and submitit, which set RANK, WORLD_SIZE, LOCAL_RANK and MASTER_ADDR. Each
takes its share of every batch, DDP averages the gradients, and so all have the same weights. BatchNorm is not
synchronised: each device normalises with its own images, and the running statistics are those of the first process,
as in the code released with the paper.
"""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from modernize.errors import ModernizeError
from modernize.train.runtime import Runtime

LOOPBACK = "127.0.0.1"
MEETING = timedelta(minutes=30)
"""How long the processes wait for one another when they meet, as PyTorch does by default."""


@dataclass(frozen=True, slots=True)
class World:
    """The processes of a run, as one of them sees them. With one process, nothing here communicates.

    Attributes:
        rank: Of this process; 0 writes.
        size: Number of processes.
        local_rank: Of this process on its machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return what to call in training, so that the gradients are the mean over all processes."""
        if self.size == 1:
            return network
        from torch.nn.parallel import DistributedDataParallel

        # A 1x1 kernel in channels-last memory has the same bytes with either strides.
        warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
        return DistributedDataParallel(network)

    def sync(self, wrapped: nn.Module, *, now: bool) -> AbstractContextManager[object]:
        """Say whether a backward pass exchanges gradients, or leaves that to a later one."""
        from_all = self.size == 1 or now
        return nullcontext() if from_all else wrapped.no_sync()  # type: ignore[operator]

    def any(self, *flags: bool) -> tuple[bool, ...]:
        """Return, for each flag, whether it is set in any process."""
        if self.size == 1:
            return flags
        numbers = torch.tensor(flags, dtype=torch.uint8)
        dist.all_reduce(numbers, dist.ReduceOp.MAX)
        return tuple(map(bool, numbers.tolist()))

    def sum(self, *numbers: float) -> tuple[float, ...]:
        """Return the sum of each number over all processes."""
        if self.size == 1:
            return numbers
        sums = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(sums)
        return tuple(sums.tolist())

    def join(self, items: list[Any]) -> list[Any]:
        """Return every process's list, one behind the other by rank."""
        if self.size == 1:
            return items
        import torch.distributed as dist

        lists: list[list[Any]] = [[] for _ in range(self.size)]
        dist.all_gather_object(lists, items)
        return [item for its in lists for item in its]

    def gather(self, tensor: Tensor) -> Tensor:
        """Return every process's tensor, stacked by rank, (size, ...), on the processor."""
        mine = tensor.detach().cpu()
        if self.size == 1:
            return mine[None]
        tensors = [torch.empty_like(mine) for _ in range(self.size)]
        dist.all_gather(tensors, mine)
        return torch.stack(tensors)

    @torch.no_grad()
    def spread(self, tensors: Iterable[Tensor]) -> None:
        """Copy the first process's tensors over everybody's."""
        if self.size == 1:
            return
        for tensor in tensors:
            sent = tensor.detach().contiguous()
            dist.broadcast(sent, 0)
            tensor.copy_(sent)

    def spread_text(self, text: str) -> str:
        """Return the first process's text."""
        if self.size == 1:
            return text
        box = [text]
        dist.broadcast_object_list(box, 0, device=torch.device("cpu"))
        return box[0]


def join(runtime: Runtime) -> World:
    """Return the processes of a run, and meet them if there are several.

    Where all of them are on this machine (LOCAL_WORLD_SIZE says so), no other machine can connect to them. They stay
    together until the process ends: leaving explicitly aborted now and then where another had left before.

    Raises:
        ModernizeError: If the environment does not say who this process is, or says something else than the runtime.
    """
    if runtime.num_processes == 1:
        return World()
    rank, size, local_rank = map(_number, ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    if size != runtime.num_processes:
        raise ModernizeError(f"WORLD_SIZE is {size}, but the run is for {runtime.num_processes} processes.")
    if not dist.is_initialized():
        on_gpus = runtime.device.startswith("cuda")
        # Flags and numbers go through gloo, so that agreeing on them does not wait for a GPU.
        backend = "cpu:gloo,cuda:nccl" if on_gpus else "gloo"
        dist.init_process_group(backend, **_on_this_machine(rank, size))
    return World(rank, size, local_rank)


def _on_this_machine(rank: int, size: int) -> dict[str, Any]:
    """Keep processes that are all on this machine to its loopback; return what PyTorch needs to know to do so.

    By itself it listens on every network. torchrun's own store, which its processes share, does so all the same.
    """
    if os.environ.get("LOCAL_WORLD_SIZE") != f"{size}":
        return {}
    for _, name in socket.if_nameindex():
        if name in ("lo", "lo0"):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
            os.environ.setdefault("NCCL_SOCKET_IFNAME", name)
    if os.environ.get("MASTER_ADDR") != LOOPBACK or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        return {}
    port = _number("MASTER_PORT")
    listener = socket.create_server((LOOPBACK, port)).detach() if rank == 0 else None
    store = dist.TCPStore(LOOPBACK, port, size, rank == 0, MEETING, master_listen_fd=listener)  # type: ignore[attr-defined]
    return {"store": store, "rank": rank, "world_size": size}


def _number(name: str) -> int:
    text = os.environ.get(name, "")
    if not text.isdecimal():
        raise ModernizeError(
            f"{name} is '{text}': a run on several processes is started by torchrun, srun or submitit, "
            "which number them."
        )
    return int(text)
