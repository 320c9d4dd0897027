"""Reports as Markdown with figures, one HTML file, LaTeX tables, CSV and JSON, from studies and their records."""

from __future__ import annotations

from modernize.report.write import FORMATS, write_all, write_paper_report, write_report

__all__ = ["FORMATS", "write_all", "write_paper_report", "write_report"]
