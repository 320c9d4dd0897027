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
from modernize.report.figures.style import LOOKS
from modernize.report.figures.themes import light_and_dark, short_ids
from modernize.report.rows import make_rows
from modernize.results.store import save_record, save_study

SVG = '<svg><g style="fill: {0}"><use xlink:href="#{1}"/></g><rect {2}/></svg>'


@pytest.fixture(scope="module")
def shown():
    study = make_study(seeds=(0, 1, 2), probes=True)
    return study, make_rows(study, make_records(study))


@pytest.mark.parametrize("key", FIGURES)
def test_every_figure_follows_the_page(shown, key):
    text = svg_text(draw(key, *shown), "k", dark=draw(key, *shown, theme="dark"))
    assert "background" not in text
    ET.fromstring(text)
    light, dark = LOOKS["light"], LOOKS["dark"]
    assert f"light-dark({light.page.lower()}, {dark.page.lower()})" in text
    assert f"light-dark({light.ink}, {dark.ink.lower()})" in text
    # The light drawing is in it as it was: browsers that do not know light-dark() show that.
    assert re.sub(r"; (fill|stroke): light-dark\([^)]*\)", "", text).count("light-dark") == 0


def test_diagrams_follow_the_page():
    rungs = ladder("resnet50")
    for before, after in pairwise(rungs):
        if before.spec.arch != after.spec.arch:
            light, dark = (change(before.spec, after.spec, theme=theme) for theme in ("light", "dark"))
            assert "light-dark(" in svg_text(light, "k", dark=dark), after.step
    light, dark = (network(rungs[0].spec, 224, theme=theme) for theme in ("light", "dark"))
    assert "light-dark(" in svg_text(light, "k", dark=dark)


def test_it_costs_little(shown):
    figures = [draw("ladder", *shown, theme=theme) for theme in ("light", "dark")]
    assert len(svg_text(figures[0], "k", dark=figures[1])) < 1.2 * len(svg_text(figures[0], "k"))


def test_a_drawing_for_one_theme_has_a_ground_of_its_own(shown):
    assert "background:#fff" in svg_text(draw("ladder", *shown), "k")
    assert "background:#fff" in svg_text(draw("ladder", *shown), "k", dark=draw("deltas", *shown, theme="dark"))


def test_colours_are_joined_where_they_differ():
    light, dark = SVG.format("#111111", "a", 'x="1" fill="#222222"'), SVG.format("#eeeeee", "a", 'x="1" fill="none"')
    joined = light_and_dark(light, dark)
    assert 'style="fill: #111111; fill: light-dark(#111111, #eeeeee)"' in joined
    assert '<rect style="fill: #222222; fill: light-dark(#222222, transparent)" x="1"/>' in joined


def test_black_text_that_is_white_in_the_dark():
    assert light_and_dark('<g id="a">', '<g style="fill: #ffffff" id="a">') == (
        '<g style="fill: #000000; fill: light-dark(#000000, #ffffff)" id="a">'
    )


@pytest.mark.parametrize(
    "other",
    [
        SVG.format("#111111", "a", 'x="2"'),
        SVG.format("#111111; opacity: 0.5", "a", 'x="1"'),
        SVG.format("#111111", "a", 'x="1"') + "<g/>",
        SVG.format("url(#b)", "a", 'x="1"'),
    ],
)
def test_what_differs_in_more_than_colours_is_not_joined(other):
    assert light_and_dark(SVG.format("#111111", "a", 'x="1"'), other) is None


def test_ids_do_not_depend_on_colours():
    one, other = (short_ids(f'<a id="{x}"/><b xlink:href="#{x}" clip-path="url(#{y})"/>', "k") for x, y in ("pq", "rs"))
    assert one == other == '<a id="k-0"/><b xlink:href="#k-0" clip-path="url(#k-1)"/>'


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
