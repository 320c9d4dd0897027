"""What is published for ConvNeXt V2, beside a study that has a network with GRN."""

from __future__ import annotations

from modernize.published.convnext_v2 import PrintedTable, v2_tables
from modernize.report.facts import Report
from modernize.report.rows import records_of
from modernize.report.view import Cell, Paragraph, Section, Table, heads


def published_v2(report: Report) -> Section:
    """Lay out the paper's tables; nothing where no row's network is a ConvNeXt V2."""
    models = (record.model.get("arch", {}) for record in records_of(report.rows))
    tables = enumerate(v2_tables() if any(arch.get("grn") for arch in models) else ())
    blocks = tuple(block for index, printed in tables for block in _blocks(index, printed))
    return Section("published-v2", "Published for ConvNeXt V2", blocks)


def _blocks(index: int, printed: PrintedTable) -> tuple[Paragraph, Table]:
    title = f"{printed.title[0].upper()}{printed.title[1:]}."
    rows = tuple(tuple(Cell(text, row[-1]) for text in row) for row in printed.rows)
    return Paragraph(title), Table(f"published-v2-{index}", title, heads(*printed.heads), rows)
