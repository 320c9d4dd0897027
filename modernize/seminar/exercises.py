"""The exercises of the seminar: what to try, and the command to begin with."""

from __future__ import annotations

EXERCISES: tuple[tuple[str, str], ...] = (
    (
        "Predict the ladder of the larger regime, now that you know the smaller one.",
        "modernize quiz --regime resnet200",
    ),
    (
        "Does the order matter? Put a step before the one that prepares it, and compare costs and accuracies.",
        "modernize run --order recipe,depthwise,kernel-7,move-up --seeds 2 --dry-run",
    ),
    (
        "Does LayerNorm help by itself? Put it into the plain ResNet and compare with the ladder.",
        "modernize run --only recipe,ln --seeds 2 --dry-run",
    ),
    (
        "How many seeds would it take to see the smallest change of the paper's table?",
        "modernize run --upto recipe --seeds 5 --dry-run",
    ),
    (
        "Register a step of your own and give it a place on the ladder (docs/exercise.md).",
        "modernize show kernel-7 --code",
    ),
)
