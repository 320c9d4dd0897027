"""Reports: Markdown with figures, CSV and JSON, from a study and its records."""

from __future__ import annotations

from modernize.report.write import FORMATS, write_report

__all__ = ["FORMATS", "write_report"]
