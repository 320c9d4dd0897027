"""The waterfall: from the first rung to the last, a bar for what each step changes, and MACs beneath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from modernize.published import published_rows
from modernize.report.climb import Climb, Section, Told, measured_climb, published_climb
from modernize.report.figures.crosses import crosses, diverged_notes
from modernize.report.figures.look import Look, Theme
from modernize.report.figures.style import (
    SLIDE_INCHES,
    house_style,
    sentence,
    setting,
    settled,
    shortened,
    stale_notes,
    verdict,
)
from modernize.report.provenance import MEASURED, PUBLISHED, Provenance
from modernize.report.rows import Row, all_contrasts
from modernize.results.statistics import LEVEL
from modernize.results.study import Study
from modernize.words import macs_text, macs_unit, plural, signed

# Inches: a column of a step, a panel with its title and its brackets, the lane of MACs.
_COLUMN, _PANEL, _LANE, _NARROWEST = 0.84, 4.0, 0.8, 10.5
_HALF = 0.36
# Of a title, an inch.
_LETTERS = 7.4
_LABELS: dict[Told, str] = {"better": "better", "worse": "worse", "open": "not told apart, or not tested"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """A climb on an axis of its own."""

    climb: Climb
    kind: Provenance
    colour: str
    ink: str
    title: str
    label: str
    digits: int
    absent: dict[int, str]


def waterfall(study: Study, rows: Sequence[Row], *, slide: bool = False, theme: Theme = "light") -> Figure | None:
    """Draw what each step of a ladder changes, from the level of the rung before to its own.

    Measured and published have a panel and an axis each; above stand the paper's sections with the sums of their
    steps, below the MACs counted for each rung. A filled bar is one that a corrected test tells from no change; one
    for the worse is hatched, and one that is open is not told from none, or not tested.

    Args:
        study: The plan; its records may be missing.
        rows: In the ladder's order; only adopted rungs are drawn.
        slide: Whether it is drawn for a slide.
        theme: "light" or "dark".

    Returns:
        None where there are no two neighbouring rungs to compare.

    Raises:
        ModernizeError: If there is no such theme.
    """
    rungs = [row for row in rows if row.on_ladder and row.adopted]
    with house_style(theme) as look:
        panels = _panels(study, rungs, look)
        if not panels:
            return None
        lane = not slide or len(panels) == 1
        wide = max(_NARROWEST, 1.5 + _COLUMN * (len(rungs) + 0.8))
        size = SLIDE_INCHES if slide else (wide, 0.9 + _PANEL * len(panels) + _LANE * lane)
        figure = Figure(figsize=size)
        figure.set_layout_engine("constrained", h_pad=0.1)
        ratios = [_PANEL - 1.0] * len(panels) + [_LANE] * lane
        stack = list(figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0])
        for place, (axes, panel) in enumerate(zip(stack, panels, strict=False)):
            _draw(axes, panel, look, slide=slide, named=not slide or not place, letters=int(_LETTERS * size[0]))
            if panel.kind is MEASURED:
                crosses(axes, dict(enumerate(rungs)), look, along="x")
            axes.tick_params(axis="x", length=0, labelbottom=False)
        if lane:
            _macs(stack[-1], study, rungs, look, 11.0 if slide else 9.5)
        names = [shortened(row.step, 22) for row in rungs]
        stack[-1].set_xlim(-0.62, len(rungs) + 0.28)
        shown = names if slide else [fill(name, 10) for name in names]
        stack[-1].set_xticks(range(len(rungs)), shown, fontsize=12.5 if slide else 10.5)
        stack[-1].tick_params(axis="x", length=0, labelbottom=True)
        if slide:  # letters are too large for a column: every other name stands a line lower
            for tick in stack[-1].xaxis.get_major_ticks()[1::2]:
                tick.set_pad(20)
        _legend(figure, [step.told for panel in panels for step in panel.climb.steps[1:]], look, slide=slide)
        notes = [] if slide else _notes(study, rows, panels)
        if notes:
            words = sentence(notes, int(12.4 * size[0]))
            figure.supxlabel(words, fontsize=10.5, color=look.faint)
        return settled(figure, look)


def _panels(study: Study, rungs: Sequence[Row], look: Look) -> list[_Panel]:
    found = []
    if any(row.records for row in rungs):
        metric = study.metric
        found.append(
            _Panel(
                climb=measured_climb(rungs),
                kind=MEASURED,
                colour=look.measured,
                ink=look.measured,
                title=f"Measured: {setting(study, rungs)}",
                label=f"test {metric.title}{metric.in_unit}",
                digits=metric.digits,
                absent={i: verdict(row) for i, row in enumerate(rungs) if row.value is None},
            )
        )
    if study.published:
        source = published_rows(study.published)[0].source
        found.append(
            _Panel(
                climb=published_climb(rungs),
                kind=PUBLISHED,
                colour=look.published,
                ink=look.published_ink,
                title=f"Published: ImageNet-1K, {source}",
                label="ImageNet-1K top-1, %",
                digits=2,
                absent={},
            )
        )
    return [panel for panel in found if panel.climb.num_changes]


def _draw(axes: Axes, panel: _Panel, look: Look, *, slide: bool, named: bool, letters: int) -> None:
    steps = panel.climb.steps
    size = 12.5 if slide else 10.5
    levels = [step.level for step in steps if step.level is not None]
    spread = max(levels) - min(levels) or 1.0
    room = (0.17 if not slide else 0.4) * spread
    axes.set_ylim(min(levels) - room, max(levels) + room)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.grid(axis="y")
    axes.set_ylabel("top-1, %" if slide and panel.label.endswith("top-1, %") else panel.label, fontsize=size + 1)
    text: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": size}
    for place, step in enumerate(steps):
        if place in panel.absent:
            word = panel.absent[place]
            colour = look.faint if word == "missing" else look.bad
            axes.text(place, sum(axes.get_ylim()) / 2, word, color=colour, ha="center", fontsize=size, style="italic")
        if step.level is None:
            continue
        last = place == len(steps) - 1
        if not last:
            axes.plot([place - _HALF, place + 1 + _HALF], [step.level] * 2, color=look.faint, lw=0.9, zorder=1)
        if step.change is not None:
            foot = step.level - step.change
            axes.bar(
                place, step.change, bottom=foot, width=2 * _HALF, zorder=2, **_surface(step.told, panel.colour, look)
            )
            up = step.change >= 0
            axes.annotate(
                signed(step.change, panel.digits),
                (place, step.level),
                (0, 4 if up else -4),
                va="bottom" if up else "top",
                weight="bold" if step.told != "open" else "normal",
                **text,
            )
        ends: dict[str, Any] = {
            "marker": panel.kind.marker,
            "ms": 8,
            "color": panel.colour,
            "zorder": 4,
            "clip_on": False,
        }
        if not place or step.change is None:
            axes.plot(place, step.level, **ends)
            axes.annotate(
                f"{step.level:.{panel.digits}f}", (place, step.level), (0, 8), va="bottom", weight="bold", **text
            )
        elif last:
            axes.plot(place + 0.5, step.level, **ends)
            right = text | {"ha": "left"}
            axes.annotate(
                f"{step.level:.{panel.digits}f}", (place + 0.5, step.level), (8, 0), va="center", weight="bold", **right
            )
    highest = max(
        (_bracket(axes, section, panel, look, size, named=named) for section in panel.climb.sections), default=0
    )
    axes.set_title(
        shortened(panel.title, letters),
        color=panel.ink,
        weight="bold",
        pad=14 + 1.25 * size * highest,
    )


def _surface(told: Told, colour: str, look: Look) -> dict[str, Any]:
    face, hatch = {"better": (colour, None), "worse": (look.tint(colour, 0.3), "////"), "open": (look.page, None)}[told]
    return {"facecolor": face, "edgecolor": colour, "hatch": hatch, "linewidth": 1.6}


def _bracket(axes: Axes, section: Section, panel: _Panel, look: Look, size: float, *, named: bool) -> int:
    """Draw a section's bracket above a panel, with the sum of its steps; return the lines of its text."""
    above = axes.get_xaxis_transform()
    left, right = section.first - _HALF, section.last + _HALF
    line: dict[str, Any] = {"color": look.faint, "lw": 1.2, "transform": above, "clip_on": False}
    axes.plot([left, left, right, right], [1.0, 1.025, 1.025, 1.0], **line)
    columns = section.last - section.first + 1
    name = fill(section.title, 11 if columns == 1 else 9 if columns == 2 and size > 11 else 24)
    number = "" if section.change is None else signed(section.change, panel.digits)
    text = "\n".join(filter(None, (name if named else "", number)))
    axes.annotate(
        text,
        ((left + right) / 2, 1.025),
        (0, 3),
        xycoords=above,
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=size,
        color=look.ink,
        linespacing=1.15,
    )
    return text.count("\n") + 1


def _macs(axes: Axes, study: Study, rungs: Sequence[Row], look: Look, size: float) -> None:
    name, unit = macs_unit(row.planned.macs for row in rungs)
    values = [row.planned.macs / unit for row in rungs]
    axes.bar(range(len(rungs)), values, width=2 * _HALF, color=look.tint(look.other, 0.55))
    for place, row in enumerate(rungs):
        at = (place, values[place])
        number = macs_text(row.planned.macs, unit)
        axes.annotate(number, at, (0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=size)
    axes.set_ylim(0, 1.45 * max(values))
    axes.set_yticks([0])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_ylabel(f"{name},\n{study.image_size} px", fontsize=size + 1)


def _legend(figure: Figure, told: Sequence[Told], look: Look, *, slide: bool) -> None:
    handles = [Patch(label=label, **_surface(how, look.faint, look)) for how, label in _LABELS.items() if how in told]
    figure.legend(
        handles=handles,
        loc="outside upper right",
        ncols=len(handles),
        frameon=False,
        fontsize=12.5 if slide else 10.5,
        handlelength=1.4,
        columnspacing=1.4,
    )


def _notes(study: Study, rows: Sequence[Row], panels: Sequence[_Panel]) -> list[str]:
    kinds = {panel.kind for panel in panels}
    tested = sum(one.p_holm is not None for one in all_contrasts(rows))
    readings = any(row.published_reading for row in rows)
    level = f"{100 * LEVEL:.0f} %"
    said = {
        f"measured: paired t test at {level}, Holm-corrected over {plural(tested, 'comparison')}": tested,
        "one seed: nothing is tested": MEASURED in kinds and len(study.seeds) == 1,
        f"published: Welch test on the printed spreads at {level}, Holm-corrected": PUBLISHED in kinds and readings,
        "published: the table prints no spread, so nothing can be tested": PUBLISHED in kinds and not readings,
        "above: sections of the paper with the sums of their steps": any(panel.climb.sections for panel in panels),
        "runs are missing or diverged: bars are differences of means": any(_uneven(row) for row in rows),
        "different data and budget: compare signs, not sizes": len(kinds) > 1,
    }
    diverged = diverged_notes([row for row in rows if row.on_ladder and row.adopted])
    return [*(note for note, holds in said.items() if holds), *diverged, *stale_notes(rows)]


def _uneven(row: Row) -> bool:
    return bool(row.value and row.value.n < len(row.planned.run_ids))
