"""Checks that a user can run: published tables, built networks, other libraries' weights.

Importing this and listing the checks needs no torch; running the later ones does.
"""

from __future__ import annotations

from collections.abc import Iterator

from modernize.verify.check import Check, CheckResult

__all__ = ["Check", "CheckResult", "checks"]


def checks() -> Iterator[Check]:
    """Yield every check, the quick ones that need no torch first.

    Examples:
        >>> result = next(checks()).result()
        >>> result.what, result.expected, result.got, result.status
        ('resnet50: base', '4.09 GMACs', '4.09 GMACs', 'ok')
    """
    from modernize.verify import built, logits, papers

    yield from papers.checks()
    yield from built.checks()
    yield from logits.checks()
