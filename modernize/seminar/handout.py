"""Two sheets of paper: one to predict on, which gives nothing away, and one with the answers."""

from __future__ import annotations

from modernize.seminar.course import Course
from modernize.seminar.templating import environment, own_text


def handout_html(course: Course) -> str:
    """Write what participants predict on: a page of A4, HTML that needs no network."""
    return _sheet("handout.html.j2", course)


def answers_html(course: Course) -> str:
    """Write the answers, a page for whoever asks."""
    return _sheet("answers.html.j2", course)


def _sheet(template: str, course: Course) -> str:
    return environment().get_template(template).render(course=course, css=own_text("sheet.css"))
