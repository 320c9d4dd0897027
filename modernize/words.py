"""Numbers in words: units, plurals, signs and times, for the command line and for reports alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

NONE = "-"
"""Where there is no number."""


def noun(number: float, singular: str) -> str:
    """Give a noun as it stands beside a number.

    Examples:
        >>> noun(1, "seed"), noun(0.5, "epoch")
        ('seed', 'epochs')
    """
    return singular if number == 1 else f"{singular}s"


def plural(number: float, singular: str) -> str:
    """Count a noun.

    Examples:
        >>> plural(1, "run"), plural(1200, "run"), plural(2.8000000000000003, "epoch")
        ('1 run', '1,200 runs', '2.8 epochs')
    """
    return f"{number:,} {noun(number, singular)}" if isinstance(number, int) else f"{number:g} {noun(number, singular)}"


def listed(names: Iterable[str]) -> str:
    """Join names to a phrase.

    Examples:
        >>> listed(["a", "b", "c"])
        'a, b and c'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def spans(numbers: Iterable[int]) -> str:
    """Write whole numbers, sorted, in short.

    Examples:
        >>> spans((0, 1, 2, 5))
        '0-2,5'
    """
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in found)


def images_per_second(rate: float) -> str:
    """Give a speed.

    Examples:
        >>> images_per_second(0.9), images_per_second(1234.5)
        ('1 image/s', '1,234 images/s')
    """
    return f"{plural(round(rate), 'image')}/s"


def duration(seconds: float) -> str:
    """Round a time to what matters of it.

    Examples:
        >>> duration(0.2), duration(95), duration(600), duration(9000), duration(1e6)
        ('1 s', '95 s', '10 min', '2.5 h', '12 days')
    """
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 360_000 else f"{seconds / 86_400:,.0f} days"


def clock(seconds: float) -> str:
    """Give a time to the second.

    Examples:
        >>> clock(65), clock(3700)
        ('1:05', '1:01:40')
    """
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def macs_unit(macs: Iterable[int]) -> tuple[str, float]:
    """Choose a unit in which these MACs read well: its name, and how many MACs it is."""
    return ("GMACs", 1e9) if max(macs, default=0) >= 1e9 else ("MMACs", 1e6)


def macs_text(macs: int, unit: float) -> str:
    """MACs in a unit, three significant digits or more."""
    value = macs / unit
    return f"{value:.3f}" if value < 10 else f"{value:.2f}" if value < 100 else f"{value:.1f}"


def signed(value: float | None, digits: int = 2) -> str:
    r"""Give a number with its sign; a true minus lines up with the plus.

    Examples:
        >>> ascii((signed(0.5), signed(-1.23), signed(-0.001), signed(None)))
        "('+0.50', '\\u22121.23', '0.00', '-')"
    """
    if value is None:
        return NONE
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")  # noqa: RUF001


def value_text(value: Any) -> str:
    """Give the value of a field, without the digits that arithmetic in binary leaves behind.

    Examples:
        >>> value_text(0.2 * 12), value_text((1.0, 1e-06)), value_text("")
        ('2.4', '(1.0, 1e-06)', '""')
    """
    if isinstance(value, float):
        return str(float(f"{value:.12g}"))
    if isinstance(value, list | tuple):
        inside = ", ".join(map(value_text, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    return '""' if value == "" else str(value)
