"""From a figure to bytes that repeat: the same figure gives the same file."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from html import escape
from types import MappingProxyType
from typing import Any, Literal

from matplotlib.figure import Figure

from modernize.report.figures.look import follow_page
from modernize.report.figures.style import house_style

Format = Literal["png", "svg"]
FORMATS: tuple[Format, ...] = ("png", "svg")

_MOST_COLOURS = 1 << 13
_DECIMALS = 5  # of a figure's width or height
_HEAD = re.compile(r"\A.*?<svg[^>]*?viewBox=\"(?P<box>[^\"]*)\"[^>]*>", re.DOTALL)
# What a page needs none of: among the comments are all texts, also those that look like code.
_METADATA = re.compile(r"\s*(?:<metadata>.*?</metadata>|<!--.*?-->)", re.DOTALL)
# Matplotlib's own style sheet: inside a page it would hold for every drawing there.
_SHEET = re.compile(r"\s*<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>")
# At every text all the fonts that this machine has; a page says it once, and its reader's browser has its own.
_FAMILIES = re.compile(r"font-family: [^;\"]*;? ?")
_FONT = "font-family:'DejaVu Sans',Verdana,sans-serif"
_BETWEEN = re.compile(r">\s+<")
# Of an element: finer than a hundredth of a pixel nothing is seen.
_ELEMENT = re.compile(r"<[^>]+>")
_FRACTION = re.compile(r"\b\d+\.\d{3,}")
_ID = re.compile(r'(\bid="|\bxlink:href="#|\burl\(#)([^")]+)')
_KEY = re.compile(r"[A-Za-z][\w-]*")


def figure_bytes(figure: Figure, suffix: Format, salt: str = "modernize", *, words: bool = False) -> bytes:
    """Give a figure as a file without date and version.

    Args:
        figure: Any figure.
        suffix: "png" or "svg".
        salt: Decides the ids inside an SVG.
        words: Whether the text of an SVG stays text, to be found and copied, in a font of the reader's; else it is
            drawn, and looks alike everywhere.
    """
    _hold(figure)
    metadata: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}[suffix]
    out = io.BytesIO()
    with house_style():
        import matplotlib as mpl

        with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "none" if words else "path"}):
            figure.savefig(out, format=suffix, metadata=metadata)
    return _in_fewer_bytes(out) if suffix == "png" else out.getvalue()


def _hold(figure: Figure) -> None:
    """Lay a figure out once, and round where its axes stand: the solver's last digits differ from run to run."""
    with house_style():
        if figure.get_layout_engine():
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
    for axes in figure.axes:
        if axes.get_axes_locator() is None:
            box = axes.get_position(original=True)
            left, bottom, width, height = (round(number, _DECIMALS) for number in box.bounds)
            axes.set_position((left, bottom, width, height))


def _in_fewer_bytes(png: io.BytesIO) -> bytes:
    """Give a drawing a palette: to a third of its bytes. Photographs have more colours and stay as they are."""
    from PIL import Image

    image = Image.open(png).convert("RGB")
    if image.getcolors(_MOST_COLOURS) is None:
        return png.getvalue()
    small = io.BytesIO()
    image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()


def svg_text(figure: Figure, key: str, title: str = "", data: Mapping[str, str] = MappingProxyType({})) -> str:
    """Give a figure as an SVG element to stand inside an HTML page.

    It scales with its container (only the viewBox is set), refers to nothing outside and styles nothing but itself. Its
    text is text.

    Args:
        figure: Any figure. One drawn in the theme "page" follows the page's color-scheme; another has a ground of its
            own, for pages that may be dark.
        key: A letter, then letters, digits, "_" and "-"; unique in the page. All ids in the element start with it.
        title: What the figure shows, for those who do not see it.
        data: Of the element's data attributes, for a page's script.

    Raises:
        ValueError: If `key` cannot start an id.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"an SVG's key should be a letter, then letters, digits, _ and -, not {key!r}")
    text = _SHEET.sub("", _METADATA.sub("", figure_bytes(figure, "svg", key, words=True).decode()), count=1)
    text = _short_ids(_ELEMENT.sub(_in_fewer_letters, _FAMILIES.sub("", _BETWEEN.sub("><", text))), key)
    followed = follow_page(text)
    ground = ";background:#fff" if followed == text else ""
    words = f"<title>{escape(title)}</title>" if title else ""
    label = 'role="img"' if title else 'aria-hidden="true"'
    label += "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())

    def head(found: re.Match[str]) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {label} '
            f'viewBox="{found["box"]}" style="stroke-linejoin:round;stroke-linecap:butt;{_FONT}{ground}">{words}'
        )

    return _HEAD.sub(head, followed, count=1).strip()


def _in_fewer_letters(element: re.Match[str]) -> str:
    return " ".join(_FRACTION.sub(lambda number: f"{float(number[0]):.2f}", element[0]).split())


def _short_ids(svg: str, key: str) -> str:
    """Number the ids that a drawing refers to in the order in which they occur, behind a key; the others go."""
    numbers: dict[str, int] = {}
    used = {found[2] for found in _ID.finditer(svg) if not found[1].startswith("id")}

    def short(found: re.Match[str]) -> str:
        return f"{found[1]}{key}-{numbers.setdefault(found[2], len(numbers))}"

    return _ID.sub(short, re.sub(r' id="([^"]+)"', lambda found: found[0] * (found[1] in used), svg))
