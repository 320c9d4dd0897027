"""How a run is executed: device, precision and the like, as plain data without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """How a run is executed. The defaults are what a laptop does.

    Attributes:
        device: "cpu", "cuda" or "cuda:1".
        precision: "bf16" and "fp16" compute under autocast; weights, optimizer and loss stay in fp32. "fp32" means
            fp32: TF32 is off, also in cuDNN, whose default is on; beside bf16 and fp16 it is on.
        micro_batch: Images that one device takes at once, 0 for all of its share of the batch. Gradients of the
            parts are added up, so that the optimizer sees the whole batch; BatchNorm sees one part at a time.
        num_processes: Processes that share each batch (DDP), one a device.
        compile: Whether torch.compile compiles the network.
        cuda_graphs: Whether whole optimizer steps are recorded and replayed as CUDA graphs: one GPU a run, not fp16.
        deterministic: Whether only deterministic algorithms are allowed (a processor with one thread always is).
        num_threads: Of each process.
        decode_workers: Processes that decode images, for data that is not resident.
    """

    device: str = "cpu"
    precision: Precision = "fp32"
    micro_batch: int = 0
    num_processes: int = 1
    compile: bool = False
    cuda_graphs: bool = False
    deterministic: bool = False
    num_threads: int = 1
    decode_workers: int = 0
