"""What a figure shows as text, and where: for tests that nothing overlaps."""

from __future__ import annotations

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg

from modernize.report.figures.style import house_style


def texts(figure):
    """Every text drawn, with its box in pixels, shrunk by a pixel: touching is no overlap."""
    with house_style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        shown = list(figure.texts) + [text for legend in figure.legends for text in legend.get_texts()]
        for axes in figure.axes:
            shown += axes.texts + (axes.get_legend().get_texts() if axes.get_legend() else [])
            if axes.axison:
                shown += [axes.xaxis.label, axes.yaxis.label, axes._left_title, axes.title]
                shown += drawn_ticks(axes.xaxis, axes.get_xlim()) + drawn_ticks(axes.yaxis, axes.get_ylim())
        return [(t.get_text(), t.get_window_extent(renderer).padded(-1)) for t in shown if t.get_text().strip()]


def drawn_ticks(axis, limits):
    """Ticks outside the limits exist but are not drawn."""
    low, high = sorted(limits)
    return [
        tick.label1 for tick in axis.get_major_ticks() if tick.label1.get_visible() and low <= tick.get_loc() <= high
    ]


def assert_readable(figure):
    """No text overlaps another, and none leaves the page."""
    boxes, page = texts(figure), figure.bbox
    assert boxes
    over = [(a, b) for (a, box), (b, other) in combinations(boxes, 2) if box.overlaps(other)]
    assert over == [], over
    outside = [a for a, box in boxes if box.x0 < page.x0 or box.y0 < page.y0 or box.x1 > page.x1 or box.y1 > page.y1]
    assert outside == [], outside
