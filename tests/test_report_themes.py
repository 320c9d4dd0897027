"""One drawing for light and dark pages: the colours of both themes, and nothing else changed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from browser import opened
from factories import make_records, make_study

from modernize.ladder import ladder
from modernize.report import write_report
from modernize.report.figures import FIGURES, change, draw, network, svg_text
from modernize.report.figures.look import LOOKS, follow_page, stand_in
from modernize.report.provenance import MEASURED, PUBLISHED
from modernize.report.rows import make_rows
from modernize.results.store import save_record, save_study

_PAIR = re.compile(r"(fill|stroke): (#[0-9a-f]{6}); \1: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


@pytest.fixture(scope="module")
def shown():
    study = make_study(seeds=(0, 1, 2), probes=True)
    return study, make_rows(study, make_records(study))


def as_seen(text, theme):
    """What is left of a drawing for a page in one theme, its ground aside."""
    seen = _PAIR.sub(r"\1: \3" if theme == "light" else r"\1: \4", text).replace(";background:#fff", "")
    # Black is what SVG takes where nothing is said.
    seen = seen.replace(' style="fill: #000000"', "").replace("fill: #000000; ", "")
    return re.sub(r'style="fill: (#[0-9a-f]{6})"', r'fill="\1"', seen)


# Drawn from what runs left, or of another kind of study.
_OF_FILES = ("credit", "samples", "pictures", "both")


@pytest.mark.parametrize(
    "key",
    [key for key in FIGURES if FIGURES[key].section != "predictions" and key not in _OF_FILES],
)
def test_every_figure_follows_the_page(shown, key):
    text = svg_text(draw(key, *shown, theme="page"), "k")
    assert "background" not in text
    ET.fromstring(text)
    light, dark = LOOKS["light"], LOOKS["dark"]
    assert f"light-dark({light.page.lower()}, {dark.page.lower()})" in text
    assert f"light-dark({light.ink}, {dark.ink.lower()})" in text
    # The light drawing is in it as it was: browsers that do not know light-dark() show that.
    for theme in ("light", "dark"):
        assert as_seen(text, theme) == as_seen(svg_text(draw(key, *shown, theme=theme), "k"), theme)
    assert "#fd" not in text


def test_diagrams_follow_the_page():
    rungs = ladder("resnet50")
    for before, after in pairwise(rungs):
        if before.spec.arch != after.spec.arch:
            assert "light-dark(" in svg_text(change(before.spec, after.spec, theme="page"), "k"), after.step
    assert "light-dark(" in svg_text(network(rungs[0].spec, 224, theme="page"), "k")


def test_it_costs_little(shown):
    page, light = (svg_text(draw("ladder", *shown, theme=theme), "k") for theme in ("page", "light"))
    assert len(page) < 1.35 * len(light)


def test_a_drawing_for_one_theme_has_a_ground_of_its_own(shown):
    assert "background:#fff" in svg_text(draw("ladder", *shown), "k")


def test_a_stand_in_becomes_the_colours_that_it_stands_for():
    one, other = stand_in("#111111", "#EEEEEE"), stand_in("#222222", "#dddddd")
    assert follow_page(f'<g style="fill: {one}; opacity: 0.5"><rect x="1" fill="{other}"/></g>') == (
        '<g style="fill: #111111; fill: light-dark(#111111, #eeeeee); opacity: 0.5">'
        '<rect x="1" style="fill: #222222; fill: light-dark(#222222, #dddddd)"/></g>'
    )
    assert follow_page('<g style="fill: #fd0fff">') == '<g style="fill: #fd0fff">', "a colour that stands for none"


def test_a_browser_shows_the_themes_own_colours(tmp_path):
    study = make_study(upto="patchify")
    save_study(study, tmp_path / "results")
    for record in make_records(study):
        save_record(record, tmp_path / "results")
    (path,) = write_report(tmp_path / "results", tmp_path / "reports", study.name, ("html",))
    ground = """() => { const svg = document.querySelector('.drawing svg');
        const page = svg.querySelector('path');
        return [getComputedStyle(page).fill, getComputedStyle(svg).filter] }"""
    for scheme, other in (("light", "dark"), ("dark", "light")):
        with opened(path, color_scheme=scheme) as page:
            assert page.evaluate(ground) == [rgb(LOOKS[scheme].page), "none"]
            page.click("#theme")
            assert page.evaluate(ground) == [rgb(LOOKS[other].page), "none"]
            page.emulate_media(media="print")
            assert page.evaluate(ground) == [rgb(LOOKS["light"].page), "none"]
            assert page.problems == []


def rgb(colour):
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_measured_and_published_differ_in_colour_grey_and_shape():
    for theme, ground in ((0, "#FFFFFF"), (1, "#15191E")):
        assert contrast(MEASURED.fill[theme], PUBLISHED.fill[theme]) > 1.3
        for one in (MEASURED, PUBLISHED):
            assert contrast(one.ink[theme], ground) > 4.5
    assert MEASURED.marker != PUBLISHED.marker
    assert MEASURED.glyph != PUBLISHED.glyph
    assert (LOOKS["light"].measured, LOOKS["light"].published) == (MEASURED.fill[0], PUBLISHED.fill[0])
