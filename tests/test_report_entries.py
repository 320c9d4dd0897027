"""Rows that are no rungs: what a report says of them, what it may print beside them, and what it must not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from factories import make_networks, make_record, make_records, make_study, planned_network, report_text
from figure_texts import assert_readable, texts
from matplotlib.colors import to_hex

from modernize.errors import ModernizeError
from modernize.external import CONVENTION
from modernize.report.figures import deltas, draw, figure2, pareto
from modernize.report.figures.look import LOOKS
from modernize.report.gather import group_records
from modernize.report.rows import all_contrasts, make_rows
from modernize.report.tables import table_rows
from modernize.report.write import FORMATS, write_study
from modernize.results.sources import sources
from modernize.results.statistics import holm
from modernize.results.store import save_record, save_study
from modernize.results.study import Reference
from modernize.seminar.course import course_of, study_course

SEEDS = (0, 1, 2)
SWIN = "timm:swin_tiny_patch4_window7_224?img_size=32"
TOP1 = {
    "stem-4": (70.0, 71.0, 69.0),
    "stem-2": (80.0, 80.5, 80.2),
    "resnet50": (76.0, 77.0, 75.5),
    "swin": (70.5, 70.0, 71.0),
}


def reference(entry, value, source="An article, table 1", data="CIFAR-10", **changes):
    return Reference(entry=entry, value=value, source=source, data=data, **changes)


def networks(**changes):
    study = make_networks(
        planned_network("stem-4", role="network", seeds=SEEDS),
        planned_network("stem-2", role="network", seeds=SEEDS),
        planned_network("resnet50", "torchvision:resnet50", seeds=SEEDS),
        planned_network("swin", SWIN, seeds=SEEDS, note="a smaller member than the article's"),
        seeds=SEEDS,
    )
    study = replace(study, **changes)
    return study, [
        make_record(study, name, seed, top1_percent=value)
        for name, values in TOP1.items()
        for seed, value in zip(SEEDS, values, strict=True)
    ]


def ladder_with_a_baseline():
    study = make_study(seeds=SEEDS, upto="patchify", baselines={"swin": SWIN})
    return study, make_records(study)


def page(study, records):
    return report_text(study, make_rows(study, records))


def table(text, head):
    """Lines of the first table whose head has a word, each as its cells."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|") and head in line)
    stop = next(i for i in range(start, len(lines)) if not lines[i].startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[start:stop] if "--" not in line]


def test_a_baseline_is_marked_with_its_role_and_its_network():
    text = page(*ladder_with_a_baseline())
    head, *rows = table(text, "top-1 measured")
    assert head[:2] == ["entry", "role"]
    assert rows[0][:2] == ["base", "rung"]
    assert rows[-1][:2] == ["swin", "baseline"]
    assert f"baseline: {SWIN}" in text
    assert rows[-1][head.index("delta measured")] == "-"
    assert "## Entries" in text
    assert f"Of swin: {CONVENTION}." in text
    # The paper's table still stands beside its rungs.
    assert "top-1 published (ImageNet), %" in head


def test_a_ladder_alone_speaks_of_rungs():
    study = make_study(upto="patchify")
    text = page(study, make_records(study))
    assert "## Rungs" in text
    assert "role" not in table(text, "top-1 measured")[0]


def test_a_study_without_references_says_nothing_of_papers():
    text = page(*networks())
    for word in ("ImageNet", "paper", "ublished", "rung ", "rungs", "ladder"):
        assert word not in text, word
    assert "12 of 300 epochs" in text


def test_published_values_have_the_name_of_their_data_and_their_spread():
    references = (reference("stem-4", 73.26, std=0.4, n=5), reference("stem-2", 83.72))
    text = page(*networks(references=references))
    head, *rows = table(text, "top-1 measured")
    column = head.index("top-1 published (CIFAR-10), %")
    assert [row[column] for row in rows] == ["73.26 ± 0.40 (n=5)", "83.72", "-", "-"]
    assert "An article, table 1, on CIFAR-10: stem-4, stem-2." in text
    assert "ImageNet" not in text
    assert "not comparable with the measured ones: they were measured on CIFAR-10, these on shapes" in text


@pytest.mark.parametrize("other", [{"source": "Another article"}, {"data": "CIFAR-100"}, {}])
def test_published_differences_are_of_one_source_and_one_data_set(other):
    references = (reference("stem-4", 73.26), reference("stem-2", 83.72, **other))
    study, records = networks(references=references, contrasts=(("stem-2", "stem-4"),))
    rows = {row.step: row for row in make_rows(study, records)}
    assert rows["stem-2"].published_delta == (None if other else 10.46)


def test_a_smaller_member_is_a_reason_not_to_compare():
    references = (reference("swin", 73.18, data="shapes"),)
    study, records = networks(references=references)
    full = [replace(record, recipe=record.recipe | {"epochs": study.epochs}) for record in records]
    assert "not comparable with the measured ones: swin: a smaller member" in page(study, full)
    bare = replace(study, entries=tuple(replace(entry, note="") for entry in study.entries))
    assert "can be set beside" in page(bare, full)


CONTRASTS = (("stem-2", "stem-4"), ("stem-2", "resnet50"), ("swin", "resnet50"), ("swin", "stem-4"))


def test_every_contrast_counts_once_in_the_correction():
    study, records = networks(contrasts=(*CONTRASTS, CONTRASTS[0]))
    found = all_contrasts(make_rows(study, records))
    assert [(one.entry, one.before) for one in found] == list(CONTRASTS)
    p_values = {pair: one.delta.p_value for pair, one in zip(CONTRASTS, found, strict=True)}
    assert len(p_values) == 4
    assert [one.p_holm for one in found] == [holm(p_values)[pair] for pair in CONTRASTS]


def test_a_delta_says_against_what_and_all_pairs_are_listed():
    text = page(*networks(contrasts=CONTRASTS))
    head, *rows = table(text, "top-1 measured")
    deltas = [row[head.index("delta measured")] for row in rows]
    assert deltas[0] == "-"
    assert deltas[1].endswith(" vs stem-4")
    assert deltas[3].endswith(" vs resnet50")
    _, *pairs = table(text, "against")
    assert [tuple(cell.split()[0] for cell in pair[:2]) for pair in pairs] == list(CONTRASTS)
    assert "over the 4 comparisons of this study" in text
    assert "stem-2 against resnet50" in text


def test_a_rung_compared_with_the_one_before_needs_no_word():
    study, records = ladder_with_a_baseline()
    assert not any(row.against for row in make_rows(study, records))
    jumping = replace(study, contrasts=(*study.contrasts[:-1], ("patchify", "base")))
    assert {row.step: row.against for row in make_rows(jumping, records)}["patchify"] == "base"


def test_what_was_expected_stands_beside_what_was_found():
    study, records = networks(
        contrasts=CONTRASTS[:1], title="Stems", about="Does it help?", expectation="A finer stem is better."
    )
    text = page(study, records)
    assert text.startswith("# Stems\n\nDoes it help?")
    assert "| Expected | A finer stem is better. |\n| Found | One paired t test at 5 %" in text
    assert "better: stem-2 against stem-4" in text
    alone = replace(study, contrasts=())
    assert "| Found | stem-2 80.23 ± 0.25 (n=3) %; resnet50" in page(alone, records)


def dots(axes, colour):
    found = [line for line in axes.get_lines() if line.get_marker() not in ("None", "o", "")]
    return [line.get_xdata()[0] for line in found if to_hex(line.get_markeredgecolor()) == colour.lower()]


def test_the_picture_of_entries_has_a_panel_for_what_is_published():
    study, records = networks(references=(reference("stem-4", 73.26, std=0.4), reference("swin", 73.18)))
    rows = make_rows(study, records)
    figure = figure2(study, rows)
    measured, published = figure.axes
    look = LOOKS["light"]
    assert dots(measured, look.measured) == pytest.approx([70.0, 80.23], abs=0.01)
    assert dots(measured, look.baseline) == pytest.approx([76.17, 70.5], abs=0.01)
    assert dots(published, look.published) == pytest.approx([73.26, 73.18])
    assert published.get_xlabel().startswith("top-1 on CIFAR-10, %")
    assert not any("ImageNet" in text for text, _ in texts(figure))
    assert_readable(figure)
    assert len(figure2(*(alone := networks())[:1], make_rows(*alone)).axes) == 1


def test_values_published_on_many_data_sets_leave_a_picture_that_can_be_read():
    references = tuple(reference("base", 50.0 + i, data=f"data set {i}") for i in range(4))
    study = make_study(upto="patchify", references=references)
    figure = figure2(study, make_rows(study, make_records(study)))
    assert len(figure.axes) == 3
    assert "not drawn: published on data set 1, data set 2, data set 3" in figure._supxlabel.get_text().replace(
        "\n", " "
    )
    assert_readable(figure)


def test_baselines_stand_apart_from_the_ladder():
    study, records = ladder_with_a_baseline()
    rows = make_rows(study, records)
    figure = figure2(study, rows)
    ticks = list(figure.axes[0].get_yticks())
    assert ticks == [0, 1, 2, 3, 5]
    assert any("Baselines, no steps of the ladder" in text for text, _ in texts(figure))
    assert_readable(figure)


def test_no_line_leads_to_a_baseline():
    study, records = ladder_with_a_baseline()
    rows = make_rows(study, records)
    axes = pareto(study, rows).axes[0]
    look = LOOKS["light"]
    (place,) = [line.get_xydata()[0] for line in axes.get_lines() if line.get_marker() == "^"]
    lines = [line.get_xydata() for line in axes.get_lines() if len(line.get_xydata()) > 1]
    assert lines
    assert not any((point == place).all() for line in lines for point in line)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["rung", "baseline"]
    assert look.baseline.lower() in {to_hex(line.get_markerfacecolor()) for line in axes.get_lines()}


def test_the_legend_of_many_roles_covers_nothing():
    study = make_study(upto="patchify", baselines={"swin": SWIN})
    study = replace(
        study, entries=(*study.entries, *(planned_network(role, role=role) for role in ("control", "network")))
    )
    figure = pareto(study, make_rows(study, make_records(study)))
    assert_readable(figure)
    assert {"rung", "baseline", "control", "network"} <= {text for text, _ in texts(figure)}


def test_figures_of_steps_leave_out_what_is_none():
    study, records = ladder_with_a_baseline()
    rows = make_rows(study, records)
    for key in ("deltas", "costs", "stages"):
        assert not any("swin" in text for text, _ in texts(draw(key, study, rows))), key
    assert any("swin (baseline)" in axes.get_title("left") for axes in draw("metric", study, rows).axes)
    against_both = replace(study, contrasts=(*study.contrasts, ("patchify", "swin"), ("swin", "base")))
    shown = texts(draw("deltas", study, make_rows(against_both, records)))
    assert any("correction for 5 comparisons" in text.replace("\n", " ") for text, _ in shown)
    assert not any("swin" in text for text, _ in shown)
    study, records = networks(contrasts=CONTRASTS)
    assert [draw(key, study, make_rows(study, records)) for key in ("deltas", "costs", "stages", "ends")] == [None] * 4
    assert deltas(study, ()).axes


def test_every_format_is_written(tmp_path):
    study, records = networks(contrasts=CONTRASTS, references=(reference("stem-4", 73.26),))
    rows = make_rows(study, records)
    write_study(study, rows, (), tmp_path, FORMATS, figures=False)
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [(one["entry"], one["before"]) for one in found["contrasts"]] == list(CONTRASTS)
    assert [row["role"] for row in table_rows(study, rows)] == ["network", "network", "baseline", "baseline"]
    assert found["rungs"][0]["published_on"] == "CIFAR-10"
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<label for="rung">Entry</label>' in html
    assert "ImageNet" not in html
    assert "ImageNet" not in (tmp_path / "report.tex").read_text(encoding="utf-8")


def test_records_of_baselines_that_no_plan_holds_have_no_paper_beside_them():
    _, records = ladder_with_a_baseline()
    (study,) = group_records([record for record in records if record.entry.role == "baseline"])
    assert (study.published, study.entries[0].model) == ("", SWIN)


def test_a_course_goes_through_rungs_alone(tmp_path):
    study, records = ladder_with_a_baseline()
    assert [lesson.step for lesson in course_of(study, make_rows(study, records)).lessons][-1] == "patchify"
    study, records = networks()
    save_study(study, tmp_path)
    for record in records:
        save_record(record, tmp_path)
    with pytest.raises(ModernizeError, match="'networks' has no rungs"):
        study_course(tmp_path, "networks")


def test_a_study_reports_its_own_record_of_a_run_that_another_has_too():
    """Though the other's was trained by today's code: a study's folder stands by itself."""
    study = make_study(upto="base")
    (own,) = make_records(study)
    other = replace(own, study="another", sources=sources(), result=replace(own.result, metrics={"top1_percent": 1.0}))
    for records in ([own, other], [other, own]):
        assert make_rows(study, records)[0].records[0].study == study.name
