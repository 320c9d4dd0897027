"""ConvNeXt V2's published accuracies as the tables that the command line and reports print."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from modernize.published import family_rows, read_table

Lines = tuple[tuple[str, ...], ...]


class PrintedTable(NamedTuple):
    """A table: what it shows, its heads (">" at the end of those of numbers), and its rows."""

    title: str
    heads: tuple[str, ...]
    rows: Lines


@cache
def v2_tables() -> tuple[PrintedTable, ...]:
    """Return top-1 by size and training, and the paper's comparisons on the Base model.

    Examples:
        >>> sizes, *_ = v2_tables()
        >>> sizes.rows[0]
        ('Atto', '3.7', '0.55', '75.7', '76.2', '76.7', 'arXiv:2301.00808')
    """
    ablations = read_table("convnext_v2_ablations.csv")
    rows = [row for row in family_rows() if row.training in ("supervised", "FCMAE")]
    printed = {(row.model, row.training): f"{row.top1_percent}" for row in rows}
    sizes = {row.model.partition("-")[2]: row for row in rows}
    trained = (("ConvNeXt", "supervised"), ("ConvNeXt V2", "supervised"), ("ConvNeXt V2", "FCMAE"))
    return (
        PrintedTable(
            "top-1 in % on ImageNet-1K at 224 px: V1 and V2 with labels alone, V2 after masked pre-training (FCMAE)",
            ("size", "params, M>", "GMACs>", "V1>", "V2>", "V2, FCMAE>", "source"),
            tuple(
                (
                    *(size, row.params_m_text, row.gmacs_text),
                    *(printed.get((f"{model}-{size}", how), "-") for model, how in trained),
                    row.source,
                )
                for size, row in sizes.items()
            ),
        ),
        *(
            PrintedTable(
                f"top-1 in % of the Base model, {group}; FCMAE for 800 epochs, then fine-tuned",
                ("what", "top-1, %>", "source"),
                tuple((row["what"], row["top1_percent"], row["source"]) for row in ablations if row["group"] == group),
            )
            for group in dict.fromkeys(row["group"] for row in ablations)
        ),
    )
