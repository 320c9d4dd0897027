"""The report of an attribution as a page: who earned what, what that cost, who works with whom, how it was made."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from modernize.analysis.attribution import Credits
from modernize.report import cells
from modernize.report.credit import attribution_in, credits_in, over_text, reading
from modernize.report.credit_tables import PUBLISHED_NOTE, earned, interplay, networks, published, worth
from modernize.report.facts import Header, header, scale_limits
from modernize.report.methods import methods
from modernize.report.rows import Row
from modernize.report.study_page import illustrated
from modernize.report.view import Facts, Items, Page, Paragraph, Section, keys_of
from modernize.results.attribution import Attribution
from modernize.results.statistics import LEVEL
from modernize.results.study import Study


def credit_page(study: Study, rows: Sequence[Row], figures: Collection[str], problems: Sequence[str]) -> Page:
    """Lay out the report of an attribution.

    Args:
        study: The plan.
        rows: At least one of them with a record.
        figures: Keys of the figures there are.
        problems: Files that could not be read.
    """
    told, plan, found = header(study, rows), attribution_in(study), credits_in(study, rows)
    notes = {name: f"rung-{key}" for name, key in keys_of(row.step for row in rows).items()}
    sections = (
        Section("credit", "What each step earns", (earned(study, found), Items(_legend(study, plan, found)))),
        Section("reading", "In plain words", (Items(tuple(("", line) for line in reading(study, rows, found))),)),
        Section("worth", "What it costs", tuple(worth(study, rows, found))),
        Section("interplay", "Who works with whom", tuple(interplay(study, found))),
        Section("published-credit", "A published case", (published(), Paragraph(PUBLISHED_NOTE))),
        Section("networks", "The networks", (networks(study, rows, plan, notes),)),
        Section("methods", "Methods", (Items((*_methods(study, rows, told, plan), _shared(found))),)),
        _problems(rows, problems),
    )
    return Page(
        name=study.name,
        noun="network",
        title=study.title or f"Which step deserves the credit? {study.name}",
        lead=(
            *([Paragraph(study.about)] if study.about else []),
            Paragraph(" ".join(scale_limits(study, rows))),
            _facts(study, told, plan),
        ),
        sections=illustrated(sections, figures, study, rows),
        footnotes=tuple((notes[row.step], text) for row in rows if (text := cells.sources(study, row))),
    )


def _facts(study: Study, told: Header, plan: Attribution) -> Facts:
    named = (
        ("Players", (", ".join(plan.names),)),
        ("In every network", (", ".join(plan.fixed),) if plan.fixed else ()),
        ("Shared out over", (plan.over,)),
        ("Expected", (study.expectation,) if study.expectation else ()),
        ("Data", told.data),
        ("Budget", told.budget),
        ("Seeds", (told.seeds,)),
        ("Runs", (told.runs,)),
        ("Hardware", told.hardware),
        ("Note", (study.note,) if study.note else ()),
    )
    return Facts(tuple((name, line) for name, lines in named for line in lines))


def _legend(study: Study, plan: Attribution, found: Credits) -> tuple[tuple[str, str], ...]:
    beside = f", beside {', '.join(plan.fixed)}" if plan.fixed else ""
    said = [
        ("In the ladder's order", "added to the players before it on the ladder, as the paper tells the story."),
        ("Shapley value", "the mean of what a step adds, over orders; the values add up to all players minus none."),
        ("Left out of all", "all players minus all but this one: what would be lost without it."),
        ("Added to none", f"this player alone minus none of them{beside}."),
    ]
    if found.total is not None:
        said.append(("Over", f"{over_text(plan, found)}."))
    if len(study.seeds) > 1:
        test = f"two-sided test of the Shapley value at {100 * LEVEL:.0f} %, Holm-corrected over the players"
        intervals = "95 % intervals over seeds, of Shapley values over seeds and orders, not corrected"
        said.append(("Verdict", f"{test}; the other columns are families of their own. Brackets: {intervals}."))
        how = "its two effects' difference, tested likewise: what plain words say of places rests on that"
        said.append(("Place", f"in the ladder's order minus Shapley value, {how}."))
    return tuple(said)


def _methods(study: Study, rows: Sequence[Row], told: Header, plan: Attribution) -> list[tuple[str, str]]:
    how = (
        f"each network is the base with {', '.join(plan.fixed)}{' and ' * bool(plan.fixed)}the steps of its players, "
        "taken in the ladder's order: it is one network whatever the order in which players join."
    )
    return [("Coalitions", how), *(item for item in methods(study, rows, told) if item[0] != "Statistics")]


def _shared(found: Credits) -> tuple[str, str]:
    if found.exact:
        how = (
            "Every coalition is known, so Shapley values are exact but for the noise of the runs: their intervals are "
            "t intervals over seeds."
        )
    elif found.order_pairs == 1:
        how = "Shapley values are means over one order and its reverse: their intervals know of seeds, not of orders."
    else:
        how = (
            "Shapley values are means over random orders, each with its reverse, every order with every seed. Their "
            "intervals are of a model with seeds and orders as crossed random effects, degrees of freedom by "
            "Satterthwaite; they cover 95 % or a little more."
        )
    same = "Seeds are paired: a seed has the same order of the data and the same augmentation in every network."
    return "Statistics", f"{how} All other differences are paired t tests over seeds. {same}"


def _problems(rows: Sequence[Row], problems: Sequence[str]) -> Section:
    items = [
        (f"{row.step}, seed {seed}", f"{record.status}{f': {record.error}' if record.error else ''}")
        for row in rows
        for seed, record in row.records.items()
        if record.status != "finished"
    ]
    stale = [row.step for row in rows if row.stale]
    items += [("Stale", f"made when a step meant something else: {', '.join(stale)}")] if stale else []
    items += [("Not read", line) for line in problems]
    return Section("problems", "Problems", (Items(tuple(items)),) if items else ())
