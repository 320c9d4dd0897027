"""The paper's Figure 2 redrawn: a bar a rung, both regimes, MACs along the bars, and what was measured beside it.

What is no rung stands apart, below the ladder; a study without rungs has the same picture of its entries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from modernize.published import PUBLISHED_REGIMES, PublishedRow, published_row, published_rows
from modernize.regimes import get_regime
from modernize.registry import load_steps
from modernize.report.figures.style import HATCH, Look, Theme, house_style, sentence, settled, shortened
from modernize.report.figures.words import rung_label, setting, stale_notes, verdict
from modernize.report.paper import reference_rows
from modernize.report.roles import ladder_of, on_paper_ladder
from modernize.report.rows import Row
from modernize.results.study import Study
from modernize.words import listed, macs_text, macs_unit

MOST_DOTS = 10
MOST_PANELS = 3
# Between the ladder and what stands beside it, in bars.
_GAP = 1.0
# What the paper calls its sections (arXiv:2201.03545).
SECTIONS = {
    "2.1": "Training",
    "2.2": "Macro design",
    "2.3": "ResNeXt-ify",
    "2.4": "Inverted bottleneck",
    "2.5": "Large kernels",
    "2.6": "Micro design",
}


def figure2(
    study: Study | None = None, rows: Sequence[Row] = (), *, regime: str = "resnet50", theme: Theme = "light"
) -> Figure:
    """Draw top-1 of every rung as printed in both regimes, and as measured, on an axis of its own.

    Published values that a study refers to have an axis for each data set that they were measured on.

    Probes are hatched. The numbers at the start of the bars are MACs.

    Args:
        study: The plan of what was measured; None for the published ladder alone.
        rows: In the study's order, drawn from top to bottom, rungs first.
        regime: Which published ladder comes first, where there is no study.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such published ladder or theme.
    """
    rows = [*ladder_of(rows), *(row for row in rows if not row.on_ladder)]
    paper = study is None or on_paper_ladder(study, rows)
    regimes = _regimes(study.published if study else regime) if paper else ()
    referred = _references(study, rows) if study else {}
    # The tables have all of them.
    printed = dict([*referred.items()][: MOST_PANELS - 1 - paper])
    n_panels = bool(study) + paper + len(printed)
    with house_style(theme) as look:
        places = _places(study, rows, regimes)
        figure = Figure(figsize=(max(13.333, 6.4 * n_panels), max(4.4, 2.3 + 0.43 * (places[-1].y + 1))))
        figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.08)
        panels = list(figure.subplots(1, n_panels, sharey=True, squeeze=False)[0])
        panels[0].set_yticks([place.y for place in places], [place.label for place in places])
        panels[0].set_ylim(places[-1].y + 0.65, -0.65)
        notes = []
        if study:
            _measured_panel(panels[0], study, rows, places, look)
            notes += ["dots: single seeds"] if any(_dots(row) for row in rows) else []
            notes += stale_notes(rows)
            _set_apart(panels, rows, places, look)
        else:
            _section_names(panels[0], places, look)
        if paper:
            _published_panel(panels[bool(study)], places, regimes, look)
        for axes, (data, of) in zip(panels[bool(study) + paper :], printed.items(), strict=True):
            _reference_panel(axes, data, of, places, look)
        if not all(place.adopted for place in places):
            notes.insert(0, "hatched: probes, tried beside the rung and not adopted")
        if any(p and p.anomaly for place in places for p in place.published.values()):
            notes.append("* printed MACs inconsistent with the architecture")
        if study and paper:
            notes.append("the two axes are not comparable: different data and budget")
        if printed:
            notes.append("published values stand on an axis of their own: see the report for what differs")
        if left_out := [data for data in referred if data not in printed]:
            notes.append(f"not drawn: published on {shortened(', '.join(left_out), 60)}")
        figure.supxlabel(sentence(notes), fontsize=10.5, color=look.faint)
        return settled(figure, look)


@dataclass(frozen=True, slots=True)
class _Place:
    """A line of the figure."""

    y: float
    step: str
    label: str
    adopted: bool
    published: Mapping[str, PublishedRow | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """A value in percent with its spread; `reach` is where its ink ends, `note` stands behind the number."""

    y: float
    height: float
    mean: float
    std: float | None
    reach: float
    macs: str
    colour: str
    adopted: bool
    note: str = ""


def _regimes(first: str) -> tuple[str, ...]:
    return first, *(regime for regime in PUBLISHED_REGIMES if regime != first)


def _places(study: Study | None, rows: Sequence[Row], regimes: Sequence[str]) -> list[_Place]:
    if study:
        apart = _GAP if any(row.on_ladder for row in rows) else 0.0
        return [
            _Place(
                y + (0.0 if row.on_ladder else apart),
                row.step,
                rung_label(row) if row.on_ladder else rung_label(row, 34),
                row.planned.role != "probe",
                {r: published_row(r, row.step) if row.on_ladder else None for r in regimes},
            )
            for y, row in enumerate(rows)
        ]
    printed = published_rows(regimes[0])
    places = [
        _Place(
            y,
            row.step,
            row.step if row.adopted else f"{row.step} (probe)",
            row.adopted,
            {r: published_row(r, row.step) for r in regimes},
        )
        for y, row in enumerate(row for row in printed if row.role != "reference")
    ]
    references = {r: next((x for x in published_rows(r) if x.role == "reference"), None) for r in regimes}
    names = dict.fromkeys(row.label for row in references.values() if row)
    return [*places, _Place(len(places), "", " / ".join(names), True, references)] if names else places


def _measured_panel(axes: Axes, study: Study, rows: Sequence[Row], places: Sequence[_Place], look: Look) -> None:
    unit_name, unit = macs_unit(row.planned.macs for row in rows)
    bars = []
    for place, row in zip((place.y for place in places), rows, strict=True):
        if row.value is None:
            word = verdict(row)
            axes.text(0.012, place, word, color=look.faint if word == "missing" else look.bad, **_beside(axes))
            continue
        dots = _dots(row)
        bars.append(
            _Bar(
                y=place,
                height=0.66,
                mean=row.value.mean,
                std=row.value.std,
                reach=max(row.value.mean + (row.value.std or 0.0), *dots, row.value.mean),
                macs=macs_text(row.planned.macs, unit),
                colour={"baseline": look.baseline, "control": look.other}.get(row.planned.role, look.measured),
                adopted=row.planned.role != "probe",
                note=f"  (n={row.value.n})" if row.value.n < len(row.planned.run_ids) else "",
            )
        )
        axes.plot(dots, [place] * len(dots), "o", ms=4, mfc=look.page, mec=look.ink, mew=0.8, zorder=4)
    n_seeds = len(study.seeds)
    spread = f"mean of {n_seeds} seeds, whisker: standard deviation" if n_seeds > 1 else "one seed: no spread shown"
    axes.set_title(f"Measured: {setting(study)}", color=look.measured, weight="bold", pad=38)
    _head(axes, 0, f"in the bars: {unit_name} at {study.image_size} px", look.faint)
    _draw(
        axes, bars, f"test {study.metric.title} on {shortened(study.data, 30)}{study.metric.in_unit}\n({spread}", look
    )


def _published_panel(axes: Axes, places: Sequence[_Place], regimes: Sequence[str], look: Look) -> None:
    colours = (look.published, look.other)
    shown = [r for r in regimes if any(place.published[r] for place in places)]
    bars = []
    for place in places:
        y = place.y
        for i, regime in enumerate(regimes):
            row = place.published[regime]
            if row is None:
                continue
            bars.append(
                _Bar(
                    y=y + (-0.19, 0.22)[i],
                    height=0.4,
                    mean=row.top1_percent,
                    std=row.top1_std,
                    reach=row.top1_percent + (row.top1_std or 0.0),
                    macs=f"{row.gmacs_text}{'*' if row.anomaly else ''}",
                    colour=colours[i],
                    adopted=place.adopted,
                )
            )
        if not any(place.published.values()):
            axes.text(0.012, y, "none", color=look.faint, **_beside(axes))
    source = published_rows(regimes[0])[0].source.split(" ", 1)[0] if shown else "nothing"
    axes.set_title(f"Published: {source}", color=look.published_ink, weight="bold", pad=38)
    for line, (regime, colour) in enumerate(zip(regimes, colours, strict=True)):
        if regime in shown:
            start, end, table = _ends(regime)
            text = f"{start} to {end}, {table}" + ("; in the bars: GMACs, printed" if line == 0 else "")
            _head(axes, 1 - line, "\u25a0", colour)
            _head(axes, 1 - line, text, look.faint, indent=14)
    label = "ImageNet-1K top-1, %\n(whisker: printed standard deviation" if bars else "ImageNet-1K top-1, %\n("
    _draw(axes, bars, label, look)


def _references(study: Study, rows: Sequence[Row]) -> dict[str, dict[str, PublishedRow]]:
    """Return the values that a study refers to by the data they were measured on, then by entry."""
    found: dict[str, dict[str, PublishedRow]] = {}
    names = {row.step for row in rows}
    for one in reference_rows(study):
        if one.step in names:
            found.setdefault(one.data, {}).setdefault(one.step, one)
    return found


def _reference_panel(
    axes: Axes, data: str, printed: Mapping[str, PublishedRow], places: Sequence[_Place], look: Look
) -> None:
    bars = []
    for place in places:
        row = printed.get(place.step)
        if row is None:
            axes.text(0.012, place.y, "none", color=look.faint, **_beside(axes))
            continue
        bars.append(
            _Bar(
                y=place.y,
                height=0.66,
                mean=row.top1_percent,
                std=row.top1_std,
                reach=row.top1_percent + (row.top1_std or 0.0),
                macs="",
                colour=look.published,
                adopted=True,
                note=f"  (n={row.n})" if row.n else "",
            )
        )
    sources = dict.fromkeys(row.source for row in printed.values())
    name = next(iter(sources)) if len(sources) == 1 else f"{len(sources)} sources"
    axes.set_title(f"Published on {shortened(data, 30)}", color=look.published_ink, weight="bold", pad=38)
    _head(axes, 0, shortened(name, 70), look.faint)
    whisker = "whisker: printed standard deviation" if any(bar.std is not None for bar in bars) else ""
    _draw(axes, bars, f"top-1 on {shortened(data, 30)}, %\n({whisker}", look)


def _set_apart(panels: Sequence[Axes], rows: Sequence[Row], places: Sequence[_Place], look: Look) -> None:
    """Draw a line between the ladder and what stands beside it, with a heading."""
    others = [place.y for row, place in zip(rows, places, strict=True) if not row.on_ladder]
    if not others or len(others) == len(rows):
        return
    line = others[0] - 0.5 - _GAP / 2
    for axes in panels:
        axes.axhline(line, color=look.faint, lw=1.0)
    roles = dict.fromkeys(row.planned.role for row in rows if not row.on_ladder)
    heading = f"{listed(f'{role}s' for role in roles).capitalize()}, no steps of the ladder"
    at: dict[str, Any] = {"xycoords": panels[0].get_yaxis_transform(), "textcoords": "offset points"}
    panels[0].annotate(heading, (0, line), (5, -5), va="top", fontsize=10.5, color=look.faint, weight="bold", **at)


def _beside(axes: Axes) -> dict[str, Any]:
    return {"transform": axes.get_yaxis_transform(), "va": "center", "style": "italic"}


def _ends(regime: str) -> tuple[str, str, str]:
    found = get_regime(regime)
    return found.start, found.end, published_rows(regime)[0].source.split(" ", 1)[-1]


def _head(axes: Axes, line: int, text: str, colour: str, indent: float = 0) -> None:
    """Write a line between title and bars, the lowest first."""
    axes.annotate(
        text, (0, 1), (indent, 5 + 15 * line), xycoords="axes fraction", textcoords="offset points", fontsize=10.5,
        color=colour,
    )  # fmt: skip


def _draw(axes: Axes, bars: Sequence[_Bar], label: str, look: Look) -> None:
    start, end = _window(bars)
    axes.set_xlim(start, end)
    axes.set_xlabel(f"{label}; axis starts at {start:g})".replace("(; ", "("))
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.grid(axis="x", color=look.grid)
    axes.tick_params(axis="y", length=0)
    for bar in bars:
        solid = bar.adopted
        axes.barh(
            bar.y,
            bar.mean - start,
            left=start,
            height=bar.height,
            color=bar.colour if solid else look.page,
            edgecolor=bar.colour,
            hatch=None if solid else HATCH,
            linewidth=1.0,
        )
        if bar.std is not None:
            axes.errorbar(bar.mean, bar.y, xerr=bar.std, color=look.ink, elinewidth=1.3, capsize=3, zorder=3)
        beside: dict[str, Any] = {"textcoords": "offset points", "va": "center"}
        axes.annotate(f"{bar.mean:.2f}{bar.note}", (bar.reach, bar.y), (6, 0), fontsize=10.5, **beside)
        # On hatching a number needs ground of its own.
        ground = None if solid else {"facecolor": look.page, "edgecolor": "none", "pad": 1.0}
        ink = look.on(bar.colour) if solid else look.ink
        axes.annotate(bar.macs, (start, bar.y), (5, 0), fontsize=9.5, color=ink, bbox=ground, **beside)


def _window(bars: Sequence[_Bar]) -> tuple[float, float]:
    """Choose round limits: a short bar for the least value, and room for the number behind the longest."""
    if not bars:
        return 0.0, 100.0
    low, high = min(bar.mean - (bar.std or 0.0) for bar in bars), max(bar.reach for bar in bars)
    spread = max(high - low, 1.0)
    grain = 5.0 if spread > 12 else 1.0
    start = max(0.0, math.floor((low - 0.25 * spread) / grain) * grain)
    room = 0.36 if any(bar.note for bar in bars) else 0.2
    return start, high + room * max(high - start, 1.0)


def _dots(row: Row) -> list[float]:
    return list(row.finished.values()) if row.value and 1 < row.value.n <= MOST_DOTS else []


def _section_names(axes: Axes, places: Sequence[_Place], look: Look) -> None:
    """Name the paper's sections at the far left, with a line where one ends."""
    steps = load_steps()
    sections = [steps[p.step].section if p.step in steps else "" for p in places]
    first = 0
    for section, group in groupby(sections):
        last = first + len(list(group)) - 1
        if first:
            axes.axhline(first - 0.5, color=look.grid, lw=1.0, zorder=0)
        if section in SECTIONS:
            axes.annotate(
                SECTIONS[section],
                (0, (first + last) / 2),
                (-255, 0),
                xycoords=axes.get_yaxis_transform(),
                textcoords="offset points",
                va="center",
                color=look.faint,
                weight="bold",
            )
        first = last + 1
