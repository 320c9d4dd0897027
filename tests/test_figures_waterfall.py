"""The waterfall: the paper's sections with their sums, and bars that are what the records and the table say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_networks, make_record, make_records, make_study, planned_network, with_rung
from figure_texts import assert_readable, texts
from matplotlib.colors import to_hex

from modernize.report.climb import measured_climb, published_climb
from modernize.report.figures import waterfall
from modernize.report.figures.look import LOOKS
from modernize.report.figures.style import setting
from modernize.report.rows import make_rows
from modernize.report.specs import paper_study
from modernize.words import signed

# Of Tables 10 and 11, by hand.
SUMS = {
    "resnet50": {
        "Training": 2.69,
        "Macro design": 0.69,
        "ResNeXt-ify": 0.99,
        "Inverted bottleneck": 0.14,
        "Large kernels": -0.07,
        "Micro design": 1.40,
    },
    "resnet200": {
        "Training": 2.94,
        "Macro design": 0.45,
        "ResNeXt-ify": 0.26,
        "Inverted bottleneck": 0.79,
        "Large kernels": -0.34,
        "Micro design": 1.30,
    },
}


def words(figure):
    return [text for text, _ in texts(figure)]


def published(regime):
    study = paper_study(regime)
    return study, make_rows(study, [])


@pytest.mark.parametrize("regime", SUMS)
def test_sections_add_up_to_what_the_paper_prints(regime):
    study, rows = published(regime)
    climb = published_climb(rows)
    assert {one.title: pytest.approx(one.change) for one in climb.sections} == SUMS[regime]
    first, last = climb.steps[0].level, climb.steps[-1].level
    assert last - first == pytest.approx(sum(SUMS[regime].values()))
    shown = words(waterfall(study, rows))
    for title, total in SUMS[regime].items():
        assert any(text.split() == [*title.split(), signed(total)] for text in shown), title
    assert {f"{first:.2f}", f"{last:.2f}"} <= set(shown)


def test_each_bar_leads_from_one_rung_to_the_next_and_probes_have_none():
    study, rows = published("resnet50")
    panel, lane = waterfall(study, rows).axes
    look = LOOKS["light"]
    adopted = [row for row in rows if row.adopted]
    bars = [bar for bar in panel.patches if to_hex(bar.get_edgecolor()) == look.published.lower()]
    assert len(bars) == len(adopted) - 1
    for bar, foot, row in zip(bars, adopted, adopted[1:], strict=False):
        assert bar.get_y() == pytest.approx(foot.published.top1_percent)
        assert bar.get_y() + bar.get_height() == pytest.approx(row.published.top1_percent)
        filled = to_hex(bar.get_facecolor()) != look.page.lower()
        assert filled == bool(row.published_reading and row.published_reading.verdict == "clear"), row.step
        assert bool(bar.get_hatch()) == (filled and row.published_delta < 0), row.step
    assert [bar.get_height() for bar in lane.patches] == [pytest.approx(row.gmacs) for row in adopted]


def three_seeds(study, top1):
    records = [
        make_record(study, step, seed, top1_percent=float(value))
        for step, of in top1.items()
        for seed, value in enumerate(of)
    ]
    return make_rows(study, records)


def test_measured_and_published_have_an_axis_each_and_the_measured_one_its_verdicts():
    study = make_study(seeds=(0, 1, 2), upto="patchify")
    rows = three_seeds(
        study,
        {"base": (50, 51, 52), "recipe": (60, 61, 62.1), "stage-ratio": (60.5, 60, 63), "patchify": (50, 50.1, 52.9)},
    )
    climb = measured_climb(rows)
    assert [step.told for step in climb.steps] == ["open", *(
        row.verdict if row.verdict in ("better", "worse") else "open" for row in rows[1:]
    )]  # fmt: skip
    assert climb.steps[1].told == "better"
    assert climb.sections[0].change == pytest.approx(rows[1].delta.mean)
    figure = waterfall(study, rows)
    left, right, lane = figure.axes
    title = left.get_title(loc="left")
    assert title.startswith(f"Measured: {setting(study, rows)[:50]}")
    assert right.get_title(loc="left").startswith("Published: ImageNet-1K")
    assert left.get_ylim() != right.get_ylim()
    assert [label.get_text() for label in lane.get_xticklabels()] == ["base", "recipe", "stage-\nratio", "patchify"]


def test_the_title_of_a_whole_ladder_says_all_that_was_run():
    study = make_study(seeds=tuple(range(10)))
    rows = make_rows(study, make_records(study))
    assert waterfall(study, rows).axes[0].get_title(loc="left") == f"Measured: {setting(study, rows)}"
    assert setting(study, rows).endswith(" M parameters, 10 seeds")


def test_what_did_not_finish_is_named_and_leaves_no_sum():
    study = make_study(seeds=(0, 1, 2))
    records = [record for record in make_records(study) if record.entry.name not in ("width", "gelu")]
    records += [make_record(study, "width", seed, status="diverged") for seed in (0, 1, 2)]
    rows = make_rows(study, records)
    figure = waterfall(study, rows)
    assert {"diverged", "missing"} <= set(words(figure))
    changes = {one.title: one.change for one in measured_climb(rows).sections}
    assert changes["ResNeXt-ify"] is None
    assert changes["Micro design"] is None
    assert changes["Macro design"] is not None
    assert_readable(figure)


def test_a_step_of_ones_own_has_a_bar_and_no_section():
    study = with_rung(make_study(upto="recipe", seeds=(0, 1)), "recipe", name="a-step-of-mine", title="Mine")
    study = replace(study, contrasts=(("a-step-of-mine", "base"),))
    rows = make_rows(study, make_records(study))
    climb = measured_climb(rows)
    assert climb.steps[-1].change is not None
    assert not climb.sections
    assert_readable(waterfall(study, rows))


def test_a_subset_shows_no_published_change_that_the_paper_did_not_make():
    study = make_study(upto="stage-ratio", seeds=(0, 1))
    kept = tuple(entry for entry in study.entries if entry.name != "recipe")
    study = replace(study, entries=kept, contrasts=(("stage-ratio", "base"),))
    rows = make_rows(study, make_records(study))
    assert published_climb(rows).num_changes == 0
    figure = waterfall(study, rows)
    assert not any("Published" in axes.get_title(loc="left") for axes in figure.axes)


def test_one_seed_is_said_to_be_untested():
    study = make_study(upto="width")
    figure = waterfall(study, make_rows(study, make_records(study)))
    assert "one seed: nothing is tested" in figure._supxlabel.get_text().lower()


def test_what_is_no_ladder_has_no_waterfall():
    study = make_networks(planned_network("one"), planned_network("two"))
    assert waterfall(study, make_rows(study, make_records(study))) is None
    study = make_study(upto="base")
    assert waterfall(study, make_rows(study, make_records(study))) is None


@pytest.mark.parametrize("regime", SUMS)
def test_a_slide_is_readable(regime):
    study, rows = published(regime)
    figure = waterfall(study, rows, slide=True)
    assert_readable(figure)
    study = make_study(seeds=(0, 1, 2))
    assert_readable(waterfall(study, make_rows(study, make_records(study)), slide=True))


def test_bars_are_rounded_as_the_tables_deltas_are():
    study = make_study(upto="recipe", seeds=(0, 1))
    values = {("base", 0): 46.0, ("base", 1): 46.31, ("recipe", 0): 44.3, ("recipe", 1): 44.6}
    rows = make_rows(study, [make_record(study, *run, top1_percent=value) for run, value in values.items()])
    climbed = measured_climb(rows)
    assert [step.change for step in climbed.steps][1] == rows[1].delta.mean == -1.705
