"""Which fonts figures are drawn with, and what stands for a character that none of them has."""

from __future__ import annotations

import unicodedata
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

# It comes with matplotlib: Latin, Greek and Cyrillic text looks the same everywhere.
HOUSE_FONT = "DejaVu Sans"
# Tried for other characters, where they are installed. Fonts of coloured emoji cannot be drawn.
_OTHERS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Noto Sans JP",
    "Noto Sans KR",
    "Source Han Sans",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "PingFang HK",
    "Hiragino Sans",
    "Hiragino Sans GB",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Arial Unicode MS",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans Symbols",
    "Noto Sans Symbols 2",
    "Noto Emoji",
    "Segoe UI Symbol",
    "Segoe UI Emoji",
)


@cache
def families() -> list[str]:
    """Name the fonts to draw with, the house font first; matplotlib takes each character from the first that has it."""
    installed = set(fontManager.get_font_names())
    return [HOUSE_FONT, *(name for name in _OTHERS if name in installed)]


def drawable(text: str) -> str:
    r"""Put a code point in place of each character that no font has; what has no shape of its own is left out.

    Examples:
        >>> drawable("caf\u00e9 \U000f0000")
        'café U+F0000'
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_drawable, text))


def columns(text: str) -> int:
    """Count how wide text is, in letters: a Chinese, Japanese or Korean character is as wide as two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


@cache
def _drawable(sign: str) -> str:
    if _has_glyph(sign):
        return sign
    # Joiners, selectors, marks on letters, control characters.
    return "" if unicodedata.category(sign) in ("Cc", "Cf", "Mn") else f"U+{ord(sign):04X}"


def _has_glyph(sign: str) -> bool:
    """Whether some font has a character, as text and in bold."""
    return all(
        any(
            get_font(findfont(FontProperties(family=name, weight=weight))).get_char_index(ord(sign))
            for name in families()
        )
        for weight in ("normal", "bold")
    )
