"""What every test stands on."""

from __future__ import annotations

import os

import pytest

# One thread: results repeat bit for bit, and parallel test workers do not fight for cores. Set before torch loads.
os.environ["OMP_NUM_THREADS"] = "1"
# Tests compare numbers of the processor, also on a machine with a GPU.
os.environ["CUDA_VISIBLE_DEVICES"] = ""

# An example package with a project file of its own; a test installs it for a process of its own.
collect_ignore = ["third_party"]


@pytest.fixture
def own_registry(monkeypatch):
    """A registry that a test may add to; the others see nothing of it."""
    from modernize import registry

    registry.load_steps()
    for name in ("_steps", "_path"):
        monkeypatch.setattr(registry, name, type(getattr(registry, name))(getattr(registry, name)))
    return registry
