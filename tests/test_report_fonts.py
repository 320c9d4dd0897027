"""Names in any script: drawn where a font has them, else written as code points, never as boxes."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from factories import DATA, make_records, make_study, with_rung
from figure_texts import assert_readable, texts
from matplotlib.font_manager import fontManager

from modernize.report.figures import draw, figure_bytes, fonts
from modernize.report.figures.fonts import HOUSE_FONT, columns, drawable, families
from modernize.report.figures.style import shortened
from modernize.report.rows import make_rows

# No font of text has it: a private use character.
NOBODY = "\U000f1234"


def study_in_another_script():
    name = f"图像 😀 {NOBODY}"
    study = replace(make_study(upto="depthwise"), data=name)
    study = with_rung(study, "depthwise", name=f"深度 {NOBODY}", title="Mine")
    return study, make_rows(study, make_records(study, data=replace(DATA, name=name)))


@pytest.mark.parametrize("key", ["ladder", "deltas", "path", "metric", "costs", "ends"])
def test_no_character_is_drawn_as_a_box(key):
    """Matplotlib warns of each glyph that is missing, and warnings are errors."""
    figure = draw(key, *study_in_another_script())
    assert figure_bytes(figure, "png")
    assert figure_bytes(figure, "svg")
    assert_readable(figure)
    assert NOBODY not in "".join(text for text, _ in texts(figure))


def test_what_no_font_has_is_a_code_point():
    assert drawable(f"a {NOBODY}b") == "a U+F1234b"
    assert drawable("plain, café, Ωμ → ±") == "plain, café, Ωμ → ±"
    assert drawable("a\x07b") == "ab"


def test_two_names_that_no_font_has_stay_two():
    assert drawable("\U000f1234") != drawable("\U000f1235")


def test_a_wide_character_counts_as_two():
    assert columns("ab数据") == 6
    assert shortened("x" * 20, 10) == "xxxxxxx..."
    assert columns(shortened("数" * 20, 10)) <= 10


def test_latin_text_is_drawn_alike_wherever_other_fonts_are_installed():
    assert families()[0] == HOUSE_FONT
    assert set(families()) <= set(fontManager.get_font_names())


def test_a_font_without_bold_serves_without_a_word(monkeypatch, caplog):
    """One that is installed in a single weight, as those of other scripts often are."""
    monkeypatch.setattr(fonts, "_OTHERS", ("DejaVu Sans Display",))
    families.cache_clear()
    try:
        assert families() == [HOUSE_FONT, "DejaVu Sans Display"]
        with caplog.at_level(logging.WARNING):
            figure_bytes(draw("ladder", *study_in_another_script()), "png")
        assert caplog.records == []
    finally:
        families.cache_clear()
