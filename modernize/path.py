"""Names that every ladder knows, for commands that would not load steps to know them."""

from __future__ import annotations

BASE = "base"
"""Rung 0, which no step leads to."""

DEFAULT_PATH = "convnext"
"""The path of the toolkit's own steps."""
