"""What an objective measures: its metrics by name, each with title, unit and direction; the first one is primary.

This is the only place that says so. How a metric is computed, `modernize.objectives` says.
"""

from __future__ import annotations

from dataclasses import dataclass

from modernize.words import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number that an evaluation gives.

    Attributes:
        name: In records; its unit is in it.
        title: In reports, for example "top-1".
        unit: "%", or "" for none.
        falls: Whether less is better.
        digits: Behind the point, where it is printed.
    """

    name: str
    title: str
    unit: str = ""
    falls: bool = False
    digits: int = 2

    @property
    def heading(self) -> str:
        """The title where a sentence begins: "Box mAP"."""
        return self.title[0].upper() + self.title[1:]

    @property
    def label(self) -> str:
        """Title and unit, as over a column: "top-1, %"."""
        return self.title + self.in_unit

    @property
    def in_unit(self) -> str:
        """The unit behind a title: ", %"."""
        return f", {self.unit}" if self.unit else ""

    @property
    def delta_unit(self) -> str:
        """Of a difference: of percentages it is points."""
        return "points" if self.unit == "%" else self.unit

    def text(self, value: float) -> str:
        """Give a value with its unit.

        Examples:
            >>> TOP1.text(81.974), LOSS.text(0.7)
            ('81.97 %', '0.700')
        """
        return f"{value:.{self.digits}f} {self.unit}".rstrip()

    def difference(self, size: float) -> str:
        """Give the size of a difference with its unit.

        Examples:
            >>> TOP1.difference(1.0), LOSS.difference(0.05)
            ('1 point', '0.05')
        """
        return plural(size, "point") if self.unit == "%" else f"{size:g} {self.unit}".rstrip()

    @property
    def verdicts(self) -> tuple[str, str]:
        """What more of it is, and what less."""
        return ("worse", "better") if self.falls else ("better", "worse")


TOP1 = Metric(name="top1_percent", title="top-1", unit="%")
LOSS = Metric(name="loss", title="loss", falls=True, digits=3)
MASKED_LOSS = Metric(name="masked_loss", title="loss on hidden patches", falls=True, digits=4)

BOX_AP = Metric(name="box_ap_percent", title="box mAP", unit="%")
MASK_AP = Metric(name="mask_ap_percent", title="mask mAP", unit="%")
MIOU = Metric(name="miou_percent", title="mean IoU", unit="%")

CLASSIFICATION = "classification"
MASKED_RECONSTRUCTION = "masked-reconstruction"
DETECTION = "detection"
SEGMENTATION = "segmentation"
METRICS: dict[str, tuple[Metric, ...]] = {
    CLASSIFICATION: (TOP1, LOSS),
    MASKED_RECONSTRUCTION: (MASKED_LOSS,),
    DETECTION: (BOX_AP, MASK_AP),
    SEGMENTATION: (MIOU, LOSS),
}
"""By objective: what `Recipe.objective` may be, and what its records hold; the first is primary."""

TARGETS: dict[str, str] = {CLASSIFICATION: "labels", DETECTION: "objects", SEGMENTATION: "objects"}
"""What an objective learns of each image, beside its pixels: one label, or the objects in it."""


def primary(objective: str) -> Metric:
    """Return the metric that an objective's results are compared by."""
    return METRICS[objective][0]
