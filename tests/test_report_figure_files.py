"""Files of figures: the same bytes each time, self-contained, in every theme."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from test_report_figures import base_only, rows_of, two_rungs

from modernize.report.figures import FIGURES, MAIN, curves, figure2, figure_bytes, svg_text, write_figures
from modernize.report.figures.look import LOOKS


def test_files_repeat_byte_for_byte_whatever_the_users_style(tmp_path):
    study, rows = rows_of(two_rungs)
    keys = ("ladder", "deltas", "path", "metric", "costs", "ends")
    names, first = write_figures(study, rows, tmp_path / "a", keys=keys)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black", "xtick.color": "red"}):
        _, second = write_figures(study, rows, tmp_path / "b", keys=keys)
        assert mpl.rcParams["font.size"] == 30
    assert names == {key: FIGURES[key].file.format(metric="top1") for key in keys}
    assert len(first) == 2 * len(keys)
    for one, other in zip(first, second, strict=True):
        assert one.stat().st_size > 0
        assert one.read_bytes() == other.read_bytes(), one.name


def test_a_report_has_the_main_figures_and_dark_ones_on_demand(tmp_path):
    study, rows = rows_of(two_rungs)
    names, _ = write_figures(study, rows, tmp_path)
    left_by_runs = ("credit", "samples", "pictures", "confusion", "mistakes", "both")  # or of another kind of study
    main = tuple(key for key in MAIN if key not in left_by_runs)
    assert tuple(names) == main
    names, files = write_figures(study, rows, tmp_path, keys=("ladder",), theme="dark")
    assert names == {"ladder": "ladder-dark"}
    assert [path.name for path in files] == ["ladder-dark.png", "ladder-dark.svg"]
    assert len(list(tmp_path.iterdir())) == 2 * len(main) + 2


def test_an_inline_drawing_shares_no_name_with_another_and_asks_for_nothing():
    study, rows = rows_of(two_rungs)
    figure = figure2(study, rows)
    one, other = svg_text(figure, "one", title="a <b> & c"), svg_text(figure, "two")
    ids = []
    for text in (one, other):
        root = ET.fromstring(text)
        own = {element.get("id") for element in root.iter() if element.get("id")}
        used = {value[1:] for e in root.iter() for name, value in e.items() if name.endswith("href")}
        assert used
        assert used <= own
        assert all(value.startswith("#") for e in root.iter() for name, value in e.items() if name.endswith("href"))
        assert "<style" not in text
        assert "<metadata" not in text
        assert root.get("viewBox")
        assert root.get("width") is None
        ids.append(own)
    assert not ids[0] & ids[1]
    assert one == svg_text(figure, "one", title="a <b> & c")
    assert "<title>a &lt;b&gt; &amp; c</title>" in one
    with pytest.raises(ValueError, match="key"):
        svg_text(figure, "2 <")


def test_a_figure_can_be_saved_without_the_house_style(tmp_path):
    figure = curves(*rows_of(two_rungs), theme="dark")
    assert isinstance(figure, Figure)
    with mpl.rc_context({"xtick.labelcolor": "red", "xtick.color": "red"}):
        figure.savefig(tmp_path / "x.png")
        colours = {to_hex(t.label1.get_color()) for axes in figure.axes for t in axes.xaxis.get_major_ticks()}
    assert colours == {LOOKS["dark"].ink.lower()}


def test_bytes_of_a_png_and_an_svg():
    figure = figure2(*rows_of(base_only))
    assert figure_bytes(figure, "png").startswith(b"\x89PNG")
    assert b"<dc:date>" not in figure_bytes(figure, "svg")
