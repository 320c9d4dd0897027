"""Why a small ladder may differ from the paper's: what was counted of both, side by side, and what it may mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modernize.blueprint import blueprint
from modernize.cost import cost
from modernize.ops import Conv
from modernize.report.facts import IMAGENET_TRAIN_IMAGES, Report
from modernize.report.roles import on_paper_ladder
from modernize.report.rows import records_of
from modernize.report.specs import paper_rungs, rung_specs
from modernize.report.view import Paragraph, Section, table
from modernize.spec import Spec
from modernize.words import listed

PAPER_EPOCHS = 300
PAPER_PX = 224
NOT_TESTED = (
    "Counted, not tested: each line may be why a step does more or less here than there. The studies called probe-... "
    "vary one thing at a time, each with a prediction written first; modernize studies lists them."
)


def smaller(report: Report) -> Section:
    """Set the size of what was trained beside the paper's; nothing where it is the paper's own, or no rung of it."""
    study, rows = report.study, report.rows
    specs = rung_specs(study, rows)
    printed = paper_rungs(study.published) if study.published else {}
    ends = ((row.step, specs[row.step]) for row in reversed(rows) if row.adopted and row.step in printed)
    last, spec = next(ends, ("", None))
    if not spec or not on_paper_ladder(study, rows) or study.image_size == PAPER_PX:
        return Section("smaller", "", ())
    record = records_of(rows)[0]
    paper = printed[last].spec
    sides = (
        (record.budget.epochs, record.data.num_train_images, record.trained_recipe["batch_size"]),
        (PAPER_EPOCHS, IMAGENET_TRAIN_IMAGES, paper.recipe.batch_size),
    )
    lines = [
        ("images that a run sees", *(f"{epochs * images:,}" for epochs, images, _ in sides)),
        ("steps of the optimizer", *(f"{epochs * (images // batch):,}" for epochs, images, batch in sides)),
        ("training images a class", f"{record.data.num_train_images // record.data.num_classes:,}", "1,281"),
        ("classes", f"{record.data.num_classes:,}", "1,000"),
        (f"parameters of {last}", f"{cost(spec).num_params:,}", f"{cost(paper).num_params:,}"),
        *_maps(_depthwise(spec, study.image_size), _depthwise(paper, PAPER_PX)),
    ]
    shown = table(
        "smaller",
        "What was trained here, and by the paper.",
        lines,
        ("what", lambda line: line[0]),
        ("here>", lambda line: line[1]),
        ("the paper>", lambda line: line[2]),
    )
    return Section("smaller", "Why it may differ from the paper's", (shown, Paragraph(NOT_TESTED)))


def _maps(here: Mapping[int, int], paper: Mapping[int, int]) -> Iterator[tuple[str, str, str]]:
    if here and paper:
        kernel = next(iter(here.values()))
        yield "maps of its stages, px", listed(map(str, here)), listed(map(str, paper))
        shares = [listed(f"{100 * on_map(px, kernel):.0f}" for px in side) for side in (here, paper)]
        yield f"weights of a {kernel}x{kernel} kernel that lie on them, not on padding, %", shares[0], shares[1]


def _depthwise(spec: Spec, image_size: int) -> dict[int, int]:
    """Kernel of the depthwise convolutions that keep their map, by its height in pixels."""
    return {
        visit.out_shape[1]: visit.op.kernel
        for visit in blueprint(spec).walk(image_size)
        if isinstance(visit.op, Conv) and visit.op.depthwise and visit.op.stride == 1
    }


def on_map(px: int, kernel: int) -> float:
    """Share of a kernel's weights that meet a pixel and not the padding, over all places of a square map.

    Args:
        px: Height and width of the map.
        kernel: Height and width of the kernel, odd.

    Examples:
        >>> on_map(56, 1), round(on_map(2, 7), 3), round(on_map(7, 7), 3)
        (1.0, 0.082, 0.57)
    """
    met = px + 2 * sum(max(0, px - distance) for distance in range(1, kernel // 2 + 1))
    return (met / (px * kernel)) ** 2
