"""Why a small ladder may differ from the paper's: counted facts beside each other, and what its images look like."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from factories import make_records, make_study, report_text
from tiny_runs import tiny_data, tiny_request

from modernize.report import write_report
from modernize.report.rows import make_rows
from modernize.report.smaller import on_map
from modernize.run.run_study import run_study

HEADING = "## Why it may differ from the paper's"


def page(study):
    return report_text(study, make_rows(study, make_records(study)))


def test_a_small_ladder_says_what_is_smaller_and_the_papers_own_does_not():
    study = make_study(upto="patchify")
    text = page(study)
    assert HEADING in text
    (line,) = (line for line in text.splitlines() if line.startswith("| images that a run sees"))
    assert line.endswith("| 384,350,100 |")
    assert HEADING not in page(replace(study, image_size=224))


@pytest.mark.parametrize(("px", "kernel"), [(2, 7), (4, 7), (7, 7), (14, 3), (5, 1)])
def test_a_kernels_weights_on_the_map_are_those_that_meet_ones(px, kernel):
    padded = np.pad(np.ones((px, px)), kernel // 2)
    met = [padded[y : y + kernel, x : x + kernel].sum() for y, x in product(range(px), repeat=2)]
    assert on_map(px, kernel) == pytest.approx(sum(met) / (px * kernel) ** 2)


def test_a_report_shows_the_images_that_a_run_was_trained_on(tmp_path):
    tiny_data(tmp_path)
    result = run_study(tiny_request(tmp_path, upto="base", name="seen"))
    (sheet,) = (tmp_path / "out" / "results" / "seen").glob("samples-*.png")
    before = sheet.stat().st_mtime_ns
    run_study(tiny_request(tmp_path, upto="base", name="seen", seeds=2))
    assert sheet.stat().st_mtime_ns == before, "drawn once"
    report = write_report(tmp_path / "out" / "results", tmp_path / "reports", result.study.name)[0]
    assert "](samples.png)" in report.read_text() or 'src="samples.png"' in report.read_text()
    sheet.unlink()
    report = write_report(tmp_path / "out" / "results", tmp_path / "again", result.study.name)[0]
    assert "samples.png" not in report.read_text()
