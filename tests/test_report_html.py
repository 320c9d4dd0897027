"""The HTML report in a real browser, and what it does to names that are code."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from factories import DATA, make_record, make_records, make_study, with_rung

from modernize.report import write_report
from modernize.results.store import save_record, save_study

CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


def html_report(folder, study, records, **options):
    save_study(study, folder / "results")
    for record in records:
        save_record(record, folder / "results")
    (path,) = write_report(folder / "results", folder / "reports", study.name, ("html",), **options)
    return path


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser, path, **options):
    """Open a file; whatever it says on the console or asks for outside itself is a failure."""
    context = browser.new_context(**options)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def first_cells(page):
    return page.eval_on_selector_all("#table-rungs tbody th", "cells => cells.map(cell => cell.textContent)")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    study = make_study(seeds=(0, 1, 2), probes=True)
    records = [r for r in make_records(study) if r.entry.name != "kernel-11"]
    records = [
        make_record(study, "width", r.seed, status="diverged") if r.entry.name == "width" else r for r in records
    ]
    return html_report(tmp_path_factory.mktemp("html"), study, records)


def test_tables_sort_by_value_and_gaps_stay_last(chromium, report):
    with opened(chromium, report) as page:
        ladder = first_cells(page)
        assert ladder[0] == "base"
        head = page.locator("#table-rungs thead th").nth(2)
        values = "#table-rungs tbody tr td:nth-child(3)"
        for direction in ("ascending", "descending"):
            head.locator("button").click()
            assert head.get_attribute("aria-sort") == direction
            texts = page.eval_on_selector_all(values, "cells => cells.map(cell => cell.textContent)")
            numbers = [float(text.split()[0]) for text in texts if text != "-"]
            assert numbers == sorted(numbers, reverse=direction == "descending")
            assert texts[-2:] == ["-", "-"]
        page.locator("#table-rungs thead th button").first.click()
        assert first_cells(page) == ladder


def test_the_picker_shows_one_rung_with_its_numbers_first_then_changes_diagram_and_curves(chromium, report):
    with opened(chromium, report) as page:
        assert page.locator(".panel:visible").count() == 0, "the whole study, until a rung is picked"
        page.locator("#rung").select_option(label="depthwise: Depthwise convolution")
        panel = page.locator(".panel:visible")
        assert panel.get_attribute("id") == "rung-depthwise"
        assert panel.locator("h4").all_inner_texts() == [
            "Numbers and their sources",
            "Spec, from patchify to depthwise",
            "Network",
            "Training",
        ]
        assert panel.locator("ins").all_inner_texts() == ["depthwise"]
        assert panel.locator("svg > title").first.text_content().startswith("Network before and after depthwise")
        panel.locator("summary").click()
        assert "* │ d3x3" in panel.locator("pre").inner_text()
        assert panel.locator(".chart").count() == 2
        assert re.fullmatch(
            r"epoch 12: [\d.]+ \([\d.]+ to [\d.]+\), before [\d.]+", panel.locator("output").first.inner_text()
        )
        page.locator("#rung").press("ArrowDown")
        assert page.locator(".panel:visible").get_attribute("id") == "rung-width"
        assert page.locator(".panel:visible .chart").count() == 0, "no run of it finished"
        page.locator("#back").click()
        page.locator("#table-rungs a", has_text="fewer-acts").first.click()
        assert page.locator(".panel:visible").get_attribute("id") == "rung-fewer-acts"
        assert page.locator("#rung").input_value() == "rung-fewer-acts"


def test_the_picked_rung_is_in_the_address_and_stands_above_the_figures(chromium, report):
    with opened(chromium, report) as page:
        assert page.locator("#picker").bounding_box()["y"] < page.locator("main > figure").first.bounding_box()["y"]
        page.locator("#on").click()
        page.locator("#on").click()
        assert page.url.endswith("#rung-recipe")
        page.go_back()
        assert page.locator(".panel:visible").get_attribute("id") == "rung-base"
        page.goto(f"{report.as_uri()}#rung-ln")
        page.reload()
        assert page.locator(".panel:visible").get_attribute("id") == "rung-ln"
        assert page.locator("#rung").input_value() == "rung-ln"
        page.locator("nav a").last.click()
        assert page.locator(".panel:visible").count() == 1, "it stays where a link leads elsewhere"
        page.locator("#rung").select_option(index=0)
        assert page.locator(".panel:visible").count() == 0


def test_without_a_script_a_link_still_shows_its_rung(chromium, report):
    with opened(chromium, report, java_script_enabled=False) as page:
        page.locator("#table-rungs a", has_text="fewer-acts").first.click()
        assert page.locator(".panel:visible").count() == 1


def test_the_step_stays_in_sight_and_its_delta_comes_second(chromium, report):
    with opened(chromium, report, viewport={"width": 390, "height": 800}) as page:
        assert page.locator("#table-rungs thead th").nth(1).inner_text().startswith("delta measured")
        cell, far = (
            page.locator("#table-rungs tbody th").nth(3),
            page.locator("#table-rungs tbody tr").nth(3).locator("td"),
        )
        before = cell.bounding_box()
        far.last.scroll_into_view_if_needed()
        assert page.evaluate("() => document.querySelector('#table-rungs').parentElement.scrollLeft") > 0
        assert cell.bounding_box()["x"] == before["x"]


def test_the_text_of_figures_is_text(chromium, report):
    with opened(chromium, report) as page:
        labels = page.locator("figure.drawing svg text")
        assert labels.count() > 200
        page.evaluate("() => window.find('ResNeXt-ify')")
        assert page.evaluate("() => getSelection().anchorNode.parentNode.closest('svg') !== null")


def test_values_say_where_they_come_from_to_mouse_and_keyboard(chromium, report):
    with opened(chromium, report) as page:
        row = page.locator("#table-rungs tbody tr").nth(1)
        row.locator("td").nth(1).hover()
        assert re.match(
            r"Measured: mean of the last epochs of 3 runs, records \w{8} \(seed 0\)", page.inner_text("#tip")
        )
        row.locator("td").nth(3).hover()
        assert "arXiv:2201.03545 Table 10, row 'ResNet-50 (enhanced recipe)'" in page.inner_text("#tip")
        page.locator("#table-rungs tbody th").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert "Measured: mean" in page.inner_text("#tip")
        page.keyboard.press("Escape")
        assert not page.locator("#tip").is_visible()


def test_a_curve_is_read_under_the_pointer(chromium, report):
    with opened(chromium, report) as page:
        page.locator("#on").click()
        chart = page.locator(".panel:visible .chart").first
        before = chart.locator("output").inner_text()
        chart.locator("svg").hover(position={"x": 60, "y": 40})
        assert re.match(r"epoch [1-9]: [\d.]+ \([\d.]+ to [\d.]+\)", chart.locator("output").inner_text())
        page.locator("h1").hover()
        assert chart.locator("output").inner_text() == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_colours_follow_the_system_and_the_button_and_nothing_runs_off_the_side(chromium, report, scheme, width):
    with opened(chromium, report, color_scheme=scheme, viewport={"width": width, "height": 800}) as page:
        background = "() => getComputedStyle(document.body).backgroundColor"
        before = page.evaluate(background)
        assert (before == "rgb(255, 255, 255)") == (scheme == "light")
        page.locator("#theme").click()
        assert (page.evaluate(background) == "rgb(255, 255, 255)") == (scheme == "dark")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_print_shows_every_rung_on_white(chromium, report):
    with opened(chromium, report, color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert page.locator(".panel:visible").count() == page.locator(".panel").count() == 17
        assert not page.locator("#picker").is_visible()
        assert page.evaluate("() => getComputedStyle(document.body).color") == "rgb(28, 28, 28)"
        tops = page.eval_on_selector_all(".panel", "panels => panels.map(p => getComputedStyle(p).breakBefore)")
        assert set(tops) == {"page"}
        page.set_viewport_size({"width": 718, "height": 1046})  # A4 within the browser's margins
        high = page.eval_on_selector_all(".panel", "panels => panels.map(p => p.getBoundingClientRect().height)")
        assert max(high) <= 1046, "a rung a page"


EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def evil(folder):
    study = replace(make_study(upto="stage-ratio", seeds=(0, 1)), data=EVIL, name="x")
    study = with_rung(study, "recipe", title=EVIL, changes=(f"a: {EVIL} -> b",))
    records = make_records(study, data=replace(DATA, name=EVIL, note=EVIL), commit=EVIL)
    return html_report(folder, study, records, figures=False)


def test_a_name_that_is_code_is_shown_as_text(tmp_path):
    text = evil(tmp_path).read_text()
    assert text.count("<script") == text.count("</script>") == 1
    assert "<img" not in text
    assert text.count("&lt;script&gt;alert(1)") > 5


def test_a_name_that_is_code_does_not_run(chromium, tmp_path):
    path = evil(tmp_path)
    with opened(chromium, path) as page:
        assert EVIL in page.inner_text("h1")
        assert page.locator(".panel").count() == 3


class Outline(HTMLParser):
    def __init__(self):
        super().__init__()
        self.levels, self.ids, self.unlabelled, self.waits_for_title = [], [], [], False

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.ids += [named["id"]] if "id" in named else []
        if self.waits_for_title and tag != "title":
            self.unlabelled.append(tag)
        self.waits_for_title = named.get("role") == "img" and not named.get("aria-label")


def test_headings_images_and_ids_are_in_order(report):
    outline = Outline()
    outline.feed(report.read_text())
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(outline.levels, outline.levels[1:], strict=False))
    assert outline.unlabelled == []
    # Inside a drawing only clip paths are referred to, and each drawing's ids start with its own key.
    own = [name for name in outline.ids if not name.startswith(("figure-", "change-", "curve-"))]
    assert len(own) == len(set(own))


def test_every_figure_stands_in_the_page_and_names_itself(report):
    text = report.read_text()
    drawings = re.findall(r'<figure class="drawing".*?<svg[^>]*>(?:<title>(.+?)</title>)?', text, re.DOTALL)
    assert len(drawings) >= 8 + 13
    assert all(drawings)


def test_everything_is_inside_and_links_lead_somewhere(report):
    text = report.read_text()
    assert not re.search(r"(src|href)=.?(https?:)?//", text)
    ids = set(re.findall(r' id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= ids
    epochs = re.search(r'<svg[^>]* data-epochs="([^"]+)"[^>]*><title>test top-1, % of depthwise by epoch', text)[1]
    assert len(json.loads(unescape(epochs))) == 12
    assert "diverged" in text
    assert "missing" in text


def test_fourteen_rungs_of_ten_seeds_take_less_than_two_megabytes(tmp_path):
    study = make_study(seeds=tuple(range(10)))
    assert len(study.entries) == 14
    assert html_report(tmp_path, study, make_records(study)).stat().st_size < 2_000_000


def test_the_same_records_give_the_same_file(tmp_path):
    study = make_study(upto="patchify", seeds=(0, 1))
    one, other = (html_report(tmp_path / name, study, make_records(study)) for name in "ab")
    assert one.read_bytes() == other.read_bytes()
