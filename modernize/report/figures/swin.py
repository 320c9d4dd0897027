"""The block of Swin-T as parts, for a picture beside those of the ladder's ends (arXiv:2201.03545, Figure 4)."""

from __future__ import annotations

from modernize.report.figures.parts import Node, Part, Word

WIDTH = 96
TITLE = "Swin-T"
_NORM = Node(name="norm", text="", kind="rest", channels=(WIDTH, WIDTH), beside=(Word("LN"),))

SWIN_BLOCK = (
    Part(
        title="stage 1, as published: attention,",
        nodes=(
            _NORM,
            Node(name="qkv", text=f"1×1, {WIDTH}×3", kind="1x1", channels=(WIDTH, 3 * WIDTH)),  # noqa: RUF001
            Node(name="attention", text="MSA, w7×7, H=3", kind="rest", channels=(3 * WIDTH, WIDTH)),  # noqa: RUF001
            Node(name="project", text=f"1×1, {WIDTH}", kind="1x1", channels=(WIDTH, WIDTH)),  # noqa: RUF001
        ),
        residual=True,
    ),
    Part(
        title="then MLP",
        nodes=(
            _NORM,
            Node(
                name="expand",
                text=f"1×1, {4 * WIDTH}",  # noqa: RUF001
                kind="1x1",
                channels=(WIDTH, 4 * WIDTH),
                beside=(Word("GELU"),),
            ),
            Node(name="reduce", text=f"1×1, {WIDTH}", kind="1x1", channels=(4 * WIDTH, WIDTH)),  # noqa: RUF001
        ),
        residual=True,
    ),
)
"""Its two residual parts; relative position biases are added inside the attention."""
