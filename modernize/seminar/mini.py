"""The climb so far, small, for the head of each slide: where we are on the ladder."""

from __future__ import annotations

from dataclasses import dataclass

from modernize.seminar.course import Course

WIDTH, HEIGHT, MARGIN = 280.0, 58.0, 7.0


@dataclass(frozen=True, slots=True)
class MiniLadder:
    """Coordinates of a drawing of `WIDTH` x `HEIGHT` pixels, y downwards.

    Attributes:
        path: The rungs up to the one before the step, as an SVG path.
        now: Of the step: from x to x, the height before it and the height after it.
        ahead: Where the rungs to come are, from left to right; their heights are not told.
        origin: Where the heights come from: "published" or "measured".
    """

    path: str
    now: tuple[float, float, float, float]
    ahead: tuple[float, ...]
    origin: str


def mini_ladder(course: Course, number: int) -> MiniLadder:
    """Lay out the climb up to a step.

    Args:
        course: Whose published values are climbed, or those measured where a rung has none published.
        number: Of the step, from 1.
    """
    rungs = [course.lessons[0], *course.steps]
    printed = [lesson.row.published.top1_percent if lesson.row.published else None for lesson in rungs]
    measured = [lesson.row.value.mean if lesson.row.value else None for lesson in rungs]
    origin, values = ("measured", measured) if None in printed and None not in measured else ("published", printed)
    # What is not known is drawn as if nothing had changed.
    levels: list[float] = []
    for value in values:
        levels.append(value if value is not None else levels[-1] if levels else 0.0)
    low, high = min(levels), max(levels)
    step = (WIDTH - 2 * MARGIN) / len(rungs)
    xs = [MARGIN + i * step for i in range(len(rungs) + 1)]
    ys = [HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (level - low) / ((high - low) or 1.0) for level in levels]
    path = f"M{xs[0]:.1f} {ys[0]:.1f}H{xs[1]:.1f}"
    for i in range(1, number):
        path += f"V{ys[i]:.1f}H{xs[i + 1]:.1f}"
    return MiniLadder(
        path=path,
        now=(xs[number], xs[number + 1], ys[number - 1], ys[number]),
        ahead=tuple(xs[i] + step / 2 for i in range(number + 1, len(rungs))),
        origin=origin,
    )
