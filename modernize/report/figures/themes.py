"""One SVG for light and dark pages: the same drawing, each colour beside its counterpart."""

from __future__ import annotations

import re

_TAGS = re.compile(r"(<[^>]*>)")
_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_COLOUR = re.compile(r"#[0-9a-f]{6}|none")
_ID = re.compile(r'(\bid="|\bxlink:href="#|\burl\(#)([^")]+)')
_PAINTS = ("fill", "stroke")
# What SVG takes where nothing is said; matplotlib says nothing of black text.
_UNSAID = {"fill": "#000000", "stroke": "none"}


def short_ids(svg: str, key: str) -> str:
    """Number the ids of a drawing in the order in which they occur, behind a key: matplotlib's depend on colours."""
    numbers: dict[str, int] = {}
    return _ID.sub(lambda found: f"{found[1]}{key}-{numbers.setdefault(found[2], len(numbers))}", svg)


def light_and_dark(light: str, dark: str) -> str | None:
    """Join two drawings that differ in colours alone.

    Args:
        light: SVG, its ids numbered.
        dark: The same in the other theme.

    Returns:
        SVG whose colours follow the CSS property color-scheme, light where a browser does not know light-dark();
        None if the two differ in more than colours.
    """
    pieces, others = _TAGS.split(light), _TAGS.split(dark)
    if len(pieces) != len(others):
        return None
    joined = [one if one == other else _join(one, other) for one, other in zip(pieces, others, strict=True)]
    return None if None in joined else "".join(piece for piece in joined if piece is not None)


def _join(tag: str, other: str) -> str | None:
    """Join two tags; None if they differ in more than colours."""
    if _bare(tag) != _bare(other):
        return None
    attributes = [dict(_ATTRIBUTE.findall(text)) for text in (tag, other)]
    styles = [_style(found.pop("style", "")) | _painted(found) for found in attributes]
    if attributes[0] != attributes[1]:
        return None
    declared = []
    for name in dict.fromkeys((*styles[0], *styles[1])):
        a, b = (style.get(name, _UNSAID.get(name, "")) for style in styles)
        if a == b:
            declared.append(f"{name}: {a}")
        elif name in _PAINTS and _COLOUR.fullmatch(a) and _COLOUR.fullmatch(b):
            # No paint is no colour to CSS.
            pair = ", ".join(colour.replace("none", "transparent") for colour in (a, b))
            declared.append(f"{name}: {a}; {name}: light-dark({pair})")
        else:
            return None
    words = "".join(f' {name}="{value}"' for name, value in attributes[0].items())
    return f'<{_bare(tag)} style="{"; ".join(declared)}"{words}{"/" if tag.endswith("/>") else ""}>'


def _bare(tag: str) -> str:
    """Return the name of an element; the whole of what is no tag."""
    found = re.match(r"<([\w:]+)", tag)
    return found[1] if found else tag


def _style(text: str) -> dict[str, str]:
    return {
        name.strip(): value.strip()
        for name, _, value in (part.partition(":") for part in text.split(";"))
        if name.strip()
    }


def _painted(attributes: dict[str, str]) -> dict[str, str]:
    """Take the colours out of attributes: only as a style may they depend on the page."""
    return {name: attributes.pop(name) for name in _PAINTS if name in attributes}
