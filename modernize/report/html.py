"""report.html from a page: one file that needs no network, with everything in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modernize.report.view import Cell, Chart, Page, keys_of

TEMPLATE = "report.html.j2"


def to_html(page: Page, drawings: Mapping[str, str]) -> str:
    """Write a page.

    Args:
        page: What it shows; all its text is escaped.
        drawings: SVG elements of its figures, by key; not escaped.

    Returns:
        HTML with styles, script, figures and data inline.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("modernize.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    keys = keys_of(panel.step for panel in page.panels)
    return environment.get_template(TEMPLATE).render(
        page=page,
        keys=keys,
        notes={key: number for number, (key, _) in enumerate(page.footnotes, 1)},
        drawings={key: Markup(svg) for key, svg in drawings.items()},  # noqa: S704 - drawn here, text escaped there
        widths={key: _width_pt(svg) for key, svg in drawings.items()},
        chart=Chart,
        curves={chart.key: chart.values for panel in page.panels for chart in panel.charts},
        columns=_sort_values,
    )


def _width_pt(svg: str) -> float:
    """Width that a drawing was made for; wider it would have larger letters than the text."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ', svg)
    return float(found[1]) if found else 960.0


def _sort_values(row: tuple[Cell, ...], number: int) -> list[tuple[Cell, Any]]:
    """Give each cell with what its column is sorted by: the ladder's order for steps, else its value or its text."""
    first, *others = row
    return [(first, number), *((cell, cell.text if cell.value is None else cell.value) for cell in others)]
