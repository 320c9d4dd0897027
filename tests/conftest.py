"""What every test stands on."""

from __future__ import annotations

import os
import signal
from collections import Counter

import pytest

# One thread: results repeat bit for bit, and parallel test workers do not fight for cores. Set before torch loads.
os.environ["OMP_NUM_THREADS"] = "1"
# A shell lets what it runs in the background ignore Ctrl-C, and every process that the tests start would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Tests compare numbers of the processor, also on a machine with a GPU.
os.environ["CUDA_VISIBLE_DEVICES"] = ""

# An example package with a project file of its own; a test installs it for a process of its own.
collect_ignore = ["third_party"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a tiny data set, which the tests of a file share."""
    from tiny_runs import tiny_data

    path = tmp_path_factory.mktemp("data")
    tiny_data(path)
    return path


@pytest.fixture
def own_registry(monkeypatch):
    """A registry that a test may add to; the others see nothing of it."""
    from modernize import registry

    registry.load_steps()
    for name in ("_steps", "_path"):
        monkeypatch.setattr(registry, name, type(getattr(registry, name))(getattr(registry, name)))
    return registry


@pytest.fixture
def tried(record_property):
    """Call it with a number and what was tried so often; the sums stand at the end of the tests' output."""
    return lambda count, what: record_property("tried", (count, what))


def pytest_terminal_summary(terminalreporter):
    counts: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "call" else ():
                if name == "tried":
                    counts[value[1]] += value[0]
    if counts:
        terminalreporter.write_line("faults: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()))
