"""Figures of studies: readable in every case, true to the records, the same bytes each time."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from factories import DATA, make_record, make_records, make_study, with_rung
from figure_texts import assert_readable, texts
from matplotlib.colors import to_hex, to_rgb

from modernize.errors import ModernizeError
from modernize.report.evidence import power
from modernize.report.figures import (
    FIGURES,
    curves,
    deltas,
    draw,
    figure2,
    pareto,
)
from modernize.report.figures.look import LOOKS
from modernize.report.provenance import MEASURED, PUBLISHED
from modernize.report.rows import make_rows


def one_seed():
    study = make_study(upto="ln")
    return study, make_records(study)


def three_seeds_with_trouble():
    study = make_study(seeds=(0, 1, 2), probes=True)
    records = [
        r for r in make_records(study) if r.entry.name not in ("width", "kernel-11") and r.seed + r.entry.adopted < 3
    ]
    return study, records + [make_record(study, "width", seed, status="diverged") for seed in (0, 1, 2)]


def all_diverged():
    study = make_study(upto="patchify")
    return study, [make_record(study, rung.name, status="diverged") for rung in study.entries]


def many_seeds():
    study = make_study("r200", "resnet200", seeds=tuple(range(12)), epochs=30)
    return study, make_records(study)


def base_only():
    study = make_study(upto="base", epochs=1)
    return study, make_records(study)


def two_rungs():
    study = make_study(upto="recipe", seeds=(0, 1))
    return study, make_records(study)


def odd_names():
    name = "folder:/data/$x$ 数据_with a very long name indeed"
    study = replace(make_study(upto="depthwise"), data=name)
    study = with_rung(study, "depthwise", name="a-step-of-mine-with-a-very-long-name", title="Mine")
    return study, make_records(study, data=replace(DATA, name=name))


def published_alone():
    return make_study("paper", "resnet50", seeds=(), probes=True), []


CASES = [
    one_seed,
    three_seeds_with_trouble,
    all_diverged,
    many_seeds,
    base_only,
    two_rungs,
    odd_names,
    published_alone,
]


def rows_of(case):
    study, records = case()
    return study, make_rows(study, records)


# The others are laid out as these are, or made from what runs left beside their records.
LAYOUTS = [key for key in FIGURES if key not in ("loss", "stages", "samples", "pictures", "confusion", "mistakes")]


# Cases that have nothing for a figure.
NOT_DRAWN = {
    "credit": CASES,
    "waterfall": [base_only, all_diverged],
    "deltas": [base_only],
    "ends": [base_only],
    "both": [case for case in CASES if case is not published_alone],
    "seeds": [one_seed, all_diverged, base_only, odd_names, published_alone],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("key", LAYOUTS)
def test_no_text_overlaps_another_or_leaves_the_figure(case, key):
    figure = draw(key, *rows_of(case))
    if figure is None:
        assert case in NOT_DRAWN[key], case
    else:
        assert_readable(figure)


def contrast(one, other):
    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", LOOKS)
def test_text_stands_out_from_the_page(theme):
    look = LOOKS[theme]
    for ink in (look.ink, look.faint, look.measured, look.published_ink, look.bad):
        assert contrast(ink, look.page) >= 4.5, ink
    for colour in (look.measured, look.published, look.other):
        assert contrast(look.on(colour), colour) >= 4.5, colour


# What colour-blind eyes see, in linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
BLINDNESS = {
    "none": np.eye(3),
    "protan": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "deutan": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
}


def lab(colour, blindness):
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(BLINDNESS[blindness] @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    f = np.cbrt(xyz / [0.9505, 1, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("theme", LOOKS)
def test_colours_that_mean_something_differ_for_everyone(theme, blindness):
    look = LOOKS[theme]
    groups = [set(look.kinds.values()), {look.measured, look.published, look.other}, {look.measured, look.bad}]
    for group in groups:
        for one, other in combinations(sorted(group), 2):
            assert np.linalg.norm(lab(one, blindness) - lab(other, blindness)) > 12, (one, other)


@pytest.mark.parametrize("theme", LOOKS)
@pytest.mark.parametrize("key", ["ladder", "deltas", "path", "metric", "stages", "ends"])
def test_a_figure_takes_its_colours_from_its_theme(key, theme):
    look = LOOKS[theme]
    figure = draw(key, *rows_of(three_seeds_with_trouble), theme=theme)
    assert to_hex(figure.get_facecolor()) == look.page.lower()
    # Also ticks made later, outside the style.
    figure.draw_without_rendering()
    labels = [tick.label1 for axes in figure.axes for tick in axes.get_xticklabels() and axes.xaxis.get_major_ticks()]
    shown = [text for text in [*figure.texts, *(t for a in figure.axes for t in a.texts), *labels] if text.get_text()]
    inks = {look.ink, look.faint, look.measured, look.published, look.published_ink, look.other, look.bad}
    inks |= {"#000000", "#FFFFFF"}  # on bars
    assert {to_hex(text.get_color()) for text in shown} <= {ink.lower() for ink in inks}


def test_an_unknown_theme_figure_or_quantity_is_named():
    study, rows = rows_of(base_only)
    with pytest.raises(ModernizeError, match="unknown theme 'drak'"):
        figure2(study, rows, theme="drak")
    with pytest.raises(ModernizeError, match="unknown figure 'laddr'"):
        draw("laddr", study, rows)
    with pytest.raises(ModernizeError, match="unknown curve 'top5'"):
        curves(study, rows, "top5")


def test_measured_and_published_never_share_an_axis():
    study, rows = rows_of(one_seed)
    for figure in (figure2(study, rows), pareto(study, rows), deltas(study, rows)):
        left, right = figure.axes
        assert left.get_title(loc="left").startswith("Measured")
        assert right.get_title(loc="left").startswith("Published")
        about = " ".join(text.get_text() for text in left.texts)
        assert "4,000 images of shapes, 12 epochs" in about
        head = right.get_title(loc="left") + " ".join(text.get_text() for text in right.texts)
        assert "ImageNet" in head
        assert "arXiv:2201.03545" in head
        # Other networks were trained on ImageNet: they stand on its axis only.
        assert not any("ConvNeXt" in text.get_text() or "Swin" in text.get_text() for text in left.texts)


def dots(axes, colour, shape):
    """Values of the dots with an edge of a colour, and which of them are open."""
    found = [
        line
        for line in axes.get_lines()
        if line.get_marker() == shape and to_hex(line.get_markeredgecolor()) == colour.lower() and len(line.get_xdata())
    ]
    page = LOOKS["light"].page.lower()
    return [line.get_xdata()[0] for line in found], [to_hex(line.get_markerfacecolor()) == page for line in found]


def test_dots_show_the_values_of_the_table():
    study, rows = rows_of(three_seeds_with_trouble)
    left, right = figure2(study, rows).axes
    look = LOOKS["light"]
    values, hollow = dots(left, look.measured, MEASURED.marker)
    assert values == pytest.approx([row.value.mean for row in rows if row.value])
    assert hollow == [not row.adopted for row in rows if row.value]
    values, hollow = dots(right, look.published, PUBLISHED.marker)
    assert values == pytest.approx([row.published.top1_percent for row in rows])
    assert hollow == [not row.adopted for row in rows]
    words = {text.get_text() for text in left.texts}
    assert {"diverged", "missing"} <= words
    assert "Macro design" in {text.get_text() for text in right.texts}


def test_figure_2_shows_both_regimes_from_published_numbers_alone():
    figure = figure2()
    (axes,) = figure.axes
    look = LOOKS["light"]
    values = {colour: dots(axes, colour, PUBLISHED.marker)[0] for colour in (look.published, look.other)}
    assert (values[look.published][0], values[look.published][-2:]) == (76.13, [81.97, 81.30])
    assert (values[look.other][0], values[look.other][-2:]) == (78.20, [83.60, 83.50])
    assert [len(of) for of in values.values()] == [18, 18]
    words = [text.get_text() for text in axes.texts]
    assert {"Macro design", "Inverted bottleneck"} <= set(words)
    first = figure2(regime="resnet200").axes[0].get_legend().get_texts()
    assert first[0].get_text() == "ResNet-200 to ConvNeXt-B, Table 11"


def markers(axes, shape):
    """Place, and whether it is filled, of every marker of a shape."""
    lines = [line for line in axes.get_lines() if line.get_marker() == shape]
    return [(line.get_xdata()[0], to_hex(line.get_markerfacecolor()) != "#ffffff") for line in lines]


def test_a_forest_plot_leaves_open_what_is_not_distinguishable():
    study = make_study(seeds=(0, 1, 2), upto="stage-ratio")
    top1 = {"base": (50, 51, 52), "recipe": (60, 61, 62.1), "stage-ratio": (60.5, 60, 63)}
    records = [
        make_record(study, step, seed, top1_percent=float(v)) for step, of in top1.items() for seed, v in enumerate(of)
    ]
    rows = make_rows(study, records)
    assert [row.verdict for row in rows[1:]] == ["better", "not distinguishable at n=3"]
    figure = deltas(study, rows)
    axes, published = figure.axes
    assert markers(axes, "s") == [(pytest.approx(rows[1].delta.mean), True), (pytest.approx(rows[2].delta.mean), False)]
    # Published: recipe has no standard deviation to test, stage-ratio is clear.
    assert markers(published, "D") == [(2.69, False), (0.54, True)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["recipe", "stage-ratio"]
    drawn = {tuple(line.get_xdata()): line.get_linewidth() for line in axes.get_lines() if len(line.get_xdata()) == 2}
    for row in rows[1:]:
        tests = row.contrast.tests
        assert drawn[row.delta.low, row.delta.high] > 2 * drawn[tests.low, tests.high]


def test_a_forest_plot_of_one_seed_has_no_intervals_and_says_so():
    study, rows = rows_of(one_seed)
    figure = deltas(study, rows)
    assert not any(filled for _, filled in markers(figure.axes[0], "s"))
    said = figure._supxlabel.get_text().replace("\n", " ").lower()
    assert "one seed: no interval" in said
    assert "binomial" in said
    # Two accuracies of 2,000 images each: 1.96 standard errors of their difference.
    after, before = (row.value.mean / 100 for row in (rows[1], rows[0]))
    half = 196 * ((after * (1 - after) + before * (1 - before)) / 2000) ** 0.5
    assert figure.axes[0].patches[0].get_width() == pytest.approx(2 * half)


def test_the_pareto_front_holds_what_nothing_beats():
    study, rows = rows_of(three_seeds_with_trouble)
    left = pareto(study, rows).axes[0]
    (front,) = [line for line in left.get_lines() if line.get_gid() == "front"]
    points = list(zip(*front.get_data(), strict=True))
    every = {row.step: (row.planned.macs / 1e6, row.value.mean) for row in rows if row.value}
    for x, y in every.values():
        assert any(fx <= x and fy >= y for fx, fy in points)
    assert set(points) <= set(every.values())
    assert max(y for _, y in every.values()) == points[-1][1]


def test_costs_are_counted_and_one_that_cannot_be_is_also_shown_as_printed():
    study, rows = rows_of(published_alone)
    (axes,) = pareto(study, rows).axes
    printed = {line.get_ydata()[0]: line.get_xdata()[0] for line in axes.get_lines() if line.get_gid() == "printed"}
    assert printed == {81.47: 4.46, 81.97: 4.49}
    drawn, _ = dots(axes, LOOKS["light"].ink, PUBLISHED.marker)
    assert max(drawn) == pytest.approx(5.268, abs=5e-4)
    assert sum(x == pytest.approx(4.146, abs=5e-4) for x in drawn) == 5, "from kernel-7 to ln nothing costs more"
    # Rungs have the numbers of their places; probes have their names.
    assert {"0", "13", "kernel-9"} <= {text.get_text() for text in axes.texts}
    assert {" 0  base", "13  downsample"} <= {text.get_text() for text in axes.figure.texts}


def test_context_is_near_the_ladder_and_trained_alike():
    study, rows = rows_of(published_alone)
    words = [text for text, _ in texts(pareto(study, rows))]
    assert {"Swin-T", "ConvNeXt-T", "ConvNeXt V2-Tiny"} <= set(words)
    assert not {"ConvNeXt-L", "ConvNeXt-Tiny", "ConvNeXt V2-Atto"} & set(words)


def test_curves_show_seeds_as_a_band_from_least_to_greatest():
    study, rows = rows_of(two_rungs)
    figure = curves(study, rows, "loss")
    for axes, row in zip(figure.axes, rows, strict=True):
        (band,) = axes.collections
        heights = band.get_paths()[0].vertices[:, 1]
        losses = [loss for record in row.records.values() for loss in record.curves.train_loss]
        assert (min(heights), max(heights)) == pytest.approx((min(losses), max(losses)))
    assert "band: least to greatest" in figure._supxlabel.get_text()
    one = curves(*rows_of(one_seed), "loss")
    assert not one.axes[0].collections
    assert "one seed" in one._supxlabel.get_text()


def test_curves_of_a_validation_split_are_called_so():
    study = make_study(upto="base")
    record = make_record(study, "base")
    held_out = replace(record.curves, split="val", metrics={"top1_percent": (40.0, 70.0)})
    figure = curves(study, make_rows(study, [replace(record, curves=held_out)]))
    assert figure._supylabel.get_text() == "validation top-1, %"
    assert "70.0" in [text.get_text() for text in figure.axes[0].texts]
    assert curves(study, make_rows(study, [record]))._supylabel.get_text() == "test top-1, %"


@pytest.mark.parametrize("top1", [(0.0, 0.0, 0.0), (100.0, 100.0, 100.0), (10.1, 10.1, 10.1)])
def test_rungs_that_are_all_alike_leave_room_between_the_ends_of_an_axis(top1):
    study = make_study(upto="recipe", seeds=(0, 1, 2), epochs=1)
    other = [sum(top1) / 3] * 3  # the same mean, but perhaps for its last bit
    records = [
        make_record(study, step, seed, top1_percent=values[seed])
        for step, values in (("base", top1), ("recipe", other))
        for seed in study.seeds
    ]
    slow = [replace(r, speed=replace(r.speed, images_per_second=0.0, seconds=0.0)) for r in records]
    rows = make_rows(study, slow)
    for key in ("ladder", "deltas", "path", "costs", "metric", "loss", "lr"):
        draw(key, study, rows)  # a warning of matplotlib would be an error here
    assert [row.verdict for row in rows] == ["", "equal differences: no interval"]


def test_stale_records_are_named():
    study, rows = rows_of(two_rungs)
    rows = (rows[0], replace(rows[1], stale=(0,)))
    for key in ("ladder", "deltas", "path", "metric"):
        figure = draw(key, study, rows)
        assert any("stale records: recipe" in text for text, _ in texts(figure)), key


@pytest.mark.parametrize(("regime", "spread"), [("resnet50", True), ("resnet200", False)])
def test_a_published_ladder_shows_how_sure_its_changes_are(regime, spread):
    study = make_study("paper", regime, seeds=(), probes=True)
    figure = deltas(study, make_rows(study, []))
    said = " ".join(text for text, _ in texts(figure))
    assert ("95 % interval from the printed standard deviations" in said) == spread
    assert ("prints no standard deviation" in said) != spread
    # gelu: 80.62 with 0.14 after 80.57 with 0.14, three seeds each; t(0.975, 4) = 2.776.
    half = 2.776 * 0.14 * (2 / 3) ** 0.5
    ends = [tuple(line.get_xdata()) for axes in figure.axes for line in axes.lines if len(line.get_xdata()) == 2]
    assert any(pair == pytest.approx((0.05 - half, 0.05 + half), abs=1e-3) for pair in ends) == spread


def test_steps_of_both_published_ladders_stand_at_their_changes():
    study, rows = rows_of(published_alone)
    (axes,) = draw("both", study, rows).axes
    points = {tuple(line.get_xydata()[0]) for line in axes.get_lines() if line.get_marker() == PUBLISHED.marker}
    assert len(points) == 13
    assert any(point == pytest.approx((2.69, 2.94)) for point in points)
    assert any(point == pytest.approx((-1.23, -1.05)) for point in points)


def test_seeds_needed_are_those_of_the_power_that_the_report_states():
    study, rows = rows_of(many_seeds)
    (axes,) = draw("seeds", study, rows).axes
    stated = power(study, rows)
    (line,) = [line for line in axes.get_lines() if line.get_marker() == "_"]
    assert dict(zip(*line.get_data(), strict=True))[12] == pytest.approx(stated.smallest_delta)
    assert list(line.get_ydata()) == sorted(line.get_ydata(), reverse=True)
