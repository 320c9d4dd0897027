"""report.tex: the report's own cells, text that means itself, and a document that pdfLaTeX sets within its page."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from factories import DATA, make_record, make_records, make_study, with_rung

from modernize.report.latex import MOST_ROWS, to_latex
from modernize.report.latex_text import escape_latex
from modernize.report.rows import make_rows
from modernize.report.view import Cell, Page, Section, Table, heads
from modernize.report.write import write_paper_report, write_study

ODD = '50% of a_b & {数据}\\ #1 $x$ ~^ é–“quoted” "q" 😀 ß ż `t` <a|b> ±3 x--y -> z'  # noqa: RUF001 - a true dash
DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs,adjustbox}
\begin{document}
%s
\end{document}
"""


def written(folder, study, records):
    (path,) = write_study(study, make_rows(study, records), [], folder, ("latex",), figures=False)
    return path


def odd_report(folder):
    study = replace(make_study(name="my_study & co 数", upto="depthwise", seeds=(0, 1)), data=ODD)
    study = with_rung(study, "depthwise", name="[a_step*of--mine %& 数😀", title="Mine_& %")
    return written(folder, study, make_records(study, data=replace(DATA, name=ODD)))


def big_report(folder):
    study = make_study(seeds=(0, 1, 2), probes=True)
    records = [record for record in make_records(study) if record.entry.name != "kernel-11"]
    return written(folder, study, [*records[:-1], make_record(study, "downsample", 2, status="diverged")])


def test_tables_hold_the_reports_cells(tmp_path):
    study = make_study(upto="depthwise", seeds=(0, 1))
    text = written(tmp_path, study, make_records(study)).read_text()
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == text.count(r"\toprule") == 6
    row = next(line for line in text.splitlines() if line.startswith("depthwise & "))
    cells = row.partition(r" \\")[0].split(" & ")
    # Top-1 and delta are two columns each, so that the numbers line up; all runs are finished, said below.
    assert len(cells) == 7 + 3
    assert re.fullmatch(r"\d\d\.\d\d", cells[1])
    assert re.fullmatch(r"\\ \\ensuremath\{\\pm\} \d\.\d\d", cells[2])
    assert "% Measured: records" in row
    assert r"\emph{Runs}: finished, in every row." in text
    assert r"\emph{Top-1 measured, \%}: n = 2, in every row." in text


def test_a_doubtful_value_has_a_mark_and_its_note_below(tmp_path):
    text = write_paper_report("resnet50", tmp_path, ("latex",))[0].read_text()
    assert r"4.46\rlap{\textsuperscript{1}}" in text
    assert r"\textsuperscript{1} arXiv:2201.03545 Table 10, ln, prints 4.46." in text


def test_what_differs_between_rows_stays_in_them(tmp_path):
    text = big_report(tmp_path).read_text()
    assert "(n=3)" in text
    assert "(n=2)" in text
    assert "2 of 3 finished, 1 diverged" in text
    assert "in every row" not in text


def test_several_reports_fit_in_one_document(tmp_path):
    one, other = (
        write_paper_report(regime, tmp_path, ("latex",), figures=False)[0] for regime in ("resnet50", "resnet200")
    )
    labels = [re.findall(r"\\label\{(.*?)\}", path.read_text()) for path in (one, other)]
    assert all(labels)
    assert not set(labels[0]) & set(labels[1])


def test_a_table_higher_than_a_page_goes_on_in_another(tmp_path):
    rows = tuple((Cell(text=f"step-{i}"), Cell(text="1")) for i in range(MOST_ROWS + 5))
    table = Table(id="t", caption="Many.", columns=heads("step", "x>"), rows=rows)
    sections = (Section(id="s", title="S", blocks=(table,)),)
    text = to_latex(Page(name="n", title="N", lead=(), sections=sections, footnotes=()))
    assert text.count(r"\begin{table}") == 2
    assert text.count(r"\label{tab:n-t}") == 1
    assert r"\caption{Many (continued).}" in text
    assert [f"step-{i} & 1" in text for i in range(len(rows))] == [True] * len(rows)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("&%$#_{}", r"\&\%\$\#\_\{\}"),
        ("\\~^", r"\textbackslash{}\textasciitilde{}\textasciicircum{}"),
        ("−1 -> 2", r"\ensuremath{-}1 \ensuremath{\rightarrow} 2"),  # noqa: RUF001
        ('row "a" and 7"', "row ``a'' and 7''"),
        ("x--y `z`", r"x-{}-y \textasciigrave{}z\textasciigrave{}"),
        ("é ż u\u0308 ß", r"é ż ü \ss{}"),
        ("数😀", r"\texttt{U+6570}\texttt{U+1F600}"),
        ("a\u200b\x07b\nc", "ab c"),
    ],
)
def test_text_means_itself(text, meant):
    assert escape_latex(text) == meant


def test_nothing_special_is_left_bare(tmp_path):
    """What a LaTeX without fonts for it, or its parser, would stumble over, outside comments."""
    text = odd_report(tmp_path).read_text()
    body = "\n".join(re.sub(r"(?<!\\)%.*", "", line) for line in text.splitlines())
    assert set(body) <= {*map(chr, range(32, 127)), "\n", "é", "ż"}
    for sign in "$#_":
        assert re.findall(rf"(?<!\\){re.escape(sign)}", body) == []
    assert r"{[a\_step*of-{}-mine \%\& \texttt{U+6570}\texttt{U+1F600}}" in body


@pytest.mark.parametrize("report", [odd_report, big_report])
def test_pdflatex_sets_it_within_the_page(tmp_path, report):
    if not (pdflatex := shutil.which("pdflatex")):
        pytest.skip("no pdflatex found")
    kpsewhich = shutil.which("kpsewhich")
    if kpsewhich and subprocess.run([kpsewhich, "adjustbox.sty"], check=False, capture_output=True).returncode:
        pytest.skip("LaTeX has no adjustbox")
    papers = [write_paper_report(name, tmp_path, ("latex",), figures=False)[0] for name in ("resnet50", "resnet200")]
    inputs = "\n".join(f"\\input{{{path}}}" for path in (report(tmp_path), *papers))
    (tmp_path / "paper.tex").write_text(DOCUMENT % inputs)
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    ended = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, errors="replace")
    assert ended.returncode == 0, ended.stdout[-2000:]
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert re.findall(r"Overfull \\hbox.*|.*too large.*|.*multiply defined.*|Missing character.*", log) == []
    assert (tmp_path / "paper.pdf").stat().st_size > 0
