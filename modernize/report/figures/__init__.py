"""The figures of reports and slides: each a function that returns a matplotlib Figure, light or dark.

Of a study and its rows: `waterfall`, `figure2` (without them: the published ladder alone), `deltas`, `pareto`,
`curves`. Of specs: `block`, `blocks_side_by_side`, `change`, `network`, `cost_breakdown`. `figure_bytes` and `svg_text`
give a figure as a file or as an element of an HTML page; the same figure gives the same bytes.
"""

from __future__ import annotations

from modernize.report.figures.blocks import block, blocks_side_by_side, change
from modernize.report.figures.breakdown import cost_breakdown
from modernize.report.figures.catalogue import FIGURES, MAIN, alt_text, draw, write_figures
from modernize.report.figures.curves import curves, rung_curve
from modernize.report.figures.dots import figure2
from modernize.report.figures.forest import deltas
from modernize.report.figures.look import Theme
from modernize.report.figures.output import figure_bytes, svg_text
from modernize.report.figures.stages import network
from modernize.report.figures.tradeoff import pareto
from modernize.report.figures.waterfall import waterfall

__all__ = [
    "FIGURES",
    "MAIN",
    "Theme",
    "alt_text",
    "block",
    "blocks_side_by_side",
    "change",
    "cost_breakdown",
    "curves",
    "deltas",
    "draw",
    "figure2",
    "figure_bytes",
    "network",
    "pareto",
    "rung_curve",
    "svg_text",
    "waterfall",
    "write_figures",
]
