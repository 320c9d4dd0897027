"""What facts are the same: a short hash of plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def fingerprint(facts: Mapping[str, Any]) -> str:
    """Hash plain facts (numbers, strings, lists, mappings) to sixteen hex digits, whatever the order of their keys."""
    import hashlib  # takes as long to import as half the rest here
    import json

    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
