"""Equal MACs, unequal speed: counted multiply-accumulates of an image against images a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from modernize.report.figures.labels import place_labels
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import WIDTH, house_style, sentence, settled, shortened
from modernize.results.speeds import SpeedSet, Timing, Work
from modernize.words import macs_unit, plural

TITLES: dict[Work, str] = {"forward": "Forward", "training": "Training", "latency": "One image"}
LONGEST_NAME = 26
_SHAPES = {"rung": "s", "network": "s", "baseline": "^", "formulation": "o"}


def speed(found: SpeedSet, *, theme: Theme = "light") -> Figure | None:
    """Draw a panel a kind of work, in the first setting that was timed.

    Along a grey line all networks do as many multiply-accumulates a second: who stands above another at the same
    MACs does them faster.

    Args:
        found: The measurement.
        theme: "light" or "dark"; "page" for an SVG that follows its page.

    Returns:
        None where no network with MACs was timed.
    """
    panels = drawn_panels(found)
    if not panels:
        return None
    with house_style(theme) as look:
        figure = Figure(figsize=(WIDTH, 6.2))
        figure.subplots_adjust(left=0.065, right=0.985, top=0.93, bottom=0.17, wspace=0.24)
        unit, divisor = macs_unit(timing.macs for _, timings in panels for timing in timings)
        for axes, (work, timings) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _panel(axes, timings, divisor, look)
            axes.set_title(TITLES[work])
            axes.set_xlabel(f"{unit} of an image at {found.image_size} px, counted")
            axes.set_ylabel("images a second")
        notes = [
            panels[0][1][0].setting.words,
            f"{found.hardware.processor}, {plural(found.hardware.num_threads, 'thread')}",
        ]
        notes += ["bars: the middle half of passes", "dashed: as many MACs a second, twice as many from line to line"]
        figure.text(0.5, 0.02, sentence(notes), ha="center", fontsize=10.5, color=look.faint)
        return settled(figure, look)


def drawn_panels(found: SpeedSet) -> list[tuple[Work, tuple[Timing, ...]]]:
    """Return what the figure shows: a panel a kind of work, of the first setting that has times."""
    for setting in found.settings:
        every = [(work, found.timed(setting, work)) for work in TITLES]
        panels = [(work, tuple(t for t in rows if t.macs and t.role != "formulation")) for work, rows in every]
        if any(rows for _, rows in panels):
            return [(work, rows) for work, rows in panels if rows]
    return []


def _panel(axes: Axes, timings: Sequence[Timing], divisor: float, look: Look) -> None:
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.6)
    macs = [timing.macs / divisor for timing in timings]
    rates = [timing.images_per_second for timing in timings]
    axes.set_xlim(min(macs) / 1.5, max(macs) * 1.9)
    axes.set_ylim(min(rates) / 1.6, max(rates) * 1.6)
    line: dict[str, Any] = {"color": look.faint, "lw": 0.8, "ls": (0, (4, 4)), "zorder": 0.5}
    low, high = axes.get_xlim()
    for step in range(-6, 7):  # along each a network does as many a second, twice as many from line to line
        work = (min(macs) * max(macs)) ** 0.5 * (min(rates) * max(rates)) ** 0.5 * 2.0**step
        axes.plot([low, high], [work / low, work / high], **line)
    rungs = [index for index, timing in enumerate(timings) if timing.role == "rung"]
    axes.plot([macs[i] for i in rungs], [rates[i] for i in rungs], color=look.measured, lw=1.0, alpha=0.5, zorder=1)
    for index, timing in enumerate(timings):
        first, third = quartiles(timing)
        colour = look.baseline if timing.role == "baseline" else look.measured
        axes.plot([macs[index]] * 2, [timing.batch_size / third, timing.batch_size / first], color=colour, zorder=2)
        axes.plot(macs[index], rates[index], _SHAPES[timing.role], color=colour, mec=look.ink, ms=7, zorder=3)
    names = [f"{rungs.index(i)} {t.entry}" if i in rungs else t.entry for i, t in enumerate(timings)]
    points = list(zip(macs, rates, strict=True))
    place_labels(
        axes, points, [shortened(name, LONGEST_NAME) for name in names], [], look, [look.ink] * len(points)
    )  # fmt: skip


def quartiles(timing: Timing) -> tuple[float, float]:
    """Return between which seconds the middle half of the passes lies."""
    ordered = sorted(timing.seconds)
    return ordered[(len(ordered) - 1) // 4], ordered[-(-3 * (len(ordered) - 1) // 4)]
