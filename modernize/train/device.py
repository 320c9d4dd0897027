"""The device of a run and its arithmetic: precision, TF32, determinism."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext

import torch

from modernize.errors import ModernizeError
from modernize.train.distributed import World
from modernize.train.runtime import Runtime

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(runtime: Runtime, world: World) -> torch.device:
    """Return the device of this process; of several processes on one machine, each has its own GPU.

    Raises:
        ModernizeError: If there is no such device, or it cannot compute in the wanted precision.
    """
    try:
        device = torch.device(runtime.device)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise ModernizeError(f"there is no device '{runtime.device}'. Allowed: cpu, cuda, cuda:0, cuda:1 and so on.")
    if device.type == "cpu":
        return torch.device("cpu")
    index = device.index or 0 if world.size == 1 else world.local_rank
    if index >= torch.cuda.device_count():
        raise ModernizeError(f"device cuda:{index} is wanted, but torch finds {torch.cuda.device_count()} GPUs.")
    torch.cuda.set_device(index)
    if runtime.precision == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise ModernizeError(f"{torch.cuda.get_device_name(index)} does not compute in bf16; use fp16 or fp32.")
    return torch.device("cuda", index)


def set_arithmetic(runtime: Runtime, device: torch.device) -> bool:
    """Set torch's switches for the whole process.

    TF32 is off where "fp32" was asked for, also in cuDNN, whose default is on: fp32 means fp32. Beside bf16 and fp16
    it is on, for what autocast leaves in fp32.

    Returns:
        Whether TF32 is on.
    """
    if torch.are_deterministic_algorithms_enabled() != runtime.deterministic:
        torch.use_deterministic_algorithms(runtime.deterministic)
    if device.type == "cpu":
        return False
    tf32 = runtime.precision != "fp32"
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.deterministic = runtime.deterministic
    torch.backends.cudnn.benchmark = not runtime.deterministic
    if runtime.deterministic:
        # cuBLAS reads it when it is first used; without it torch refuses matrix products in deterministic mode.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    return tf32


def autocast(runtime: Runtime, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which logits are computed."""
    if runtime.precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=DTYPES[runtime.precision])
