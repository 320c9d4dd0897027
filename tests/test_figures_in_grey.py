"""What figures say survives a printer without colours: neighbours differ in how light they are, or are hatched."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from matplotlib.colors import to_hex
from test_report_figures import contrast

from modernize.ladder import ladder
from modernize.report.figures import cost_breakdown
from modernize.report.figures.look import LOOKS

# Of two areas that touch: ink of the one and the other can be told apart in grey.
LEAST = 1.4


@pytest.mark.parametrize("theme", LOOKS)
@pytest.mark.parametrize(("by", "least"), [("kind", LEAST), ("stage", 1.2)])
def test_parts_of_a_bar_that_may_touch_differ_in_grey(by, least, theme):
    specs = {rung.step: rung.spec for rung in ladder("resnet50")}
    figure = cost_breakdown(specs, by, theme=theme)
    bars = [bar for bar in figure.axes[0].patches if bar.get_width() or bar.get_hatch()]
    assert len(bars) > 2 * len(specs)
    plain = dict.fromkeys(to_hex(bar.get_facecolor()) for bar in bars if not bar.get_hatch())
    # Kinds may be absent, so that any two touch; stages have their order.
    pairs = combinations(plain, 2) if by == "kind" else pairwise(plain)
    assert [(a, b) for a, b in pairs if contrast(a, b) < least] == []


@pytest.mark.parametrize("theme", LOOKS)
def test_measured_and_published_differ_in_grey(theme):
    look = LOOKS[theme]
    assert contrast(look.measured, look.published) > LEAST
    assert contrast(look.published, look.other) > LEAST, "two tables of one paper"
