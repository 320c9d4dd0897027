"""A study watched: what is printed where there is no terminal, and that the bars come and go."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from factories import make_record, make_study

from modernize.cli.live import LiveProgress
from modernize.run.placement import Placement
from modernize.train.runtime import Runtime

RECIPE = {"epochs": 4, "batch_size": 100}


def task_of(step: str, work: float) -> SimpleNamespace:
    return SimpleNamespace(
        run_id=f"{step}-0",
        entry=SimpleNamespace(name=step),
        seed=0,
        work=work,
        trained_recipe=RECIPE,
        runtime=Runtime(),
        num_steps=40,
    )


def plan_of(tasks, study) -> SimpleNamespace:
    return SimpleNamespace(tasks=tasks, study=study, placement=Placement(runtime=Runtime(), jobs=1))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def study():
    return make_study("tiny", upto="recipe")


def watch(study, live: bool, **records) -> None:
    """Two equal runs, one after the other, 40 steps of a second each."""
    clock = Clock()
    watcher = LiveProgress(live=live, clock=clock)
    tasks = [task_of("base", 1.0), task_of("recipe", 1.0)]
    watcher.start(plan_of(tasks, study), [], 1)
    for task in tasks:
        watcher.run_started(task)
        clock.now += 20  # loading torch says nothing about the speed of training
        for step in range(1, 41):
            watcher.step(task, (step - 1) // 10, step, 100 * step)
            clock.now += 1
        name = task.entry.name
        watcher.run_finished(task, make_record(study, name, 0, **records.get(name, {})))
    watcher.close()


def test_plain_lines_tell_epochs_speed_and_time_left(study, capsys):
    watch(study, live=False)
    printed = capsys.readouterr()
    assert not printed.out, "progress belongs to stderr"
    assert "\x1b" not in printed.err
    assert "2 runs to do, 1 at a time; the processor, fp32, batch 100" in printed.err
    assert "base seed 0: epoch 2/4, step 11/40, 100 images/s; about 1:09 left" in printed.err
    assert "base seed 0: top-1" in printed.err
    assert printed.err.count("recipe seed 0: epoch") == 3


def test_failed_and_diverged_runs_are_told(study, capsys):
    watch(study, live=False, base={"status": "failed"}, recipe={"status": "diverged"})
    printed = capsys.readouterr().err
    assert "base seed 0: failed: OSError: no space left on device" in printed
    assert "recipe seed 0: diverged in epoch 5" in printed, "four epochs were completed"


def test_finished_runs_are_skipped_and_named(study, capsys):
    record = make_record(study, "base", 0)
    tasks = [task_of("base", 1.0), task_of("recipe", 1.0)]
    tasks[0].run_id = record.run_id
    watcher = LiveProgress(live=False)
    watcher.start(plan_of(tasks, study), [record], 2)
    printed = capsys.readouterr().err
    assert "1 of 2 runs finished already: skipped" in printed
    assert "1 run to do, 1 at a time" in printed


def read(live: bool) -> None:
    """A thousand files in 62.5 seconds."""
    clock = Clock()
    watcher = LiveProgress(live=live, clock=clock)
    for done in range(1000):
        watcher.reading(done, 1000)
        clock.now += 1 / 16
    watcher.reading(1000, 1000)


def test_plain_lines_tell_how_far_the_reading_of_images_is(capsys):
    read(live=False)
    assert capsys.readouterr().err.splitlines() == [
        "reading images: 160 of 1,000, about 0:52 left",
        "reading images: 320 of 1,000, about 0:42 left",
        "reading images: 480 of 1,000, about 0:32 left",
        "reading images: 640 of 1,000, about 0:22 left",
        "reading images: 800 of 1,000, about 0:12 left",
        "reading images: 960 of 1,000, about 0:02 left",
    ]


@contextmanager
def terminal(monkeypatch):
    from modernize.cli import console

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    console._console.cache_clear()
    try:
        yield screen
    finally:
        console._console.cache_clear()


def test_a_bar_of_images_read_is_drawn_and_taken_down(monkeypatch):
    with terminal(monkeypatch) as screen:
        read(live=True)
    drawn = screen.getvalue()
    assert "reading images" in drawn
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1, "the cursor is hidden and shown again"


def test_bars_are_drawn_and_taken_down(study, monkeypatch):
    with terminal(monkeypatch) as screen:
        watch(study, live=True)
    drawn = screen.getvalue()
    assert "ladder" in drawn
    assert "2/2 runs" in drawn
    assert drawn.count("top-1") == 2, "each run leaves a line behind"
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1, "the cursor is hidden and shown again"
