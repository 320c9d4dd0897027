"""The drawings of a report: where they stand, and who draws them when a format asks for them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modernize.report.rows import Row
from modernize.report.specs import rung_specs
from modernize.report.view import Figure, keys_of
from modernize.results.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Artist:
    """Draws what a report shows, when and where it is asked for; without planned runs, what is published alone.

    Attributes:
        study: The plan.
        rows: Its rungs.
        only: Keys of the figures that it draws; () for all.
    """

    study: Study
    rows: Sequence[Row]
    only: tuple[str, ...] = ()

    def files(self, folder: Path) -> tuple[dict[str, str], list[Path]]:
        """Write the figures that are read most as PNG and SVG, and as PNG for dark pages.

        Returns:
            File name without suffix of those there are, by key, and the files.
        """
        from modernize.report.figures import MAIN, write_figures

        keys = self.only or (MAIN if self._planned else [key for key in self._published() if key in MAIN])
        names, files = write_figures(self.study, self.rows, folder, keys=keys)
        _, dark = write_figures(self.study, self.rows, folder, keys=tuple(names), theme="dark", formats=("png",))
        return names, files + dark

    def elements(self) -> dict[str, str]:
        """Give the figures, what each step changes and its curves, as SVG elements for a page, by key."""
        from modernize.report.figures import FIGURES, alt_text, draw, svg_text

        found = {}
        for key in self.only or (FIGURES if self._planned else self._published()):
            if (figure := draw(key, self.study, self.rows, theme="page")) is not None:
                found[key] = svg_text(figure, f"figure-{key}", alt_text(key, self.study, self.rows))
        return found if self.only else found | self._changes() | self._curves()

    def _changes(self) -> dict[str, str]:
        from modernize.report.figures import change, network, svg_text

        found = {}
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

    def _curves(self) -> dict[str, str]:
        from modernize.report.figures import rung_curve, svg_text

        found = {}
        by_step = {row.step: row for row in self.rows}
        for step, keys in curve_keys(by_step).items():
            row = by_step[step]
            for of, key in keys.items():
                if curve := rung_curve(row, by_step.get(row.before), of, theme="page"):
                    data = {"epochs": json.dumps(curve.epochs), "ends": json.dumps(curve.ends)}
                    found[key] = svg_text(curve.figure, key, curve.title, data)
        return found

    @property
    def _planned(self) -> bool:
        return any(row.planned.run_ids for row in self.rows)

    def _published(self) -> list[str]:
        from modernize.report.figures import FIGURES

        return [key for key, figure in FIGURES.items() if not figure.measured]


def change_keys(steps: Collection[str]) -> dict[str, str]:
    """Key of the drawing of each step's change."""
    return {step: f"change-{key}" for step, key in keys_of(steps).items()}


def curve_keys(steps: Collection[str]) -> dict[str, dict[Literal["metric", "loss"], str]]:
    """Keys of the drawings of each step's training, by what they show."""
    return {
        step: {"metric": f"curve-{key}-metric", "loss": f"curve-{key}-loss"} for step, key in keys_of(steps).items()
    }


def figures_of(
    section: str, drawn: Collection[str], study: Study, rows: Sequence[Row], place: str = "above"
) -> tuple[Figure, ...]:
    """Return the figures of a section among those that were drawn, of one place in it."""
    if not drawn:
        return ()
    from modernize.report.figures import FIGURES, alt_text

    return tuple(
        Figure(key=key, alt=alt_text(key, study, rows))
        for key, figure in FIGURES.items()
        if figure.section == section and figure.place == place and key in drawn
    )
