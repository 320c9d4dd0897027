"""`modernize inside`: how far a study's networks look, how alike they are, and what each gets right anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modernize.cli.choose import split_names
from modernize.cli.console import say, say_json, say_prose, say_table
from modernize.cli.layout import Column
from modernize.cli.options import DataDir, Json, Out, argument, complete_study, examples, option

EXAMPLES = examples(
    "modernize inside laptop-shapes-smoke-upto-ln", "modernize inside probe-kernel-7-smoke --entries kernel-7-last-8"
)


def inside(
    study: Annotated[str, argument("STUDY", "A study under results/, or its folder.", complete_study)],
    entries: Annotated[str, option("--entries", "Only these rows, each after the one before it.", "ROW,...")] = "",
    images: Annotated[
        int, typer.Option("--images", help="Test images for all but gains and losses.", metavar="N", min=4)
    ] = 200,
    formats: Annotated[
        str,
        option("--format", "Files to write: of md, html, latex, csv and json, separated by commas.", "F,..."),
    ] = "md",
    out: Out = Path(),
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Look inside a study's trained networks: nothing is trained, the weights that its runs left are read.

    Four pictures: the effective receptive field; how alike the maps of neighbouring rows, and of a row's seeds, are
    (linear CKA); the feature diversity of each layer; and what each row gets right that the one before did not, by
    class, beside what two seeds of one network exchange.
    """
    from modernize.analysis.inside import look_inside
    from modernize.report.gather import read_study
    from modernize.report.inside_page import inside_json, inside_page, write_inside
    from modernize.report.looked_into import looked_into
    from modernize.report.view import Table
    from modernize.report.write import check_formats
    from modernize.results.store import find_study

    check_formats(split_names(formats))
    plan, rows, _ = read_study(find_study(out / "results", study))
    chosen = looked_into(plan, rows, split_names(entries), out)
    found = look_inside(plan.name, chosen.runs, chosen.pairs, out, num_images=images, data_dir=data_dir)
    written = write_inside(
        found, chosen.records, chosen.notes, out / "reports" / f"inside-{plan.name}", split_names(formats)
    )
    if json:
        say_json(inside_json(found, chosen.notes))
        return
    page = inside_page(found, chosen.records, chosen.notes, ())
    for section in page.sections:
        say(section.title, "bold")
        for block in section.blocks:
            if isinstance(block, Table) and block.id not in ("classes", "images"):
                heads = [Column(column.name, right=column.number) for column in block.columns]
                say_table(heads, [[cell.text for cell in row] for row in block.rows])
        say("")
    for line in chosen.notes:
        say_prose("", line, style="dim")
    for path in written:
        say(str(path))
