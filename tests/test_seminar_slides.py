"""The deck: what it holds, and that a browser shows it whole, offline, a slide a page."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from browser import opened
from factories import make_record, make_records, make_study, with_rung
from figure_texts import assert_readable, texts

from modernize.cli import main
from modernize.report.figures.concepts import CONCEPTS
from modernize.report.rows import make_rows
from modernize.results.store import save_record, save_study
from modernize.seminar.asked import QUESTIONS
from modernize.seminar.course import course_of, published_course
from modernize.seminar.deck import deck
from modernize.seminar.deck_page import slides_html
from modernize.seminar.mini import mini_ladder

ROOT = Path(__file__).parents[1]
HOSTILE = "<script>alert(1)</script>"


def studied(**options):
    study = make_study(probes=True, seeds=(0, 1, 2), **options)
    return course_of(study, make_rows(study, make_records(study)))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Decks of every kind, written once."""
    folder = tmp_path_factory.mktemp("decks")
    courses = {name: published_course(name) for name in ("resnet50", "resnet200")} | {"study": studied()}
    for name, course in courses.items():
        (folder / f"{name}.html").write_text(slides_html(course), encoding="utf-8")
    return folder


def kinds(course):
    return [slide.kind for slide in deck(course)]


def test_every_step_is_shown_asked_and_answered_in_turn():
    course = published_course("resnet50")
    slides = deck(course)
    of_steps = [slide for slide in slides if slide.kind in ("change", "vote")]
    assert [slide.kind for slide in of_steps] == ["change", "vote"] * 13
    assert [slide.lesson.step for slide in of_steps[::2]] == [lesson.step for lesson in course.steps]
    assert kinds(course)[:3] == ["title", "question", "rung"]
    assert kinds(course)[-6:] == ["probes", "figure", "points", "exercises", "points", "figure"]
    assert len({slide.id for slide in slides}) == len(slides)


def test_a_question_does_not_give_its_answer_away():
    html = slides_html(published_course("resnet50"))
    slides = {m[1]: m[2] for m in re.finditer(r'<div class="frame" id="([^"]*)">(.*?)<aside', html, re.DOTALL)}
    seen = re.sub(r'<(\w+) class="[^"]*\breveal\b[^"]*".*?</\1>', "", slides["depthwise-vote"], flags=re.DOTALL)
    assert "78.28" not in slides["depthwise-change"] + seen
    assert "Why" not in slides["depthwise-change"] + seen, "the reason gives the answer away"
    assert "79.51 ± 0.18" in seen
    assert '<span class="reveal">78.28 ± 0.08</span>' in slides["depthwise-vote"]
    assert "return spec.with_arch(spatial_conv=&#34;depthwise&#34;)" in slides["depthwise-change"]


def test_a_change_is_drawn_and_never_in_characters():
    html = slides_html(published_course("resnet50"))
    slides = {m[1]: m[2] for m in re.finditer(r'<div class="frame" id="([^"]*)">(.*?)<aside', html, re.DOTALL)}
    for step in CONCEPTS:
        assert '<div class="picture">' in slides[f"{step}-change"], step
    assert not re.search("[├└│]", re.sub(r"<script.*", "", html, flags=re.DOTALL))
    assert re.search('marked">d3.3, 64</span>', slides["depthwise-change"])
    assert 'marked">LN</span>' in slides["ln-change"]
    assert slides["fewer-acts-change"].count('marked">GELU</span>') == 2
    assert "patchify 4" not in slides["patchify-change"]


def test_the_recipe_is_shown_in_four_groups():
    html = slides_html(studied())
    recipe = re.search(r'id="recipe-change">(.*?)<aside', html, re.DOTALL)[1]
    assert "◆ published before" in recipe
    assert "■ as trained here" in recipe
    assert "recipe." not in recipe


def test_measured_and_published_ends_are_cards_of_their_own():
    html = slides_html(studied())
    question = re.search(r'id="question">(.*?)<aside', html, re.DOTALL)[1]
    cards = re.findall(r'<div class="card">(.*?)</div>', question, re.DOTALL)
    assert len(cards) == 4
    for card in cards:
        assert ("◆ published: " in card) != ("■ measured: " in card)
        assert ("mini" in card) == ("measured" in card), "76.13 % is no small network's"
        assert ("76.13" in card or "81.97" in card) == ("published" in card)
    assert "without EMA: the headline, with EMA, is 82.1 (arXiv:2201.03545 Table 1)" in question
    assert "without EMA: the headline, with EMA, is 83.8" in slides_html(published_course("resnet200"))


def test_where_we_are_is_drawn_without_telling_what_comes():
    course = published_course("resnet50")
    first, last = mini_ladder(course, 1), mini_ladder(course, 13)
    assert (len(first.ahead), len(last.ahead)) == (12, 0)
    assert (first.path.count("V"), last.path.count("V")) == (0, 12)
    loss = mini_ladder(course, 4)
    assert loss.now[3] > loss.now[2], "y grows downwards: depthwise loses"


def test_the_guides_questions_are_notes_of_their_slides():
    guide = " ".join((ROOT / "docs/instructor.md").read_text().split())
    slides = {slide.id: slide for slide in deck(published_course("resnet50"))}
    for name, questions in QUESTIONS.items():
        for question in questions:
            assert question.rstrip("?").lower() in guide.lower(), question
            assert f"Ask: {question}" in slides[name].notes


def test_a_study_stands_beside_the_paper():
    course = studied()
    html = slides_html(course)
    row = next(row for row in course.rows if row.step == "width")
    assert f"{row.value.mean:.2f}" in html
    assert "What this study shows" in html
    assert "measured: laptop-shapes, shapes at 32 px, 12 epochs, 3 seeds" in html


def test_what_the_paper_got_wrong_is_flagged():
    assert "Inconsistent in the source" in slides_html(published_course("resnet50"))


@pytest.mark.parametrize(
    "make", [partial(published_course, "resnet50"), partial(published_course, "resnet200"), studied]
)
def test_the_pictures_of_the_whole_ladder_are_readable_on_a_slide(make):
    course = make()
    figures = [slide.draw() for slide in deck(course) if slide.kind == "figure"]
    for figure in figures:
        assert_readable(figure)
        letters = min(text.get_fontsize() for axes in figure.axes for text in axes.texts if text.get_text())
        assert letters * 1152 / (72 * figure.get_figwidth()) >= 13, "pixels on a slide"
    shown = [text for text, _ in texts(figures[-1])]
    assert {lesson.step for lesson in course.steps} <= {*shown}, "the deck ends on the whole climb"


def test_missing_runs_and_foreign_steps_are_told():
    study = with_rung(make_study(upto="depthwise", seeds=(0, 1, 2)), "patchify", name="theirs", title="Theirs")
    study = with_rung(study, "depthwise", before="theirs")
    records = [r for r in make_records(study) if r.entry.name in ("base", "recipe", "depthwise")]
    html = slides_html(course_of(study, make_rows(study, records)))
    assert "Not measured: a run is missing" in html
    assert "No paper prints this change from this rung." in html
    assert 'id="theirs-vote"' in html


def test_no_slide_of_a_table_without_spreads_claims_a_test_or_a_spread():
    html = slides_html(published_course("resnet200"))
    text = re.sub(r"<(svg|style|script)\b.*?</\1>", "", html, flags=re.DOTALL)
    assert not re.search(r"Welch|Holm|n=3|3 runs|±|▲|▼|better|no clear change|significant|95 %", text)
    assert text.count("sign only, no spread printed") >= 13
    assert "prints neither a spread nor a number of runs" in text
    smaller = slides_html(published_course("resnet50"))
    assert "sign only, no spread printed; 76.13 is torchvision" in smaller


def test_names_are_text():
    study = replace(make_study(name=HOSTILE, upto="recipe", seeds=(0, 1)), data=HOSTILE)
    records = [make_record(study, r.name, s) for r in study.entries for s in study.seeds]
    html = slides_html(course_of(study, make_rows(study, records)))
    assert HOSTILE not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_same_course_gives_the_same_bytes():
    course = published_course("resnet50")
    assert slides_html(course) == slides_html(course)


def test_the_command_writes_a_deck_and_replaces_none_unasked(tmp_path, capsys):
    study = make_study(upto="recipe", seeds=(0, 1))
    save_study(study, tmp_path)
    for record in make_records(study):
        save_record(record, tmp_path)
    deck_file = tmp_path / "deck.html"
    line = ["slides", "--results", str(tmp_path), "--study", study.name, "--out", str(deck_file)]
    assert main(line) == 0
    assert capsys.readouterr().out == f"{deck_file}\n"
    assert "<!DOCTYPE html>" in deck_file.read_text()
    assert main(line) == 2
    assert "--replace" in capsys.readouterr().err
    assert main([*line, "--replace"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "resnet200", "study"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_every_slide_whole(name, scheme, files):
    with opened(files / f"{name}.html", color_scheme=scheme) as page:
        number = page.evaluate("document.querySelectorAll('.frame').length")
        assert number > 30
        seen = []
        for _ in range(number):
            facts = page.evaluate(
                """() => { document.querySelector('.frame.current').classList.add('revealed');
                const s = document.querySelector('.frame.current .slide');
                const foot = s.querySelector('footer').getBoundingClientRect().top;
                const inside = [...s.querySelectorAll('*:not(footer, footer *, svg *)')]
                  .map(e => e.getBoundingClientRect());
                return { id: s.parentNode.id, picture: !!s.querySelector('.whole svg'),
                  shown: document.querySelectorAll('.frame.current').length,
                  fits: s.scrollHeight <= s.clientHeight && s.scrollWidth <= s.clientWidth,
                  free: Math.max(...inside.map(r => r.bottom)) <= foot,
                  wide: Math.max(...inside.map(r => r.right)) <= 1280, text: s.innerText.length,
                  small: Math.min(...[...s.querySelectorAll('p, li, td, th, dd, pre, code, span, small')]
                    .map(e => parseFloat(getComputedStyle(e).fontSize))) }; }"""
            )
            assert facts["fits"], facts
            assert facts["free"], facts
            assert facts["wide"], facts
            assert facts["shown"] == 1
            assert facts["small"] >= 18, facts
            assert facts["text"] > 80 or facts["picture"]
            seen.append(facts["id"])
            page.keyboard.press("ArrowRight")
        assert len(set(seen)) == number
        assert page.problems == []


@pytest.mark.slow
def test_keys_pointer_and_touch_move_through_the_deck(files):
    with opened(files / "study.html", has_touch=True) as page:
        now = "document.querySelector('.frame.current').id"
        page.keyboard.press("ArrowRight")
        assert page.evaluate(now) == "question"
        assert page.url.endswith("#question")
        page.keyboard.press("End")
        assert page.evaluate(now) == "take-home"
        page.keyboard.press("ArrowRight")
        assert page.evaluate(now) == "take-home"
        page.keyboard.press("Home")
        page.mouse.click(1000, 300)
        page.mouse.click(1000, 300)
        page.mouse.click(100, 300)
        assert page.evaluate(now) == "question"
        swipe = """x => { for (const [kind, at] of [["touchstart", 900], ["touchend", 900 + x]]) dispatchEvent(
            new TouchEvent(kind, { changedTouches: [
              new Touch({ identifier: 1, target: document.body, clientX: at })] })) }"""
        page.evaluate(swipe, -200)
        assert page.evaluate(now) == "rung"
        page.evaluate(swipe, 200)
        assert page.evaluate(now) == "question"
        for key in "sn":
            page.keyboard.press(key)
            assert page.is_visible("#speaker") == (key == "s")
        page.keyboard.press("o")
        assert page.evaluate("[...document.querySelectorAll('.frame')].filter(f => f.offsetHeight).length") > 30
        page.locator("#recipe-vote").click()
        assert page.evaluate(now) == "recipe-vote"
        assert page.evaluate("document.querySelector('#progress i').offsetWidth") > 0
        assert page.problems == []


@pytest.mark.slow
def test_the_answer_stands_behind_its_vote(files):
    with opened(files / "study.html") as page:
        page.goto(page.url.split("#")[0] + "#width-vote")
        now = "document.querySelector('.frame.current').id"
        shown = """[...document.querySelectorAll('.frame.current .reveal')]
            .filter(e => getComputedStyle(e).visibility == 'visible').length"""
        assert page.evaluate(shown) == 0
        page.keyboard.press("ArrowRight")
        assert (page.evaluate(now), page.evaluate(shown) > 5) == ("width-vote", True)
        page.keyboard.press("ArrowLeft")
        assert (page.evaluate(now), page.evaluate(shown)) == ("width-vote", 0)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert page.evaluate(now) == "inverted-change"
        assert page.problems == []


@pytest.mark.slow
def test_notes_open_in_a_window_of_their_own_and_follow(files):
    with opened(files / "resnet50.html") as page:
        page.goto(page.url.split("#")[0] + "#depthwise-vote")
        with page.expect_popup() as opening:
            page.keyboard.press("w")
        notes = opening.value
        assert "was it a mistake?" in notes.inner_text("body")
        assert "Next key: the answer." in notes.inner_text("body")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert "Wider network" in notes.inner_text("h1")
        assert page.problems == []


@pytest.mark.slow
def test_notes_are_seen_beside_a_slide_that_still_fits(files):
    with opened(files / "study.html") as page:
        page.keyboard.press("s")
        page.goto(page.url.split("#")[0] + "#depthwise-vote")
        text = page.inner_text("#speaker")
        assert "Watch:" in text
        bottom = page.evaluate("document.querySelector('.frame.current .slide').getBoundingClientRect().bottom")
        assert bottom <= page.evaluate("document.getElementById('speaker').getBoundingClientRect().top") + 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "study"])
def test_it_prints_a_slide_a_page(name, files):
    with opened(files / f"{name}.html") as page:
        number = page.evaluate("document.querySelectorAll('.frame').length")
        pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == number
    assert re.search(rb"/MediaBox\s*\[0 0 960 540\]", pdf)
