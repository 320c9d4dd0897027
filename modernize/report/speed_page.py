"""A measurement of speed as a page with its figure, as CSV and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from modernize.report.tables import Flat
from modernize.report.view import Cell, Facts, Figure, Items, Page, Section, Table, table
from modernize.report.write import check_formats, write_formats
from modernize.results.files import write_atomically
from modernize.results.speeds import WORKS, Setting, SpeedSet, Timing, Work
from modernize.words import NONE, macs_text, macs_unit

TITLE = "Equal MACs, unequal speed"
ALT = "Images a second against counted multiply-accumulates of an image, a point a network"


@dataclass(frozen=True, slots=True)
class SpeedArtist:
    """Draws the figure of a measurement, when and where it is asked for."""

    found: SpeedSet

    def files(self, folder: Path) -> tuple[dict[str, str], list[Path]]:
        """Write it as PNG and SVG, and as PNG for dark pages."""
        from modernize.report.figures import figure_bytes
        from modernize.report.figures.speed import speed

        drawn, dark = speed(self.found), speed(self.found, theme="dark")
        if drawn is None or dark is None:
            return {}, []
        return {"speed": "speed"}, [
            write_atomically(folder / "speed.png", figure_bytes(drawn, "png")),
            write_atomically(folder / "speed.svg", figure_bytes(drawn, "svg")),
            write_atomically(folder / "speed-dark.png", figure_bytes(dark, "png")),
        ]

    def elements(self) -> dict[str, str]:
        """Give it as an SVG element."""
        from modernize.report.figures import svg_text
        from modernize.report.figures.speed import speed

        drawn = speed(self.found, theme="page")
        return {"speed": svg_text(drawn, "figure-speed", ALT)} if drawn else {}


def speed_page(found: SpeedSet, *, drawn: bool = True) -> Page:
    """Lay out a measurement."""
    figures = (Figure(key="speed", alt=ALT),) if drawn else ()
    timed = tuple(speed_table(found, setting) for setting in found.settings if _timed(found, setting))
    failed = failed_table(found)
    return Page(
        name=found.file_name,
        title=TITLE,
        sections=(
            Section("speed", "Counted and measured", (*figures, *timed, Items(notes(found)))),
            *((Section("failed", "Not timed, and why", (failed,)),) if failed.rows else ()),
            Section("machine", "Where and when", (Facts(machine(found)),)),
        ),
    )


def _timed(found: SpeedSet, setting: Setting) -> list[Timing]:
    return [timing for work in WORKS for timing in found.timed(setting, work)]


def speed_table(found: SpeedSet, setting: Setting) -> Table:
    """A row an entry: what it costs by count, and what in practice."""
    rows = {timing.entry: timing for timing in _timed(found, setting)}
    unit, divisor = macs_unit(timing.macs for timing in rows.values())
    at = {(timing.entry, timing.work): timing for timing in _timed(found, setting)}
    works = [work for work in WORKS if any(key[1] == work for key in at)]
    heads = {"forward": "forward images/s>", "training": "training images/s>", "latency": "latency, ms>"}
    return table(
        f"speed-{setting.words.replace(', ', '-')}",
        f"{setting.words}: medians, and in brackets the least and the most of all passes.",
        rows.values(),
        ("entry", lambda row: row.entry),
        (f"{unit}>", lambda row: Cell(macs_text(row.macs, divisor) if row.macs else NONE, value=row.macs)),
        *((heads[work], lambda row, work=work: _cell(at.get((row.entry, work)))) for work in works),
        ("GMAC/s in training>", lambda row: _arithmetic(at.get((row.entry, "training")))),
        ("memory in training, MB>", lambda row: _memory(at.get((row.entry, "training")))),
    )


def _cell(timing: Timing | None) -> Cell:
    if timing is None:
        return Cell(NONE)
    if timing.work == "latency":
        middle, *ends = (1e3 * each for each in (timing.median_seconds, min(timing.seconds), max(timing.seconds)))
        return Cell(f"{middle:.3g} [{ends[0]:.3g}, {ends[1]:.3g}]", value=middle)
    middle, *ends = (
        timing.batch_size / each for each in (timing.median_seconds, max(timing.seconds), min(timing.seconds))
    )
    return Cell(f"{_rate(middle)} [{_rate(ends[0])}, {_rate(ends[1])}]", value=middle)


def _rate(images_per_second: float) -> str:
    return f"{images_per_second:,.0f}" if images_per_second >= 100 else f"{images_per_second:.3g}"


def _arithmetic(timing: Timing | None) -> Cell:
    """Forward once and backward twice."""
    if timing is None or not timing.macs:
        return Cell(NONE)
    value = 3 * timing.macs * timing.images_per_second / 1e9
    return Cell(f"{value:,.3g}", value=value)


def _memory(timing: Timing | None) -> Cell:
    memory = timing.peak_memory_mb if timing else None
    return Cell(NONE) if memory is None else Cell(f"{memory:,.0f}", value=memory)


def failed_table(found: SpeedSet) -> Table:
    """What could not be timed: a row an entry and setting, with the reason."""
    failed = [timing for timing in found.timings if timing.why_not]
    reasons = {(t.entry, t.setting, t.why_not): [o.work for o in failed if _same(o, t)] for t in failed}
    return table(
        "failed",
        "What was not timed, and why.",
        reasons.items(),
        ("entry", lambda item: item[0][0]),
        ("setting", lambda item: item[0][1].words),
        ("of", lambda item: ", ".join(item[1])),
        ("why", lambda item: item[0][2]),
    )


def _same(one: Timing, other: Timing) -> bool:
    return (one.entry, one.setting, one.why_not) == (other.entry, other.setting, other.why_not)


def notes(found: SpeedSet) -> tuple[tuple[str, str], ...]:
    """Say what was timed and how."""
    batches = {timing.batch_size for timing in found.timings if timing.work != "latency"}
    works: list[Work] = [work for work in WORKS if any(timing.work == work for timing in found.timings)]
    passes = max((len(timing.seconds) for timing in found.timings), default=0)
    return (
        *((work, WORKS[work]) for work in works),
        ("batch", f"{', '.join(map(str, sorted(batches)))} images of {found.image_size} px, of random numbers"),
        ("passes", f"up to {passes} of each, pass by pass in turn over all entries; wall time, median"),
        ("memory", "the most that one pass took beyond what lay there before it (weights, and for training the state)"),
        ("MACs", "counted, of one image forward; GMAC/s takes three times as many for a training step"),
    )


def machine(found: SpeedSet) -> tuple[tuple[str, str], ...]:
    """Say where and when it was measured."""
    hardware = found.hardware
    device = () if hardware.device == "cpu" else (("device", hardware.device),)
    software = ", ".join(f"{name} {number}" for name, number in found.versions.items())
    return (
        *device,
        ("processor", f"{hardware.processor}, {hardware.num_cores} cores, {hardware.memory_gb} GB"),
        ("threads", str(hardware.num_threads)),
        *processor_share(found),
        ("software", f"{software}; {hardware.platform}"),
        ("commit", found.commit or "unknown"),
        ("measured at", found.measured_at + ("" if found.complete else "; interrupted")),
    )


def processor_share(found: SpeedSet) -> tuple[tuple[str, str], ...]:
    """Say how much of one thread's wall time it had the processor: little where other programs ran beside it."""
    if found.hardware.device != "cpu" or found.hardware.num_threads != 1:
        return ()
    wall = sum(sum(timing.seconds) for timing in found.timings)
    worked = sum(sum(timing.processor_seconds) for timing in found.timings)
    return (("processor time", f"{100 * worked / wall:.0f} % of wall time"),) if wall else ()


def speed_rows(found: SpeedSet) -> list[Flat]:
    """Give a row an entry, setting and kind of work."""
    return [
        {
            "entry": timing.entry,
            "role": timing.role,
            "macs": timing.macs,
            "num_params": timing.num_params,
            **asdict(timing.setting),
            "work": timing.work,
            "batch_size": timing.batch_size,
            "n": len(timing.seconds),
            "median_seconds": timing.median_seconds if timing.seconds else None,
            "least_seconds": min(timing.seconds, default=None),
            "most_seconds": max(timing.seconds, default=None),
            "images_per_second": timing.images_per_second if timing.seconds else None,
            "peak_memory_mb": timing.peak_memory_mb,
            "why_not": timing.why_not,
        }
        for timing in found.timings
    ]


def write_speed(found: SpeedSet, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write a measurement under a folder of reports.

    Raises:
        ModernizeError: If a format is unknown or a file cannot be written.
    """
    check_formats(formats)
    return write_formats(
        folder / found.file_name / "speed",
        formats,
        lambda keys, panels: speed_page(found, drawn=bool(keys)),  # noqa: ARG005
        table=lambda: speed_rows(found),
        facts=lambda: asdict(found),
        artist=SpeedArtist(found),
    )
