"""The paper's Figure 2 redrawn: a dot a rung, both regimes, and what was measured beside it.

What is no rung stands apart, below the ladder; a study without rungs has the same picture of its entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from modernize.published import PUBLISHED_REGIMES, PublishedRow, published_row, published_rows
from modernize.regimes import get_regime
from modernize.report.climb import SOURCE, sections_of
from modernize.report.figures.crosses import crosses, diverged_notes
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import (
    headed,
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
from modernize.report.provenance import MEASURED, PUBLISHED
from modernize.report.roles import ladder_of, on_paper_ladder
from modernize.report.rows import Row, make_rows
from modernize.report.specs import paper_study
from modernize.results.study import Study
from modernize.words import listed

MOST_DOTS = 10
MOST_PANELS = 3
# Between the ladder and what stands beside it, in lines.
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

    Published values that a study refers to have an axis for each data set that they were measured on. Probes and
    controls are open.

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
            [*labels, *end], n_panels=len(panels), places=[*places.values(), *end.values()], around=2.3, line=0.36,
            slide=slide,
        )  # fmt: skip
        room = figure.get_figwidth() - 0.095 * max(map(len, labels)) - 1.6
        for axes, panel in zip(every, panels, strict=True):
            _draw(axes, panel, look, int(11.5 * room / len(panels)))
        if measured:
            _set_apart(every, rows, places, look)
            crosses(every[0], {places[row.step]: row for row in rows}, look, along="y")
        if not slide:
            _brackets(every[-1], rows, look)
        roles = [row.planned.role for row in rows]
        notes = ["open: probes, tried beside the rung and not adopted"] if "probe" in roles else []
        notes += ["open triangles: controls"] if "control" in roles else []
        if measured:
            notes += ["small dots: single seeds"] if any(dot.seeds for dot in panels[0].dots) else []
            notes += [*diverged_notes(rows), *stale_notes(rows)]
        if any(dot.std is not None for panel in panels for dot in panel.dots):
            notes.append("line: standard deviation")
        if measured and paper:
            notes.append("the two axes are not comparable: different data and budget")
        if shown:
            notes.append("published values stand on an axis of their own: see the report for what differs")
        if left_out := [data for data in referred if data not in shown]:
            notes.append(f"not drawn: published on {shortened(', '.join(left_out), 60)}")
        return settled(figure, look, notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dot:
    """A value with its spread; `note` stands behind the number, single seeds are small dots."""

    y: float
    mean: float
    std: float | None
    colour: str
    marker: str
    note: str = ""
    solid: bool = True
    seeds: Sequence[float] = ()
    number_left: bool = False

    @property
    def start(self) -> float:
        """Where its ink begins."""
        return min(self.mean - (self.std or 0.0), *self.seeds, self.mean)

    @property
    def reach(self) -> float:
        """Where its ink ends."""
        return max(self.mean + (self.std or 0.0), *self.seeds, self.mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """Dots on an axis: what they are of below the title, a legend, and words on lines that have no dot."""

    title: str
    about: str
    colour: str
    dots: Sequence[_Dot]
    label: str
    digits: int = 2
    legend: Sequence[tuple[str, str]] = ()
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
    own = {"baseline": (look.baseline, "^"), "control": (look.other, "v")}
    dots = []
    for row in rows:
        if row.value:
            colour, marker = own.get(row.planned.role, (look.measured, MEASURED.marker))
            dots.append(
                _Dot(
                    y=places[row.step],
                    mean=row.value.mean,
                    std=row.value.std,
                    colour=colour,
                    marker=marker,
                    solid=_solid(row),
                    note=f"  (n={row.value.n})" if row.value.n < len(row.planned.run_ids) else "",
                    seeds=[*row.finished.values()] if 1 < row.value.n <= MOST_DOTS else (),
                )
            )
    absent = {places[row.step]: verdict(row) for row in rows if row.value is None}
    return _Panel(
        title="Measured",
        about=setting(study, rows),
        colour=look.measured,
        dots=dots,
        label=f"test {study.metric.title}{study.metric.in_unit}",
        digits=study.metric.digits,
        words=[(y, word, look.faint if word == "missing" else look.bad) for y, word in absent.items()],
    )


def _published_panel(
    rows: Sequence[Row], places: Mapping[str, float], published: Mapping[str, Mapping[float, PublishedRow]], look: Look
) -> _Panel:
    shown = [name for name, of in published.items() if of]
    source = published_rows(shown[0])[0].source if len(shown) == 1 else SOURCE
    lower = min(shown, key=lambda name: min(row.top1_percent for row in published[name].values()), default="")
    probes = {places[row.step] for row in rows if not _solid(row)}
    dots: list[_Dot] = []
    legend: list[tuple[str, str]] = []
    for name, colour in zip(published, (look.published, look.other), strict=False):
        dots += [
            _printed(row, y, colour, solid=y not in probes, number_left=len(shown) > 1 and name == lower)
            for y, row in published[name].items()
        ]
        if name in shown:
            kind, table = get_regime(name), published_rows(name)[0].source.split(" ", 1)[-1]
            legend.append((f"{kind.start} to {kind.end}, {table}", colour))
    filled = {y for of in published.values() for y in of}
    return _Panel(
        title="Published",
        about=f"ImageNet-1K, {source}" if shown else "nothing",
        colour=look.published_ink,
        legend=legend,
        dots=dots,
        label="ImageNet-1K top-1, %",
        words=[(y, "none", look.faint) for y in places.values() if y not in filled],
    )


def _printed(row: PublishedRow, y: float, colour: str, **style: Any) -> _Dot:
    return _Dot(y=y, mean=row.top1_percent, std=row.top1_std, colour=colour, marker=PUBLISHED.marker, **style)


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
        about=shortened(name, 70),
        colour=look.published_ink,
        dots=[
            _printed(row, places[step], look.published, note=f"  (n={row.n})" if row.n else "")
            for step, row in printed.items()
        ],
        label=f"top-1 on {shortened(data, 30)}, %",
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


def _draw(axes: Axes, panel: _Panel, look: Look, letters: int) -> None:
    """Draw a panel of so many small letters a line."""
    start, end = _window(panel.dots)
    axes.set_xlim(start, end)
    axes.set_xlabel(panel.label)
    if len(panel.legend) > 1:
        _told_apart(axes, panel)
    else:
        headed(axes, panel.title, panel.about, panel.colour, look, letters)
    beside: dict[str, Any] = {"textcoords": "offset points", "va": "center"}
    for y, word, colour in panel.words:
        axes.text(
            0.012 if word != "diverged" else 0.04,
            y,
            word,
            color=colour,
            transform=axes.get_yaxis_transform(),
            va="center",
            style="italic",
        )
    for y in dict.fromkeys(dot.y for dot in panel.dots):
        axes.axhline(y, color=look.grid, lw=0.9, zorder=0)
    for dot in panel.dots:
        if dot.std is not None:
            ends = (dot.mean - dot.std, dot.mean + dot.std)
            axes.plot(ends, [dot.y] * 2, color=dot.colour, lw=3.0, solid_capstyle="butt", zorder=2)
        axes.plot(dot.seeds, [dot.y] * len(dot.seeds), "o", ms=3.6, mfc=look.page, mec=look.ink, mew=0.7, zorder=3)
        face = dot.colour if dot.solid else look.page
        axes.plot(dot.mean, dot.y, dot.marker, ms=9, mfc=face, mec=dot.colour, mew=1.6, zorder=2.5)
        number = f"{dot.mean:.{panel.digits}f}{dot.note}"
        at, aside, side = (dot.start, -8, "right") if dot.number_left else (dot.reach, 8, "left")
        axes.annotate(number, (at, dot.y), (aside, 0), fontsize=10.5, ha=side, **beside)


def _told_apart(axes: Axes, panel: _Panel) -> None:
    """Write a title, and below it which dots are whose."""
    shapes: dict[str, Any] = {"ls": "", "marker": PUBLISHED.marker, "ms": 8}
    handles = [Line2D([], [], color=colour, label=text, **shapes) for text, colour in panel.legend]
    axes.set_title(f"{panel.title}: {panel.about}", color=panel.colour, weight="bold", pad=10 + 18 * len(handles))
    at: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2}
    axes.legend(handles=handles, fontsize=10.5, handletextpad=0.2, frameon=False, borderpad=0, **at)


def _window(dots: Sequence[_Dot]) -> tuple[float, float]:
    """Choose limits with room for the numbers behind the dots."""
    if not dots:
        return 0.0, 100.0
    low = min(dot.start for dot in dots)
    high = max(dot.reach for dot in dots)
    spread = high - low if high - low > 1e-6 * max(1.0, high) else max(1.0, 0.1 * high)
    left = 0.18 if any(dot.number_left for dot in dots) else 0.08
    return low - left * spread, high + (0.42 if any(dot.note for dot in dots) else 0.2) * spread


def _brackets(axes: Axes, rows: Sequence[Row], look: Look) -> None:
    """Bracket the paper's sections at the right, as its own figure does."""
    across = axes.get_yaxis_transform()
    line: dict[str, Any] = {"color": look.faint, "lw": 1.2, "transform": across, "clip_on": False}
    for title, first, last in sections_of([row.step for row in rows if row.on_ladder]):
        if title:
            top, bottom = first - 0.3, last + 0.3
            axes.plot([1.0, 1.012, 1.012, 1.0], [top, top, bottom, bottom], **line)
            at: dict[str, Any] = {"xycoords": across, "textcoords": "offset points", "va": "center"}
            axes.annotate(title, (1.012, (first + last) / 2), (6, 0), color=look.ink, fontsize=11, **at)
