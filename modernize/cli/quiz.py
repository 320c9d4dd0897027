"""`modernize quiz`: predict each step's effect before it is revealed."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING

import typer

from modernize.cli.choose import course_named
from modernize.cli.console import say, say_json, say_prose, width
from modernize.cli.counts import percent
from modernize.cli.options import Json, Probes, Regime, Results, StudyName, examples
from modernize.errors import INTERRUPTED, ModernizeError
from modernize.words import macs_unit

if TYPE_CHECKING:
    from modernize.seminar.course import Course, Lesson
    from modernize.seminar.questions import Prediction, Question, Turn

DEFAULT_WIDTH = 80
RECIPE_INDENT = len("Regularisation  ")
HELP = "b, n or w; points of top-1 if you like (b 0.5); q stops."

EXAMPLES = examples("modernize quiz --regime resnet200", "modernize quiz --study laptop-cifar10-subset")


def quiz(
    regime: Regime = "resnet50",
    study: StudyName = "",
    results: Results = None,
    probes: Probes = False,
    json: Json = False,
) -> None:
    """Predict each step's effect on top-1 before it is revealed, from published numbers or from a study's records.

    Better and worse are what a test calls so, corrected for the number of steps; all else is no clear change. Where
    a source prints no spread, the sign is asked for: higher or lower. Answers are read from stdin, a line each.
    With --json the score goes to stdout and all else to stderr.
    """
    from modernize.seminar.questions import questions, score, score_sentences

    course = course_named(regime, study, results)
    asked = questions(course, probes=probes)
    turns: list[Turn] = []
    interrupted = False
    with redirect_stdout(sys.stderr) if json else nullcontext():
        try:
            _introduce(course, len(asked))
            for number, question in enumerate(asked, 1):
                _ask(question, course, f"{number} of {len(asked)}")
                prediction = _read(question)
                if prediction is None:
                    break
                turns.append(_reveal(question, prediction))
        except KeyboardInterrupt:
            interrupted = True
            say()
        facts = score(turns)
        say("\nScore", "bold")
        for sentence in score_sentences(facts, len(asked)):
            say(sentence)
    if json:
        say_json({"study": course.study.name if course.study else None, "published": course.plan.published, **facts})
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _introduce(course: Course, n_questions: int) -> None:
    if course.study:
        judged = f"what study {course.study.name} measured ({course.study.data}, {len(course.study.seeds)} seeds)"
        skipped = len(course.steps) - n_questions
    else:
        judged = f"what {course.table_name} prints (ImageNet-1K)"
        skipped = 0
    say(f"From {course.start} to {course.end}, {course.plan.regime} regime", "bold")
    say_prose("", f"{n_questions} steps. What does each do to top-1? The answers are {judged}.")
    if skipped > 0:
        say_prose("", f"Left out: {skipped} without a test.")
    if not course.study and course.sign_only:
        say_prose("", f"{course.sign_only} There the question is for the sign: h (higher) or l (lower).")
    say_prose("", f"Answer with {HELP}")


def _ask(question: Question, course: Course, number: str) -> None:
    lesson = question.lesson
    say(f"\n{number}. {lesson.step}: {lesson.title}", "bold")
    if lesson.card["what"]:
        say_prose("", lesson.card["what"])
    _draw(lesson, course)
    unit, size = macs_unit([lesson.row.planned.macs])
    change = percent(lesson.macs_before, lesson.row.planned.macs)
    say(f"  {lesson.row.planned.macs / size:.3f} {unit}{f' ({change})' if change else ', as before'}")
    say(f"  top-1 before: {question.evidence.before} %")


def _draw(lesson: Lesson, course: Course) -> None:
    """Show the change: a recipe in its groups, a network before and after, or its fields where it cannot be drawn."""
    from modernize.diagram import block_diagram, change_diagram

    if recipe := course.recipe_steps.get(lesson.step):
        for group in recipe.groups:
            trained = f"; as trained here: {group.trained}" if group.trained else ""
            say_prose(group.group.capitalize(), f"{group.before} -> {group.after}{trained}", indent=RECIPE_INDENT)
    elif lesson.spec_before and lesson.spec:
        drawn = change_diagram(lesson.spec_before, lesson.spec, (lesson.before, lesson.step))
        if max(map(len, drawn.splitlines())) + 2 > (width() or DEFAULT_WIDTH):
            drawn = block_diagram(lesson.spec)
        say("")
        for line in drawn.splitlines():
            say(f"  {line}".rstrip())
        say("")
    else:
        for change in lesson.row.planned.changes:
            say(f"  {change}")


def _read(question: Question) -> Prediction | None:
    """Read a line until one is a prediction; None at the end of the input, or where the player stops."""
    from modernize.seminar.questions import predict

    while True:
        sys.stdout.write(f"{', '.join(question.evidence.choices)}? ")
        sys.stdout.flush()
        try:
            line = sys.stdin.readline()
        except (AttributeError, OSError, ValueError):  # closed, or no text
            line = ""
        if not line or not sys.stdin.isatty():
            say(line.strip())  # what a player would have typed, so that a transcript reads alike
        if not line or line.strip().lower() in ("q", "quit", "exit"):
            return None
        try:
            return predict(line, question.evidence.choices)
        except ModernizeError as error:
            say(str(error), "dim")


def _reveal(question: Question, prediction: Prediction) -> Turn:
    from modernize.seminar.questions import Turn

    turn = Turn(question, prediction)
    lesson = question.lesson
    say(
        f"{'Right' if turn.right else 'Not so'}: {question.truth}, {question.evidence.delta} points.",
        "green" if turn.right else "red",
    )
    for name, evidence in (("Measured", lesson.measured), ("Published", lesson.published)):
        if evidence:
            text = f"{evidence.before} -> {evidence.after} %, {evidence.delta} ({evidence.reading})"
            say_prose(name, text, indent=len("Published  "))
    for name in ("why", "watch"):
        if lesson.card[name]:
            text = lesson.card[name][0].upper() + lesson.card[name][1:]
            say_prose(name.capitalize(), text, indent=len("Published  "))
    return turn
