"""GPUs are found by asking the driver, without torch; here with a driver that is made up."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from modernize.run import devices
from modernize.run.devices import Found, Gpu, find_gpus, torch_cuda


class Driver:
    """Answers as libcuda does."""

    def __init__(self, gpus=(("A GPU", 9, 0), ("An older GPU", 7, 5)), code=0):
        self.gpus, self.code = gpus, code

    def cuInit(self, _flags):  # noqa: N802
        return self.code

    def cuDeviceGetCount(self, number):  # noqa: N802
        number._obj.value = len(self.gpus)
        return 0

    def cuDeviceGet(self, handle, index):  # noqa: N802
        handle._obj.value = 40 + index
        return 0

    def cuDeviceGetName(self, name, length, handle):  # noqa: N802
        name.value = self.gpus[handle.value - 40][0].encode()[: length - 1]
        return 0

    def cuDeviceGetAttribute(self, value, attribute, handle):  # noqa: N802
        value._obj.value = self.gpus[handle.value - 40][{75: 1, 76: 2}[attribute]]
        return 0


@pytest.fixture
def driver(monkeypatch):
    """Install a driver; returns what finds the GPUs it shows."""

    def install(driver: Driver | None, torch_built_for: str = "12.8") -> Found:
        def load(name):
            if driver is None:
                raise OSError(name)
            return driver

        monkeypatch.setattr(ctypes, "CDLL", load)
        monkeypatch.setattr(devices, "torch_cuda", lambda: torch_built_for)
        return find_gpus.__wrapped__()

    return install


def test_gpus_have_names_and_capabilities(driver):
    new, old = driver(Driver()).gpus
    assert new == Gpu(0, "A GPU", (9, 0))
    assert old == Gpu(1, "An older GPU", (7, 5))
    assert new.has_bf16
    assert not old.has_bf16


@pytest.mark.parametrize(
    ("installed", "built_for", "why"),
    [
        (None, "12.8", "no NVIDIA driver was found"),
        (Driver(), "", "the installed torch is built without CUDA"),
        (Driver(code=100), "12.8", "shows none"),
        (Driver(gpus=()), "12.8", "is CUDA_VISIBLE_DEVICES set?"),
        (Driver(code=999), "12.8", "the NVIDIA driver reports error 999"),
        (object(), "12.8", "no NVIDIA driver was found"),
    ],
)
def test_why_there_are_none(driver, installed, built_for, why):
    found = driver(installed, built_for)
    assert found.gpus == ()
    assert why in found.why_none


def test_what_torch_was_built_for_is_read_without_importing_it():
    import torch

    assert torch_cuda() == (torch.version.cuda or "")
    code = "import sys; from modernize.run import devices as d; d.find_gpus(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("text", "cuda"),
    [
        ("cuda: Optional[str] = '12.4'", "12.4"),
        ('cuda = "11.8"', "11.8"),
        ("cuda: Optional[str] = None", ""),
        ("__version__ = '2.6.0+cuda'", ""),
        (None, ""),
    ],
)
def test_torchs_version_file(tmp_path, monkeypatch, text, cuda):
    if text is not None:
        (tmp_path / "version.py").write_text(f"debug = False\n{text}\nhip = None\n")
    spec = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})()
    monkeypatch.setattr(devices, "find_spec", lambda _: spec)
    assert torch_cuda.__wrapped__() == cuda
    monkeypatch.setattr(devices, "find_spec", lambda _: None)
    assert torch_cuda.__wrapped__() == ""
