"""Every page in a real browser: at a phone's, a tablet's and a desk's width, dark, light and printed."""

from __future__ import annotations

import json

import pytest
from browser import opened
from factories import make_records, make_study

from modernize.report import write_report
from modernize.report.rows import make_rows
from modernize.results.store import save_record, save_study
from modernize.seminar.course import course_of
from modernize.seminar.deck_page import slides_html
from modernize.seminar.handout import answers_html, handout_html

WIDTHS = (390, 768, 1280)
PAGES = ("report", "slides", "handout", "answers")
# A page of its own is no part of a site: what is outside its landmarks is a sheet of paper, or the deck's controls.
NOT_ASKED = {"region"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    study = make_study(upto="patchify", seeds=(0, 1, 2))
    records = make_records(study)
    save_study(study, folder / "results")
    for record in records:
        save_record(record, folder / "results")
    (report,) = write_report(folder / "results", folder, study.name, ("html",))
    course = course_of(study, make_rows(study, records))
    found = {"report": report}
    for name, make in (("slides", slides_html), ("handout", handout_html), ("answers", answers_html)):
        found[name] = folder / f"{name}.html"
        found[name].write_text(make(course), encoding="utf-8")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_every_width_and_asks_for_nothing(name, pages):
    with opened(pages[name]) as page:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert page.evaluate("() => document.documentElement.scrollWidth") <= width, (width, scheme)
        assert page.problems == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_to_complain_of(name, pages):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    with opened(pages[name]) as page:
        if name == "report":
            page.locator("#on").click()
        for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)
            found = axe.Axe().run(page).response["violations"]
            told = [(one["id"], [node["html"][:200] for node in one["nodes"]][:5]) for one in found]
            assert [one for one in told if one[0] not in NOT_ASKED] == [], (width, scheme, json.dumps(told, indent=1))
