"""The paper's Figure 2 redrawn: a bar a rung, both regimes, MACs along the bars, and what was measured beside it.

What is no rung stands apart, below the ladder; a study without rungs has the same picture of its entries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from modernize.published import PUBLISHED_REGIMES, PublishedRow, published_row, published_rows
from modernize.regimes import get_regime
from modernize.report.climb import sections_of
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import (
    house_style,
    lined,
    rung_label,
    setting,
    settled,
    shortened,
    stale_notes,
    verdict,
)
from modernize.report.paper import reference_rows
from modernize.report.roles import ladder_of, on_paper_ladder
from modernize.report.rows import Row, make_rows
from modernize.report.specs import paper_study
from modernize.results.study import Study
from modernize.words import listed, macs_text, macs_unit

MOST_DOTS = 10
MOST_PANELS = 3
# Between the ladder and what stands beside it, in bars.
_GAP = 1.0


def figure2(
    study: Study | None = None,
    rows: Sequence[Row] = (),
    *,
    regime: str = "resnet50",
    slide: bool = False,
    theme: Theme = "light",
) -> Figure:
    """Draw top-1 of every rung as printed in both regimes, and as measured, on an axis of its own.

    Published values that a study refers to have an axis for each data set that they were measured on. Probes are
    hatched. The numbers at the start of the bars are MACs.

    Args:
        study: The plan of what was measured; None for a ladder as published.
        rows: In the study's order, drawn from top to bottom, rungs first; without a record, as published alone.
        regime: Which ladder, where there is no study.
        slide: Whether it is drawn for a slide, with the study's own published ladder alone.
        theme: "light" or "dark".

    Raises:
        ModernizeError: If there is no such ladder or theme.
    """
    if study is None:
        study = paper_study(regime)
        rows = make_rows(study, ())
    rows = [*ladder_of(rows), *(row for row in rows if not row.on_ladder)]
    paper = on_paper_ladder(study, rows)
    measured = any(row.records for row in rows) or not paper
    regimes = sorted(PUBLISHED_REGIMES, key=lambda name: name != study.published)[: 1 if slide else None]
    referred = _references(study, rows)
    # The tables have all of them.
    shown = dict([*referred.items()][: MOST_PANELS - 1 - paper])
    places = _places(rows)
    published = {name: _published(rows, places, name) for name in regimes} if paper else {}
    end = _end(published, places) if not measured and not slide else {}
    with house_style(theme) as look:
        panels = []
        if measured:
            panels.append(_measured_panel(study, rows, places, look))
        if paper:
            panels.append(_published_panel(rows, places | end, published, look))
        panels += [_reference_panel(data, of, places, look) for data, of in shown.items()]
        labels = [rung_label(row) if row.on_ladder else rung_label(row, 34) for row in rows]
        figure, every = lined(
            [*labels, *end], n_panels=len(panels), places=[*places.values(), *end.values()], around=2.3, line=0.43,
            slide=slide,
        )  # fmt: skip
        for axes, panel in zip(every, panels, strict=True):
            _draw(axes, panel, look, brief=slide)
        if measured:
            _set_apart(every, rows, places, look)
        elif not slide:
            _section_names(every[0], rows, look)
        roles = [row.planned.role for row in rows]
        notes = ["hatched: probes, tried beside the rung and not adopted"] if "probe" in roles else []
        notes += ["hatched: controls"] if "control" in roles else []
        if measured:
            notes += ["dots: single seeds"] if any(bar.dots for bar in panels[0].bars) else []
            notes += stale_notes(rows)
        if any(row.anomaly for of in published.values() for row in of.values()):
            notes.append("* printed MACs inconsistent with the architecture")
        if measured and paper:
            notes.append("the two axes are not comparable: different data and budget")
        if shown:
            notes.append("published values stand on an axis of their own: see the report for what differs")
        if left_out := [data for data in referred if data not in shown]:
            notes.append(f"not drawn: published on {shortened(', '.join(left_out), 60)}")
        return settled(figure, look, notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """A value in percent with its spread; `inside` stands at its start, `note` behind the number."""

    y: float
    mean: float
    std: float | None
    colour: str
    height: float = 0.66
    inside: str = ""
    note: str = ""
    solid: bool = True
    dots: Sequence[float] = ()

    @property
    def reach(self) -> float:
        """Where its ink ends."""
        return max(self.mean + (self.std or 0.0), *self.dots, self.mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """Bars on an axis: lines of text and their colours below the title, and words on lines that have no bar."""

    title: str
    colour: str
    heads: Sequence[Sequence[tuple[str, str]]]
    bars: Sequence[_Bar]
    label: str
    notes: Sequence[str]
    words: Sequence[tuple[float, str, str]] = field(default=())


def _solid(row: Row) -> bool:
    return row.planned.role not in ("probe", "control")


def _places(rows: Sequence[Row]) -> dict[str, float]:
    apart = _GAP if any(row.on_ladder for row in rows) else 0.0
    return {row.step: y + (0.0 if row.on_ladder else apart) for y, row in enumerate(rows)}


def _published(rows: Sequence[Row], places: Mapping[str, float], regime: str) -> dict[float, PublishedRow]:
    """Return the rows of a paper's table by the place of their rung."""
    found = {places[row.step]: published_row(regime, row.step) for row in rows if row.on_ladder}
    return {place: row for place, row in found.items() if row}


def _end(published: dict[str, dict[float, PublishedRow]], places: Mapping[str, float]) -> dict[str, float]:
    """Add what the tables print beside the ladder, on a line of its own below it; return its label and place."""
    below = max(places.values()) + 1
    found = {name: row for name in published for row in published_rows(name) if row.role == "reference"}
    for name, row in found.items():
        published[name][below] = row
    return {" / ".join(dict.fromkeys(row.label for row in found.values())): below} if found else {}


def _measured_panel(study: Study, rows: Sequence[Row], places: Mapping[str, float], look: Look) -> _Panel:
    unit_name, unit = macs_unit(row.planned.macs for row in rows)
    own = {"baseline": look.baseline, "control": look.other}
    bars = [
        _Bar(
            y=places[row.step],
            mean=row.value.mean,
            std=row.value.std,
            inside=macs_text(row.planned.macs, unit),
            colour=own.get(row.planned.role, look.measured),
            solid=_solid(row),
            note=f"  (n={row.value.n})" if row.value.n < len(row.planned.run_ids) else "",
            dots=[*row.finished.values()] if 1 < row.value.n <= MOST_DOTS else (),
        )
        for row in rows
        if row.value
    ]
    absent = {places[row.step]: verdict(row) for row in rows if row.value is None}
    n_seeds = len(study.seeds)
    return _Panel(
        title=f"Measured: {setting(study)}",
        colour=look.measured,
        heads=[[(f"in the bars: {unit_name} at {study.image_size} px", look.faint)]],
        bars=bars,
        label=f"test {study.metric.title} on {shortened(study.data, 30)}{study.metric.in_unit}",
        notes=[
            f"mean of {study.seeds_text}, whisker: standard deviation" if n_seeds > 1 else "one seed: no spread shown"
        ],
        words=[(y, word, look.faint if word == "missing" else look.bad) for y, word in absent.items()],
    )


def _published_panel(
    rows: Sequence[Row], places: Mapping[str, float], published: Mapping[str, Mapping[float, PublishedRow]], look: Look
) -> _Panel:
    shown = [name for name, of in published.items() if of]
    hatched = {places[row.step] for row in rows if not _solid(row)}
    bars: list[_Bar] = []
    heads: list[list[tuple[str, str]]] = []
    shapes = ((-0.19, 0.4), (0.22, 0.4)) if len(published) > 1 else ((0.0, 0.66),)
    for name, (aside, height), colour in zip(published, shapes, (look.published, look.other), strict=False):
        for y, row in published[name].items():
            macs = f"{row.gmacs_text}{'*' if row.anomaly else ''}"
            bars.append(_printed(row, y + aside, colour, inside=macs, height=height, solid=y not in hatched))
        if name in shown:
            kind, table = get_regime(name), published_rows(name)[0].source.split(" ", 1)[-1]
            more = "; in the bars: GMACs, printed" if not heads else ""
            heads.append([("\u25a0", colour), (f"{kind.start} to {kind.end}, {table}{more}", look.faint)])
    filled = {y for of in published.values() for y in of}
    return _Panel(
        title=f"Published: {published_rows(shown[0])[0].source.split(' ', 1)[0] if shown else 'nothing'}",
        colour=look.published_ink,
        heads=heads,
        bars=bars,
        label="ImageNet-1K top-1, %",
        notes=["whisker: printed standard deviation"] if bars else [],
        words=[(y, "none", look.faint) for y in places.values() if y not in filled],
    )


def _printed(row: PublishedRow, y: float, colour: str, **style: Any) -> _Bar:
    return _Bar(y=y, mean=row.top1_percent, std=row.top1_std, colour=colour, **style)


def _references(study: Study, rows: Sequence[Row]) -> dict[str, dict[str, PublishedRow]]:
    """Return the values that a study refers to by the data they were measured on, then by entry."""
    found: dict[str, dict[str, PublishedRow]] = {}
    names = {row.step for row in rows}
    for one in reference_rows(study):
        if one.step in names:
            found.setdefault(one.data, {}).setdefault(one.step, one)
    return found


def _reference_panel(data: str, printed: Mapping[str, PublishedRow], places: Mapping[str, float], look: Look) -> _Panel:
    sources = dict.fromkeys(row.source for row in printed.values())
    name = next(iter(sources)) if len(sources) == 1 else f"{len(sources)} sources"
    return _Panel(
        title=f"Published on {shortened(data, 30)}",
        colour=look.published_ink,
        heads=[[(shortened(name, 70), look.faint)]],
        bars=[
            _printed(row, places[step], look.published, note=f"  (n={row.n})" if row.n else "")
            for step, row in printed.items()
        ],
        label=f"top-1 on {shortened(data, 30)}, %",
        notes=["whisker: printed standard deviation"]
        if any(row.top1_std is not None for row in printed.values())
        else [],
        words=[(y, "none", look.faint) for step, y in places.items() if step not in printed],
    )


def _set_apart(panels: Sequence[Axes], rows: Sequence[Row], places: Mapping[str, float], look: Look) -> None:
    """Draw a line between the ladder and what stands beside it, with a heading."""
    others = [row for row in rows if not row.on_ladder]
    if not others or len(others) == len(rows):
        return
    line = places[others[0].step] - 0.5 - _GAP / 2
    for axes in panels:
        axes.axhline(line, color=look.faint, lw=1.0)
    roles = dict.fromkeys(row.planned.role for row in others)
    heading = f"{listed(f'{role}s' for role in roles).capitalize()}, no steps of the ladder"
    at: dict[str, Any] = {"xycoords": panels[0].get_yaxis_transform(), "textcoords": "offset points"}
    panels[0].annotate(heading, (0, line), (5, -5), va="top", fontsize=10.5, color=look.faint, weight="bold", **at)


def _draw(axes: Axes, panel: _Panel, look: Look, *, brief: bool) -> None:
    """Draw a panel; in brief without what its whiskers are."""
    start, end = _window(panel.bars)
    axes.set_xlim(start, end)
    notes = [*([] if brief else panel.notes), f"axis starts at {start:g}"]
    axes.set_xlabel(f"{panel.label}\n({'; '.join(notes)})")
    axes.set_title(panel.title, color=panel.colour, weight="bold", pad=8 + 15 * max(1, len(panel.heads)))
    beside: dict[str, Any] = {"textcoords": "offset points", "va": "center"}
    for line, head in enumerate(reversed(panel.heads)):
        for i, (text, colour) in enumerate(head):
            at = (14 * i, 10 + 15 * line)
            axes.annotate(text, (0, 1), at, xycoords="axes fraction", fontsize=10.5, color=colour, **beside)
    for y, word, colour in panel.words:
        axes.text(0.012, y, word, color=colour, transform=axes.get_yaxis_transform(), va="center", style="italic")
    for bar in panel.bars:
        axes.barh(
            bar.y,
            bar.mean - start,
            left=start,
            height=bar.height,
            color=bar.colour if bar.solid else look.page,
            edgecolor=bar.colour,
            hatch=None if bar.solid else "////",
            linewidth=1.0,
        )
        if bar.std is not None:
            axes.errorbar(bar.mean, bar.y, xerr=bar.std, color=look.ink, elinewidth=1.3, capsize=3, zorder=3)
        axes.plot(bar.dots, [bar.y] * len(bar.dots), "o", ms=4, mfc=look.page, mec=look.ink, mew=0.8, zorder=4)
        axes.annotate(f"{bar.mean:.2f}{bar.note}", (bar.reach, bar.y), (6, 0), fontsize=10.5, **beside)
        # On hatching a number needs ground of its own.
        ground = None if bar.solid else {"facecolor": look.page, "edgecolor": "none", "pad": 1.0}
        ink = look.on(bar.colour) if bar.solid else look.ink
        axes.annotate(bar.inside, (start, bar.y), (5, 0), fontsize=9.5, color=ink, bbox=ground, **beside)


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


def _section_names(axes: Axes, rows: Sequence[Row], look: Look) -> None:
    """Name the paper's sections at the far left, with a line where one ends."""
    for title, first, last in sections_of([row.step for row in rows]):
        if first:
            axes.axhline(first - 0.5, color=look.grid, lw=1.0, zorder=0)
        at: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points", "va": "center"}
        if title:
            axes.annotate(title, (0, (first + last) / 2), (-255, 0), color=look.faint, weight="bold", **at)
    axes.axhline(len(rows) - 0.5, color=look.grid, lw=1.0, zorder=0)
