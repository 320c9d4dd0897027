"""From a figure to bytes that repeat: the same figure gives the same file."""

from __future__ import annotations

import io
import re
from html import escape
from typing import Any, Literal

from matplotlib.figure import Figure

from modernize.report.figures.style import house_style
from modernize.report.figures.themes import light_and_dark, short_ids

Format = Literal["png", "svg"]

_HEAD = re.compile(r"\A.*?<svg[^>]*?viewBox=\"(?P<box>[^\"]*)\"[^>]*>", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
# Matplotlib's own style sheet: inside a page it would hold for every drawing there.
_SHEET = re.compile(r"\s*<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>")
_KEY = re.compile(r"[A-Za-z][\w-]*")


def figure_bytes(figure: Figure, suffix: Format, salt: str = "modernize") -> bytes:
    """Give a figure as a file without date and version.

    Args:
        figure: Any figure.
        suffix: "png" or "svg".
        salt: Decides the ids inside an SVG.
    """
    metadata: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}[suffix]
    out = io.BytesIO()
    with house_style():
        import matplotlib as mpl

        with mpl.rc_context({"svg.hashsalt": salt}):
            figure.savefig(out, format=suffix, metadata=metadata)
    return out.getvalue()


def svg_text(figure: Figure, key: str, title: str = "", dark: Figure | None = None) -> str:
    """Give a figure as an SVG element to stand inside an HTML page.

    It scales with its container (only the viewBox is set), refers to nothing outside and styles nothing but itself.

    Args:
        figure: Any figure.
        key: A letter, then letters, digits, "_" and "-"; unique in the page. All ids in the element start with it.
        title: What the figure shows, for those who do not see it.
        dark: The same in the dark theme: the element's colours then follow the page's color-scheme. Without it the
            element has a ground of its own, for pages that may be dark.

    Raises:
        ValueError: If `key` cannot start an id.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"an SVG's key should be a letter, then letters, digits, _ and -, not {key!r}")
    text = _element(figure, key)
    joined = light_and_dark(text, _element(dark, key)) if dark else None
    # Two drawings that cannot be joined stand as the first, readable on any page.
    ground = "" if joined else ";background:#fff"
    words = f"<title>{escape(title)}</title>" if title else ""
    label = 'role="img"' if title else 'aria-hidden="true"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {label} '
        rf'viewBox="\g<box>" style="stroke-linejoin:round;stroke-linecap:butt{ground}">'
    )
    return _HEAD.sub(lambda match: match.expand(head) + words, joined or text, count=1).strip()


def _element(figure: Figure, key: str) -> str:
    text = figure_bytes(figure, "svg", key).decode()
    return short_ids(_SHEET.sub("", _METADATA.sub("", text), count=1), key)
