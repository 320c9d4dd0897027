"""Measured or published: one colour and one shape for each, in every figure, slide, handout and page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a number comes from, and what it is shown with.

    Attributes:
        word: "measured" or "published".
        marker: matplotlib's name of the shape.
        glyph: The same shape as text.
        fill: Colour of areas and markers, on light and on dark pages.
        ink: Colour of text, on light and on dark pages: readable there (contrast above 4.5).
    """

    word: str
    marker: str
    glyph: str
    fill: tuple[str, str]
    ink: tuple[str, str]


# Okabe and Ito's blue and orange, darker where they are text; on dark pages as far apart in grey as on light ones.
MEASURED = Provenance(word="measured", marker="s", glyph="■", fill=("#0072B2", "#3FA0DC"), ink=("#0072B2", "#56B4E9"))
PUBLISHED = Provenance(word="published", marker="D", glyph="◆", fill=("#E69F00", "#FFC857"), ink=("#8A5F00", "#FFC857"))
