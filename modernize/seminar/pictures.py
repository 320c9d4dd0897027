"""The block diagrams of a deck as SVG elements."""

from __future__ import annotations

from collections.abc import Iterable

from modernize.diagram import block_diagram
from modernize.report.figures.blocks import blocks_side_by_side
from modernize.report.figures.output import svg_text
from modernize.seminar.slide import Slide


def pictures(slides: Iterable[Slide]) -> dict[str, str]:
    """Draw each step that changes the block.

    Returns:
        SVG elements by slide id. A step that changes other parts has none: its slide shows them in text.
    """
    drawn = {}
    for number, slide in enumerate(slides):
        lesson = slide.lesson
        if slide.kind != "change" or not slide.facts["beside"] or not lesson:
            continue
        before, after = lesson.spec_before, lesson.spec
        if before and after and block_diagram(before) != block_diagram(after):
            picture = blocks_side_by_side(before, after, titles=(lesson.before, lesson.step), theme="page")
            drawn[slide.id] = svg_text(picture, f"picture-{number}", f"The block before and after {lesson.step}")
    return drawn
