"""The figures of a report: each a function from rows to a matplotlib Figure, written as PNG and SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from modernize.report.figures.bars import ladder_figure
from modernize.report.figures.curves import loss_figure, top1_figure
from modernize.report.figures.path import path_figure
from modernize.report.figures.style import house_style
from modernize.report.rows import Row
from modernize.results.store import write_atomically
from modernize.results.study import Study

__all__ = ["ladder_figure", "loss_figure", "path_figure", "top1_figure", "write_figures"]

FIGURES = {
    "ladder": ("ladder", ladder_figure),
    "path": ("accuracy-macs", path_figure),
    "top1": ("curves-top1", top1_figure),
    "loss": ("curves-loss", loss_figure),
}


def write_figures(study: Study, rows: Sequence[Row], folder: Path) -> tuple[dict[str, str], list[Path]]:
    """Draw and write every figure.

    Returns:
        The file name without suffix of each figure by its key, and the files written.
    """
    written = []
    for name, draw in FIGURES.values():
        figure = draw(study, rows)
        written += [write_atomically(folder / f"{name}.{suffix}", _bytes(figure, suffix)) for suffix in ("png", "svg")]
    return {key: name for key, (name, _) in FIGURES.items()}, written


def _bytes(figure: Figure, suffix: str) -> bytes:
    # No date and no version in the file: the same records give the same bytes.
    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}[suffix]
    out = io.BytesIO()
    with house_style():
        figure.savefig(out, format=suffix, metadata=metadata)
    return out.getvalue()
