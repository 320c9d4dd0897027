"""What networks cost in practice: one JSON file a measurement, with its machine, its settings and every single time.

    bench/<name>-<date and time>-<machine, 8 digits>.json

A file is written whole or not at all, grows as settings are done, and is never written over by another measurement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from modernize.errors import ModernizeError
from modernize.fingerprint import fingerprint
from modernize.results.files import write_atomically
from modernize.results.reader import parse, read, to_text
from modernize.results.record import Hardware
from modernize.strict import from_dict

Work = Literal["forward", "training", "latency"]
WORKS: dict[Work, str] = {
    "forward": "a forward pass of a batch",
    "training": "a training step of a batch: forward, backward and AdamW's update",
    "latency": "a forward pass of one image",
}
"""What is timed, in words."""

Layout = Literal["channels-last", "nchw", "own"]
"""Memory of images and weights; "own" where the formulation that is timed decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the arithmetic was done.

    Attributes:
        device: "cpu" or "cuda".
        precision: See `modernize.train.runtime.Runtime`.
        layout: See `Layout`.
        compiled: Whether torch.compile was on.
    """

    device: str
    precision: Literal["fp32", "bf16", "fp16"]
    layout: Layout
    compiled: bool

    @property
    def words(self) -> str:
        """For example "cpu, fp32, channels-last"."""
        return ", ".join((self.device, self.precision, self.layout, *["compiled"] * self.compiled))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One thing timed in one setting, or why it was not.

    Attributes:
        entry: Name of the network or formulation.
        role: "rung", "network" (of the families), "baseline" (another library's) or "formulation".
        macs: Counted multiply-accumulates of one image.
        num_params: Learned numbers.
        setting: How.
        work: What, see `WORKS`.
        batch_size: Images of a pass.
        seconds: Wall time of each pass, in order.
        processor_seconds: Processor time of each, over all threads.
        peak_memory_mb: Most memory that one pass took beyond what lay there before it, in units of 2^20 bytes; None
            where that is not known.
        why_not: One line; "" where it was timed.
    """

    entry: str
    role: Literal["rung", "network", "baseline", "formulation"]
    macs: int
    num_params: int
    setting: Setting
    work: Work
    batch_size: int
    seconds: tuple[float, ...] = ()
    processor_seconds: tuple[float, ...] = ()
    peak_memory_mb: float | None = None
    why_not: str = ""

    @property
    def median_seconds(self) -> float:
        """The middle of all passes."""
        return median(self.seconds)

    @property
    def images_per_second(self) -> float:
        """At the median."""
        return self.batch_size / self.median_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedSet:
    """One measurement: everything in it was timed in turn, so that its rows can be compared.

    Attributes:
        name: Of the measurement.
        image_size: Height and width in pixels.
        hardware: The machine.
        versions: Of the software.
        commit: Of the source tree.
        measured_at: When it began, UTC.
        complete: Whether it came to its end; what an interrupted one has is as good.
        timings: A row an entry, setting and work.
    """

    name: str
    image_size: int
    hardware: Hardware
    versions: dict[str, str]
    commit: str
    measured_at: str
    complete: bool
    timings: tuple[Timing, ...]

    @property
    def file_name(self) -> str:
        """Name of its file, without suffix."""
        moment = "".join(filter(str.isalnum, self.measured_at.partition("+")[0]))
        return f"{self.name}-{moment}-{fingerprint(asdict(self.hardware))[:8]}"

    def timed(self, setting: Setting, work: Work) -> tuple[Timing, ...]:
        """Return the rows of one setting that have times, in order."""
        return tuple(t for t in self.timings if (t.setting, t.work) == (setting, work) and t.seconds)

    @property
    def settings(self) -> tuple[Setting, ...]:
        """In order."""
        return tuple(dict.fromkeys(timing.setting for timing in self.timings))


def save_speeds(found: SpeedSet, folder: Path) -> Path:
    """Write a measurement, over what an earlier moment of the same one has written."""
    return write_atomically(folder / f"{found.file_name}.json", to_text(asdict(found)))


def load_speeds(path: Path) -> SpeedSet:
    """Read a measurement, every field checked.

    Raises:
        ModernizeError: If there is none, or it holds what cannot be measured.
    """
    found = from_dict(SpeedSet, parse(read(str(path)), str(path)), str(path))
    for timing in found.timings:
        if not timing.why_not and not (timing.seconds and min(timing.seconds) > 0 and timing.batch_size > 0):
            raise ModernizeError(f"{path}: {timing.entry} has neither times nor a reason why it has none.")
    return found


def in_order(timings: Sequence[Timing]) -> tuple[Timing, ...]:
    """Sort rows by setting, then by work, entries in the order in which they were given."""
    settings = list(dict.fromkeys(timing.setting for timing in timings))
    return tuple(sorted(timings, key=lambda t: (settings.index(t.setting), list(WORKS).index(t.work))))
