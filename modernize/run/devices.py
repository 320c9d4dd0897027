"""Which GPUs training could use, found without importing torch, which takes seconds.

The driver's library is asked directly, so CUDA_VISIBLE_DEVICES holds here as it does in training.
"""

from __future__ import annotations

import ctypes
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
BF16_CAPABILITY = (8, 0)
"""GPUs from this compute capability on multiply bf16 numbers in hardware (NVIDIA's Ampere)."""

# Names in cuda.h.
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76
_NO_DEVICE = 100


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU.

    Attributes:
        index: As in "cuda:0".
        name: As the driver gives it, and torch.
        capability: Compute capability, for example (9, 0).
    """

    index: int
    name: str
    capability: tuple[int, int]

    @property
    def has_bf16(self) -> bool:
        """Whether it computes in bf16 fast."""
        return self.capability >= BF16_CAPABILITY


@dataclass(frozen=True, slots=True)
class Found:
    """The GPUs, or why there are none.

    Attributes:
        gpus: In the order of their indices.
        why_none: A clause for an error message; "" where there are some.
    """

    gpus: tuple[Gpu, ...]
    why_none: str = ""


@cache
def find_gpus() -> Found:
    """Look for GPUs that the installed torch could use."""
    if not torch_cuda():
        return Found((), "the installed torch is built without CUDA")
    try:
        driver = ctypes.CDLL(DRIVER)
        return _ask(driver)
    except (OSError, AttributeError):  # an ancient driver lacks a function
        return Found((), "no NVIDIA driver was found")


@cache
def torch_cuda() -> str:
    """Return the CUDA version that the installed torch was built for, "" for none."""
    spec = find_spec("torch")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        try:
            text = (Path(folder) / "version.py").read_text(encoding="utf-8")
        except OSError:
            continue
        if found := re.search(r"^cuda\b[^=\n]*=\s*['\"]([\d.]+)['\"]", text, re.MULTILINE):
            return found[1]
    return ""


def _ask(driver: ctypes.CDLL) -> Found:
    code = driver.cuInit(0)
    number = ctypes.c_int(0)
    if code == 0:
        code = driver.cuDeviceGetCount(ctypes.byref(number))
    if code not in (0, _NO_DEVICE):
        return Found((), f"the NVIDIA driver reports error {code}")
    if number.value == 0:
        return Found((), "the NVIDIA driver shows none (is CUDA_VISIBLE_DEVICES set?)")
    return Found(tuple(_gpu(driver, index) for index in range(number.value)))


def _gpu(driver: ctypes.CDLL, index: int) -> Gpu:
    handle, name = ctypes.c_int(0), ctypes.create_string_buffer(256)
    driver.cuDeviceGet(ctypes.byref(handle), index)
    driver.cuDeviceGetName(name, len(name), handle)
    capability = []
    for attribute in (_CAPABILITY_MAJOR, _CAPABILITY_MINOR):
        value = ctypes.c_int(0)
        driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle)
        capability.append(value.value)
    return Gpu(index, name.value.decode(errors="replace"), (capability[0], capability[1]))
