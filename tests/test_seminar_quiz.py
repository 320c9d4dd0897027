"""The quiz: what counts as right, how answers are read, and a whole game through a pipe."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import sys

import pytest
from factories import make_record, make_records, make_study

from modernize.cli import main
from modernize.errors import MissingResultsError, ModernizeError
from modernize.report.paper import SIGN_ONLY
from modernize.report.rows import make_rows
from modernize.results.store import save_record, save_study
from modernize.seminar.answers import SIGNS
from modernize.seminar.course import course_of, published_course, study_course
from modernize.seminar.questions import Prediction, Turn, predict, questions, score

# Table 10: Welch tests of the printed means and deviations, Holm-corrected.
TRUTHS = {
    "recipe": "higher", "stage-ratio": "better", "patchify": "no clear change", "depthwise": "worse",
    "width": "better", "inverted": "better", "move-up": "worse", "kernel-7": "better", "gelu": "no clear change",
    "fewer-acts": "better", "fewer-norms": "no clear change", "ln": "no clear change", "downsample": "better",
}  # fmt: skip
LETTERS = {"better": "b", "no clear change": "n", "worse": "w", "higher": "h"}


def play(text, capsys, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    code = main(["quiz", *arguments])
    return code, capsys.readouterr()


def measured(folder, seeds=(0, 1, 2)):
    """A study in which `recipe` helps beyond doubt and `patchify` does nothing."""
    study = make_study(upto="patchify", seeds=seeds)
    save_study(study, folder)
    levels = {"base": 50, "recipe": 60, "stage-ratio": 60.2, "patchify": 60.1}
    for step, level in levels.items():
        for seed in seeds:
            wobble = random.Random(f"{step} {seed}").gauss(0, 0.3)
            save_record(make_record(study, step, seed, top1_percent=level + wobble), folder)
    return study


def test_published_truths_are_those_of_the_tests():
    asked = questions(published_course("resnet50"))
    assert {question.lesson.step: question.truth for question in asked} == TRUTHS


def test_where_no_spread_is_printed_the_sign_is_asked_for():
    asked = questions(published_course("resnet200"), probes=True)
    assert len(asked) == 16
    for question in asked:
        assert question.evidence.truth is None
        assert question.truth == ("higher" if question.points > 0 else "lower")
        assert question.evidence.choices == SIGNS
        assert question.evidence.reading.startswith(SIGN_ONLY)


def test_a_ladder_without_spreads_is_played_by_its_signs(capsys, monkeypatch):
    code, printed = play("n\nh\nw\n", capsys, monkeypatch, "--regime", "resnet200")
    assert code == 0
    assert "Table 11 prints neither a spread nor a number of runs" in printed.out
    assert "no spread is printed, so the sign is asked for" in printed.out, "n is no answer"
    assert "1 of 2 right" in printed.out
    assert "Welch" not in printed.out
    assert "no clear change" not in printed.out.split("1 of 13")[1].split("\nScore")[0]


def test_kernels_beyond_the_adopted_one_are_compared_with_it():
    asked = {q.lesson.step: q for q in questions(published_course("resnet50"), probes=True)}
    assert (asked["kernel-9"].lesson.before, asked["kernel-9"].evidence.delta) == ("kernel-7", "0.00")
    assert (asked["kernel-11"].lesson.before, asked["kernel-11"].points) == ("kernel-7", -0.1)
    assert {asked[f"kernel-{k}"].truth for k in (9, 11)} == {"no clear change"}


def test_probes_are_asked_on_request_against_the_rung_they_were_tried_on():
    asked = {q.lesson.step: q for q in questions(published_course("resnet50"), probes=True)}
    assert asked["kernel-5"].lesson.before == asked["kernel-7"].lesson.before == "move-up"
    assert asked["kernel-5"].points == 0.43


def test_a_study_is_judged_by_its_own_seeds(tmp_path):
    measured(tmp_path)
    asked = {q.lesson.step: q for q in questions(study_course(tmp_path))}
    assert asked["recipe"].truth == "better"
    assert asked["patchify"].truth == "no clear change"
    assert asked["recipe"].lesson.published.sign == "higher"
    assert asked["recipe"].lesson.spec.regime.name == "laptop"


def test_one_seed_cannot_be_judged(tmp_path):
    measured(tmp_path, seeds=(0,))
    with pytest.raises(MissingResultsError, match="--seeds 3"):
        questions(study_course(tmp_path))


def test_a_step_that_is_not_installed_is_still_asked_about():
    study = make_study(upto="patchify", seeds=(0, 1, 2))
    rows = make_rows(study, make_records(study))
    foreign = [row for row in rows if row.step != "recipe"]
    lesson = course_of(study, foreign).lesson("stage-ratio")
    assert (lesson.before, lesson.measured, lesson.macs_before) == ("recipe", None, 0)


@pytest.mark.parametrize(
    ("text", "truth", "points"),
    [
        ("b", "better", None),
        ("Better", "better", None),
        ("n", "no clear change", None),
        ("same", "no clear change", None),
        ("no clear", "no clear change", None),
        ("w 1.2", "worse", -1.2),
        ("worse -1,2", "worse", -1.2),
        ("+0.5", "better", 0.5),
        ("-.5", "worse", -0.5),
        ("0", "no clear change", 0.0),
        ("n 0.1", "no clear change", 0.1),
    ],
)
def test_predictions_are_understood(text, truth, points):
    assert predict(text) == Prediction(truth, points)


@pytest.mark.parametrize("text", ["", "perhaps", "b -1", "1 2", "w +1", "b better 1 1"])
def test_what_is_no_prediction_is_refused(text):
    with pytest.raises(ModernizeError):
        predict(text)


def test_score_counts_right_directions_and_distance():
    first, second, *_ = questions(published_course("resnet50"))
    facts = score([Turn(first, Prediction("higher", 3.0)), Turn(second, Prediction("worse"))])
    assert (facts["n_asked"], facts["n_right"], facts["n_numbers"]) == (2, 1, 1)
    assert facts["mean_error_points"] == round(3.0 - first.points, 4)
    assert facts["always"]["better"] == 2


def test_a_perfect_game(capsys, monkeypatch):
    answers = "".join(f"{LETTERS[truth]}\n" for truth in TRUTHS.values())
    code, printed = play(answers, capsys, monkeypatch)
    assert code == 0
    assert printed.out.count("Right:") == 13
    assert "13 of 13 right." in printed.out
    assert f"Always 'better' (or 'higher') would have got {list(TRUTHS.values()).count('better') + 1}." in printed.out
    assert "Table 10" in printed.out


def test_the_answer_stands_behind_its_question(capsys, monkeypatch):
    _, printed = play("b\n", capsys, monkeypatch)
    asked, revealed = printed.out.split("higher, lower? b\n", 1)
    assert "78.82" not in asked
    assert "78.82" in revealed
    assert "Watch" not in asked


def test_each_question_draws_the_block(capsys, monkeypatch):
    _, printed = play("\n".join("hnnnn"), capsys, monkeypatch)
    recipe, depthwise = (re.split(rf"{n} of 13\. ", printed.out)[1].split("top-1 before")[0] for n in (1, 4))
    assert "│ 3x3, 64         BN  ReLU" in depthwise
    assert "│ d3x3, 64        BN  ReLU" in depthwise
    assert "├─╮" in depthwise
    assert "300 epochs" in recipe
    assert "Augmentation" in recipe
    assert "recipe.lr" not in recipe, "groups, not field names"
    assert max(map(len, printed.out.splitlines())) <= 80 or "│" not in depthwise


@pytest.mark.parametrize("text", ["b\nn\n", "b\nn\nq\nb\n"])
def test_the_end_of_the_input_ends_the_quiz_with_the_score_so_far(text, capsys, monkeypatch):
    code, printed = play(text, capsys, monkeypatch)
    assert code == 0
    assert "1 of 2 right (13 in all)." in printed.out


def test_interrupting_gives_the_score_so_far(capsys, monkeypatch):
    class Hurried(io.StringIO):
        def readline(self, *size):
            line = super().readline(*size)
            if not line:
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr(sys, "stdin", Hurried("b\n"))
    assert main(["quiz"]) == 130
    assert "1 of 1 right (13 in all)." in capsys.readouterr().out


@pytest.mark.parametrize("stdin", [None, io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), "utf-8")], ids=["closed", "no text"])
def test_without_a_stdin_to_read_there_is_no_prediction(stdin, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["quiz"]) == 0
    assert "No prediction, no score." in capsys.readouterr().out


def test_nonsense_is_asked_again(capsys, monkeypatch):
    _, printed = play("what\nb\n", capsys, monkeypatch)
    assert "the sign is asked for: h (higher) or l (lower)" in printed.out
    assert "1 of 1 right" in printed.out


def test_json_leaves_stdout_to_the_score(capsys, monkeypatch):
    code, printed = play("b 2.69\nw\n", capsys, monkeypatch, "--json")
    facts = json.loads(printed.out)
    assert (code, facts["published"], facts["study"], facts["n_right"]) == (0, "resnet50", None, 1)
    assert facts["turns"][0]["points"] == facts["turns"][0]["predicted_points"] == 2.69
    assert "1 of 13. recipe" in printed.err


def test_a_study_on_the_command_line(tmp_path, capsys, monkeypatch):
    study = measured(tmp_path)
    code, printed = play("b 10\n", capsys, monkeypatch, "--results", str(tmp_path), "--study", study.name)
    assert code == 0
    assert "Measured   5" in printed.out
    assert "Published  76.13 -> 78.82 ± 0.07 %" in printed.out
    code, printed = play("", capsys, monkeypatch, "--results", str(tmp_path), "--study", "laptop-shape")
    assert (code, "Did you mean 'laptop-shapes'?" in printed.err) == (2, True)


def test_a_pipe_needs_no_torch():
    code = (
        "import sys; from modernize.cli import main; code = main(['quiz']);"
        "assert not {'torch', 'matplotlib', 'pandas'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], input="b\n", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of 1 right" in done.stdout
