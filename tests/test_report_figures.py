from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import matplotlib as mpl
import pytest
from factories import DATA, make_record, make_records, make_study, with_rung
from matplotlib.backends.backend_agg import FigureCanvasAgg

from modernize.report import write_report
from modernize.report.figures import ladder_figure, loss_figure, path_figure, top1_figure
from modernize.report.figures.style import house_style
from modernize.report.rows import make_rows
from modernize.results.store import save_record, save_study

FIGURES = [ladder_figure, path_figure, top1_figure, loss_figure]


def one_seed():
    study = make_study(upto="ln")
    return study, make_records(study)


def three_seeds_with_trouble():
    study = make_study(seeds=(0, 1, 2), probes=True)
    records = [
        r for r in make_records(study) if r.rung.step not in ("width", "kernel-11") and r.seed + r.rung.adopted < 3
    ]
    return study, records + [make_record(study, "width", seed, status="diverged") for seed in (0, 1, 2)]


def all_diverged():
    study = make_study(upto="patchify")
    return study, [make_record(study, rung.step, status="diverged") for rung in study.rungs]


def many_seeds():
    study = make_study("r200", "resnet200", seeds=tuple(range(12)), epochs=30)
    return study, make_records(study)


def base_only():
    study = make_study(upto="base", epochs=1)
    return study, make_records(study)


def odd_names():
    name = "folder:/data/$x$ 数据_with a very long name indeed"
    study = replace(make_study(upto="depthwise"), data=name)
    study = with_rung(study, "depthwise", step="a-step-of-mine-with-a-very-long-name", title="Mine")
    return study, make_records(study, data=replace(DATA, name=name))


CASES = [one_seed, three_seeds_with_trouble, all_diverged, many_seeds, base_only, odd_names]


def texts(figure):
    """Every text drawn, with its box in pixels, shrunk by a pixel: touching is no overlap."""
    with house_style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        shown = list(figure.texts)
        for axes in figure.axes:
            if axes.axison:
                shown += [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes._left_title, axes.title]
                shown += drawn_ticks(axes.xaxis, axes.get_xlim()) + drawn_ticks(axes.yaxis, axes.get_ylim())
        return [(t.get_text(), t.get_window_extent(renderer).padded(-1)) for t in shown if t.get_text().strip()]


def drawn_ticks(axis, limits):
    """Ticks outside the limits exist but are not drawn."""
    low, high = sorted(limits)
    return [
        tick.label1 for tick in axis.get_major_ticks() if tick.label1.get_visible() and low <= tick.get_loc() <= high
    ]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("draw", FIGURES)
def test_no_text_overlaps_another_or_leaves_the_figure(case, draw):
    study, records = case()
    figure = draw(study, make_rows(study, records))
    boxes, page = texts(figure), figure.bbox
    assert len(boxes) > 2
    overlapping = [(a, b) for (a, box), (b, other) in combinations(boxes, 2) if box.overlaps(other)]
    assert overlapping == []
    outside = [a for a, box in boxes if box.x0 < page.x0 or box.y0 < page.y0 or box.x1 > page.x1 or box.y1 > page.y1]
    assert outside == []


def test_measured_and_published_never_share_an_axis():
    study, records = one_seed()
    rows = make_rows(study, records)
    for draw in (ladder_figure, path_figure):
        left, right = draw(study, rows).axes
        assert left.get_title(loc="left").startswith("Measured: shapes")
        assert right.get_title(loc="left").startswith("Published: arXiv:2201.03545")
        assert "shapes" in left.get_xlabel() + left.get_ylabel()
        assert "ImageNet" in right.get_xlabel() + right.get_ylabel()


def test_bars_show_the_values_of_the_table():
    study, records = three_seeds_with_trouble()
    rows = make_rows(study, records)
    left, right = ladder_figure(study, rows).axes
    ends = [bar.get_x() + bar.get_width() for bar in left.patches]
    assert ends == pytest.approx([row.top1.mean for row in rows if row.top1])
    ends = [bar.get_x() + bar.get_width() for bar in right.patches]
    assert ends == pytest.approx([row.published.top1_percent for row in rows])
    hatched = [bool(bar.get_hatch()) for bar in right.patches]
    assert hatched == [not row.adopted for row in rows]
    words = {text.get_text() for text in left.texts}
    assert {"diverged", "missing"} <= words
    assert "starts at" in left.get_xlabel()


def test_files_are_written_and_repeat_byte_for_byte_whatever_the_users_style(tmp_path):
    study = make_study(upto="patchify", seeds=(0, 1), probes=True)
    save_study(study, tmp_path / "results")
    for record in make_records(study):
        save_record(record, tmp_path / "results")
    first = write_report(tmp_path / "results", tmp_path / "a")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        second = write_report(tmp_path / "results", tmp_path / "b")
        assert mpl.rcParams["font.size"] == 30
    assert first[0].name == "report.md"
    assert len(first) == 9
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    text = first[0].read_text()
    for path in first[1:]:
        assert path.stat().st_size > 0
        assert path.suffix == ".svg" or f"({path.name})" in text
