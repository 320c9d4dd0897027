"""A trend as a page with its figure, as CSV and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modernize.fingerprint import fingerprint
from modernize.report.numbers import delta_text, p_text
from modernize.report.tables import Flat
from modernize.report.trend import Line, Trend, axis_name, place_text
from modernize.report.view import Cell, Figure, Items, Page, Section, Table, key_of, table
from modernize.report.write import check_formats, write_formats
from modernize.results.files import write_atomically
from modernize.results.statistics import LEVEL
from modernize.words import NONE

LONGEST = 60
"""Characters of the folder's name."""


@dataclass(frozen=True, slots=True)
class TrendArtist:
    """Draws the figure of a trend, when and where it is asked for."""

    found: Trend

    def files(self, folder: Path) -> tuple[dict[str, str], list[Path]]:
        """Write it as PNG and SVG, and as PNG for dark pages."""
        from modernize.report.figures import figure_bytes
        from modernize.report.figures.trend import trend

        drawn, dark = trend(self.found), trend(self.found, theme="dark")
        return {"trend": "trend"}, [
            write_atomically(folder / "trend.png", figure_bytes(drawn, "png")),
            write_atomically(folder / "trend.svg", figure_bytes(drawn, "svg")),
            write_atomically(folder / "trend-dark.png", figure_bytes(dark, "png")),
        ]

    def elements(self) -> dict[str, str]:
        """Give it as an SVG element."""
        from modernize.report.figures import svg_text
        from modernize.report.figures.trend import trend

        return {"trend": svg_text(trend(self.found, theme="page"), "figure-trend", alt_text(self.found))}


def alt_text(found: Trend) -> str:
    """Say what the figure shows."""
    return f"Change of {found.metric.title} at each step against {axis_name(found.axis)}, with its interval"


def trend_page(found: Trend, *, drawn: bool = True) -> Page:
    """Lay out a trend."""
    figures = (Figure(key="trend", alt=alt_text(found)),) if drawn else ()
    told = Items(tuple(("", line) for line in notes(found)))
    return Page(
        name=folder_name(found),
        title=f"Steps against {axis_name(found.axis)}",
        sections=(Section("trend", "Each step", (*figures, trend_table(found), told)),),
    )


def folder_name(found: Trend) -> str:
    """Name the folder of a trend after its studies."""
    name = f"trend-{'-'.join(map(key_of, found.studies))}"
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9].rstrip('-')}-{fingerprint({'studies': found.studies})[:8]}"


def trend_table(found: Trend) -> Table:
    """Each step's delta at each place, and what changes from the first to the last."""
    places = (
        (f"{axis_name(found.axis)} {place_text(place)}>", lambda line, place=place: _at(found, line, place))
        for place in found.places
    )
    return table(
        "trend",
        f"Delta of {found.metric.title} of each step, with 95 % intervals over seeds.",
        found.lines,
        ("step", lambda line: line.step),
        *places,
        ("last less first>", lambda line: _change(found, line)),
        ("p, Holm>", lambda line: Cell(NONE if line.p_holm is None else p_text(line.p_holm), value=line.p_holm)),
        ("with more", lambda line: verdict(line)),
    )


def verdict(line: Line) -> str:
    """Say what the corrected test of the change says."""
    if line.change is None or line.p_holm is None:
        return "no test"
    if line.p_holm >= LEVEL:
        return "not distinguishable"
    return "rises" if line.change.mean > 0 else "falls"


def _at(found: Trend, line: Line, place: Any) -> Cell:
    of_place = [point.delta for point in line.points if point.at == place]
    delta = of_place[0] if of_place else None
    text = delta_text(delta, delta.n if delta else 0, found.metric.digits)
    diverged = sum(point.num_diverged for point in line.points if point.at == place)
    ended = f" ({diverged} diverged)" if diverged else ""
    return Cell(f"{text}{ended}", value=delta.mean if delta else None, bad=bool(ended))


def _change(found: Trend, line: Line) -> Cell:
    if line.change is None:
        return Cell(NONE)
    return Cell(delta_text(line.change, line.change.n, found.metric.digits), value=line.change.mean)


def notes(found: Trend) -> tuple[str, ...]:
    """Say what is shown and how it is tested."""
    intervals = f"95 % t intervals of deltas paired by seed inside each study, in {found.metric.delta_unit}"
    change = "between independent samples, by Welch's test, Holm-corrected over the steps"
    return (
        f"Of {', '.join(found.studies)}. They differ in {axis_name(found.axis)} alone, as their records tell.",
        f"Brackets: {intervals}; not corrected.",
        f"Last less first: {change}; an interval that includes 0 is no evidence of a trend, nor of its absence.",
    )


def trend_json(found: Trend) -> Flat:
    """Give a trend as plain data."""
    return {
        "studies": list(found.studies),
        "axis": found.axis,
        "places": list(found.places),
        "metric": found.metric.name,
        "steps": trend_rows(found),
        "notes": list(notes(found)),
    }


def trend_rows(found: Trend) -> list[Flat]:
    """Give a row a step and place."""
    return [
        {
            "step": line.step,
            "study": point.study,
            "entry": point.pair[0],
            "before": point.pair[1],
            "at": place_text(point.at),
            "n": point.delta.n if point.delta else 0,
            "diverged": point.num_diverged,
            "delta": point.delta.mean if point.delta else None,
            "low": point.delta.low if point.delta else None,
            "high": point.delta.high if point.delta else None,
            "verdict": point.contrast.verdict,
            "change": line.change.mean if line.change else None,
            "change_p_holm": line.p_holm,
        }
        for line in found.lines
        for point in line.points
    ]


def write_trend(found: Trend, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write a trend under a folder of reports.

    Raises:
        ModernizeError: If a format is unknown or a file cannot be written.
    """
    check_formats(formats)
    return write_formats(
        folder / folder_name(found) / "trend",
        formats,
        lambda keys, panels: trend_page(found, drawn=bool(keys)),  # noqa: ARG005
        table=lambda: trend_rows(found),
        facts=lambda: trend_json(found),
        artist=TrendArtist(found),
    )
