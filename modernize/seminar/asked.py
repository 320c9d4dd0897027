"""What to ask the room, by slide: the questions of the instructor's guide, as notes beside the slides."""

from __future__ import annotations

QUESTIONS: dict[str, tuple[str, ...]] = {
    "recipe-vote": (
        (
            "how much of the whole difference is this one step? Would a comparison of ResNet and ConvNeXt without it "
            "have been fair?"
        ),
    ),
    "depthwise-vote": ("was it a mistake? Look at the cost, then at the next slide.",),
    "width-vote": ("what would you have to hold fixed to say that width helps?",),
    "kernel-7-vote": ("look at the probes. Where would you have stopped?",),
    "fewer-norms-vote": ("the paper prints a gain for each. Is it a change?",),
    "ln-vote": ("the paper prints a gain for each. Is it a change?",),
    "significance": ("why are some intervals that exclude zero grey?",),
    "limits": ("which of the steps would you expect to behave differently at this scale, and why?",),
}
"""By the slide's id."""
