"""The drawings of a report: which there are, where they stand, and what they say to those who do not see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modernize.report.roles import noun_of
from modernize.report.rows import Row
from modernize.report.specs import rung_specs
from modernize.report.view import Figure, keys_of
from modernize.results.study import Study

# Section, key and text of each figure, in the order of the report.
_PLACES: tuple[tuple[str, str, str], ...] = (
    ("rungs", "ladder", "{Metric} of every rung, measured and published each on an axis of its own, with MACs"),
    ("deltas", "deltas", "Change of {metric} at each step, measured with its interval, beside the published change"),
    ("cost", "path", "{Metric} against multiply-accumulates, the ladder as a path"),
    ("cost", "params", "{Metric} against parameters, the ladder as a path"),
    ("cost", "speed", "{Metric} against training speed, the ladder as a path"),
    ("cost", "seconds", "{Metric} against training time, the ladder as a path"),
    ("cost", "costs", "Multiply-accumulates and parameters of every rung by kind of operation"),
    ("cost", "stages", "Multiply-accumulates and parameters of every rung by stage"),
    ("training", "metric", "{Metric} by epoch, one panel a rung"),
    ("training", "loss", "Training loss by epoch, one panel a rung"),
    ("training", "lr", "Learning rate by epoch, one panel a rung"),
    ("steps", "ends", "A block of the first and of the last rung side by side"),
)
# The figures that need no measurement.
NOT_MEASURED = ("ladder", "deltas", "path", "params", "costs", "stages", "ends")
# Where a ladder is shown as published, these say so.
PUBLISHED = {key: alt for _, key, alt in _PLACES} | {
    "ladder": "Top-1 of every rung as published, with MACs",
    "deltas": "Change of top-1 at each step, as published",
    "path": "Published top-1 against multiply-accumulates, the ladder as a path among other published networks",
    "params": "Published top-1 against parameters, the ladder as a path among other published networks",
}


# And where not all rows are rungs, these.
ENTRIES = {
    "ladder": "{Metric} of every entry, measured and published each on an axis of its own, with MACs",
    "path": "{Metric} against multiply-accumulates of every entry",
    "params": "{Metric} against parameters of every entry",
    "speed": "{Metric} against training speed of every entry",
    "seconds": "{Metric} against training time of every entry",
    "metric": "{Metric} by epoch, one panel an entry",
    "loss": "Training loss by epoch, one panel an entry",
    "lr": "Learning rate by epoch, one panel an entry",
}


def words_of(study: Study, rows: Sequence[Row]) -> dict[str, str]:
    """Return what the drawings of a study say, by key."""
    words = {key: alt for _, key, alt in _PLACES} | ({} if noun_of(rows) == "rung" else ENTRIES)
    title = study.metric.title
    return {key: alt.format(metric=title, Metric=title.capitalize()) for key, alt in words.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Artist:
    """Draws what a report shows, when and where it is asked for.

    Attributes:
        study: The plan.
        rows: Its rungs.
        published: Whether a published ladder is drawn, without any measurement.
    """

    study: Study
    rows: Sequence[Row]
    published: bool = False

    def files(self, folder: Path) -> tuple[dict[str, str], list[Path]]:
        """Write the figures as PNG and SVG.

        Returns:
            File name without suffix of those there are, by key, and the files.
        """
        from modernize.report.figures import write_figures

        return write_figures(self.study, self.rows, folder, keys=self._keys())

    def elements(self) -> dict[str, str]:
        """Give the figures, and what each step changes, as SVG elements for a page, by key."""
        from modernize.report.figures import change, draw, network, svg_text

        told = words_of(self.study, self.rows) | (PUBLISHED if self.published else {})
        found = {}
        for key in self._keys(every=True):
            if (figure := draw(key, self.study, self.rows, theme="page")) is not None:
                found[key] = svg_text(figure, f"figure-{key}", told.get(key, key))
        specs = rung_specs(self.study, self.rows)
        keys = change_keys(specs)
        for row in self.rows:
            before, after = specs.get(row.before), specs[row.step]
            if before and after and before.arch != after.arch:
                drawing = change(before, after, titles=(row.before, row.step), theme="page")
                title = f"Network before and after {row.step}; in text below"
            elif after and not before:
                drawing = network(after, self.study.image_size, theme="page")
                title = f"The network of {row.step}, stage by stage; in text below"
            else:
                continue
            found[keys[row.step]] = svg_text(drawing, keys[row.step], title)
        return found

    def _keys(self, *, every: bool = False) -> tuple[str, ...]:
        """Return what is drawn: everything for the HTML page, what is read most for Markdown."""
        from modernize.report.figures import FIGURES, MAIN

        return NOT_MEASURED if self.published else tuple(FIGURES) if every else MAIN


def change_keys(steps: Collection[str]) -> dict[str, str]:
    """Key of the drawing of each step's change."""
    return {step: f"change-{key}" for step, key in keys_of(steps).items()}


def figures_of(section: str, drawn: Collection[str], words: Mapping[str, str]) -> tuple[Figure, ...]:
    """Return the figures of a section among those that were drawn, with their texts by key."""
    return tuple(Figure(key=key, alt=words[key]) for place, key, _ in _PLACES if place == section and key in drawn)
