"""Text of users and papers as LaTeX that means it, for pdfLaTeX as much as for LuaLaTeX."""

from __future__ import annotations

import re
import unicodedata

_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    # Two hyphens in a name are no dash.
    "--": "-{}-",
    "->": r"\ensuremath{\rightarrow}",
    "→": r"\ensuremath{\rightarrow}",
    "±": r"\ensuremath{\pm}",
    "−": r"\ensuremath{-}",  # noqa: RUF001 - a true minus, as reports print it
    "×": r"\ensuremath{\times}",  # noqa: RUF001 - a true times
    "·": r"\ensuremath{\cdot}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "≈": r"\ensuremath{\approx}",
    "µ": r"\ensuremath{\mu}",
    "°": r"\ensuremath{^\circ}",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "æ": r"\ae{}",
    "œ": r"\oe{}",
    "ł": r"\l{}",
    "–": "--",  # noqa: RUF001 - a true dash
    "—": "---",
    "…": r"\ldots{}",
    "‘": "`",  # noqa: RUF001 - true quotes
    "’": "'",  # noqa: RUF001
    "“": "``",
    "”": "''",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}
# The accents that every LaTeX encoding has: what is made of them and ASCII letters can be set as it stands.
_ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")
_ANY = re.compile("|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True))) + r"|[^\x20-\x7e]")
_QUOTED = re.compile(r'"([^"]*)"')


def escape_latex(text: str) -> str:
    r"""Make text mean itself in LaTeX; what its fonts may lack stands as a code point.

    Examples:
        >>> print(escape_latex("50 % of a_b & c -> d"))
        50 \% of a\_b \& c \ensuremath{\rightarrow} d
        >>> print(escape_latex("caf\u00e9 \u6570"))
        café \texttt{U+6570}
    """
    plain = unicodedata.normalize("NFC", " ".join(text.split()))
    return _ANY.sub(lambda found: _sign(found[0]), _QUOTED.sub("“\\1”", plain))


def one_line(text: str) -> str:
    """Keep a comment on its line."""
    return " ".join(text.split())


def _sign(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    parts = unicodedata.normalize("NFD", sign)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        return sign
    return "" if unicodedata.category(sign) in ("Cc", "Cf", "Mn") else rf"\texttt{{U+{ord(sign):04X}}}"
