"""The quiz: predict what each step does to the accuracy, see the answer, keep score. Plain data, no screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modernize.errors import MissingResultsError, ModernizeError
from modernize.seminar.answers import SIGNS, TRUTHS, Answer, Evidence, Truth
from modernize.seminar.course import Course, Lesson

_TRUTH_OF: dict[Answer, Truth] = {**{truth: truth for truth in TRUTHS}, "higher": "better", "lower": "worse"}
_SIGN_OF: dict[Truth, Answer] = {"better": "higher", "worse": "lower"}
_HOW = "predict with b (better), n (no clear change) or w (worse), and points if you like: b 0.5"
_HOW_SIGN = "no spread is printed, so the sign is asked for: h (higher) or l (lower), and points if you like: h 0.5"
_POINTS = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")  # noqa: RUF100


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One step to predict; `truth` and `points` are the answer.

    Where the source prints nothing to test a change by, the question is for its sign.
    """

    lesson: Lesson
    evidence: Evidence
    truth: Answer

    @property
    def points(self) -> float:
        """Change of top-1, in points."""
        return self.evidence.delta_points


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the player says: a direction, and the change of top-1 in points if they care to."""

    truth: Answer
    points: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what was predicted."""

    question: Question
    prediction: Prediction

    @property
    def right(self) -> bool:
        """Whether the direction was."""
        return self.prediction.truth == self.question.truth

    @property
    def error_points(self) -> float | None:
        """How far off the number was, in points; None without one."""
        return None if self.prediction.points is None else abs(self.prediction.points - self.question.points)


def questions(course: Course, *, probes: bool = False) -> tuple[Question, ...]:
    """Ask about each step that has an answer: from the study where there is one, else from the published numbers.

    Args:
        course: What to ask about.
        probes: Whether to ask about steps that were tried and not adopted, too.

    Raises:
        MissingResultsError: If there is nothing to judge by.
    """
    found = []
    for lesson in course.lessons:
        evidence = lesson.measured if course.study else lesson.published
        if evidence and evidence.answer and (lesson.row.adopted or probes):
            found.append(Question(lesson=lesson, evidence=evidence, truth=evidence.answer))
    if not found and course.study:
        raise MissingResultsError(
            f"no step of study '{course.study.name}' can be judged: it takes two finished seeds or more "
            "(`modernize run --seeds 3`); without --study the quiz asks about published numbers."
        )
    return tuple(found)


def predict(text: str, choices: Sequence[Answer] = TRUTHS) -> Prediction:
    """Read a prediction: a word or its first letters, a number of points, or both.

    Args:
        text: What the player typed.
        choices: `TRUTHS`, or `SIGNS` where a sign is all there is; better and worse are understood there, too.

    Examples:
        >>> predict("b 0.5")
        Prediction(truth='better', points=0.5)
        >>> predict("-1.2").truth, predict("same").truth, predict("h", SIGNS).truth
        ('worse', 'no clear change', 'higher')

    Raises:
        ModernizeError: If it is neither, or if they contradict each other.
    """
    words = text.lower().replace("−", "-").replace(",", ".").split()  # noqa: RUF001
    numbers = [word for word in words if _POINTS.fullmatch(word)]
    names = " ".join(word for word in words if word not in numbers)
    points = float(numbers[0]) if len(numbers) == 1 else None
    truth = _direction(names) if names else None
    sign = choices == SIGNS
    if len(numbers) > 1 or not words or (names and truth is None) or (sign and (truth == TRUTHS[1] or points == 0)):
        raise ModernizeError(_HOW_SIGN if sign else _HOW)
    if truth == "worse" and points is not None and not numbers[0].startswith(("+", "-")):
        points = -points  # "w 1.2" means 1.2 points lost
    if truth is None:
        truth = "better" if points and points > 0 else "worse" if points and points < 0 else "no clear change"
    if points and truth != "no clear change" and (points > 0) != (truth == "better"):
        raise ModernizeError(f"'{text.strip()}' says both {truth} and {points:+g} points; which is it?")
    return Prediction(_SIGN_OF[truth] if sign else truth, points)


def score(turns: Sequence[Turn]) -> dict[str, Any]:
    """Count what was right, as plain data."""
    # "Always better" says "higher" where a sign is asked for.
    truths = [_TRUTH_OF[turn.question.truth] for turn in turns]
    errors = [turn.error_points for turn in turns if turn.error_points is not None]
    return {
        "n_asked": len(turns),
        "n_right": sum(turn.right for turn in turns),
        "always": {truth: truths.count(truth) for truth in TRUTHS},
        "n_numbers": len(errors),
        "mean_error_points": round(sum(errors) / len(errors), 4) if errors else None,
        "turns": [
            {
                "step": turn.question.lesson.step,
                "predicted": turn.prediction.truth,
                "predicted_points": turn.prediction.points,
                "truth": turn.question.truth,
                "points": round(turn.question.points, 4),
                "right": turn.right,
            }
            for turn in turns
        ],
    }


def score_sentences(facts: dict[str, Any], n_questions: int) -> list[str]:
    """Say a score, beside what the same answer every time would have got."""
    asked = facts["n_asked"]
    if not asked:
        return ["No prediction, no score."]
    sentences = [f"{facts['n_right']} of {asked} right{'' if asked == n_questions else f' ({n_questions} in all)'}."]
    best = max(facts["always"], key=lambda truth: facts["always"][truth])
    signs = [turn["truth"] in SIGNS for turn in facts["turns"]]
    sign = f"'{_SIGN_OF[best]}'" if any(signs) and best in _SIGN_OF else ""
    words = sign if sign and all(signs) else f"'{best}'{f' (or {sign})' if sign else ''}"
    sentences.append(f"Always {words} would have got {facts['always'][best]}.")
    if facts["n_numbers"]:
        sentences.append(
            f"Numbers: {facts['mean_error_points']:.2f} points off on average ({facts['n_numbers']} given)."
        )
    return sentences


def _direction(words: str) -> Truth | None:
    same = ("same", "none", "nothing", "equal", "=")
    if words in same:
        return "no clear change"
    found = next((answer for answer in (*TRUTHS, *SIGNS) if answer.startswith(words)), None)
    return _TRUTH_OF[found] if found else None
