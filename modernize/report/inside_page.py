"""A look inside a study's networks as a page with figures, as CSV and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from matplotlib.figure import Figure as Drawn

from modernize.analysis.gains import Exchange, Gains
from modernize.analysis.inside import SHARES, Inside
from modernize.report import inside_tables
from modernize.report.figures import figure_bytes, svg_text
from modernize.report.figures.inside import DRAWN
from modernize.report.figures.look import Theme
from modernize.report.machines import hardware_text
from modernize.report.tables import Flat
from modernize.report.view import Block, Facts, Figure, Page, Paragraph, Section, Table
from modernize.report.write import check_formats, write_formats
from modernize.results.files import write_atomically
from modernize.results.record import Record
from modernize.words import NONE, listed, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section of the page: its heading, what its figure shows, and what it cannot show, in a sentence each."""

    title: str
    alt: str
    shows: str
    limits: str
    tables: Callable[[Inside], Iterable[Table]]


@dataclass(frozen=True, slots=True)
class InsideArtist:
    """Draws the figures, when and where they are asked for."""

    found: Inside

    def files(self, folder: Path) -> tuple[dict[str, str], list[Path]]:
        """Write them as PNG and SVG, and as PNG for dark pages."""
        written = []
        for key, drawn in self._drawn("light"):
            written += [write_atomically(folder / f"{key}.{s}", figure_bytes(drawn, s)) for s in ("png", "svg")]
        for key, drawn in self._drawn("dark"):
            written.append(write_atomically(folder / f"{key}-dark.png", figure_bytes(drawn, "png")))
        return {path.stem: path.stem for path in written if path.suffix == ".svg"}, written

    def elements(self) -> dict[str, str]:
        """Give them as SVG elements."""
        return {key: svg_text(drawn, f"figure-{key}", PARTS[key].alt) for key, drawn in self._drawn("page")}

    def _drawn(self, theme: Theme) -> Iterable[tuple[str, Drawn]]:
        found = ((key, draw(self.found, theme=theme)) for key, draw in DRAWN.items())
        return [(key, drawn) for key, drawn in found if drawn]


def inside_page(found: Inside, records: Sequence[Record], notes: Sequence[str], drawn: Sequence[str]) -> Page:
    """Lay it out.

    Args:
        found: What was found.
        records: Of the runs looked into.
        notes: What a reader should know besides.
        drawn: Keys of the figures there are.
    """
    sections = []
    for key, part in PARTS.items():
        tables = [one for one in part.tables(found) if one.rows]
        figures = [Figure(key, part.alt)] if key in drawn else []
        blocks: list[Block] = [*figures, Paragraph(f"{part.shows} {part.limits}"), *tables]
        sections += [Section(key, part.title, tuple(blocks))] if figures or tables else []
    return Page(
        name=found.study,
        title=f"Inside the networks of {found.study}",
        lead=(Facts(_facts(found, records)), *(Paragraph(note) for note in notes)),
        sections=tuple(sections),
    )


def _facts(found: Inside, records: Sequence[Record]) -> tuple[tuple[str, str], ...]:
    data = records[0].data
    epochs = sorted({record.budget.epochs for record in records})
    seeds = sorted({seed for of_row in found.seeds.values() for seed in of_row})
    commits = sorted({record.commit[:9] + "+dirty" * record.commit.endswith("+dirty") for record in records} - {""})
    runs = f"{plural(len(records), 'run')} of {plural(len(found.seeds), 'network')}"
    return (
        ("measured on", f"{runs}, seeds {listed(map(str, seeds))}"),
        ("data", f"{data.name}: trained on {data.num_train_images:,} images of {found.image_size} px"),
        ("budget", f"{listed(sorted({r.budget.name for r in records}))}, {listed(map(str, epochs))} epochs"),
        ("test images", f"{found.num_images:,}; of what is got right {found.num_test_images:,}"),
        ("machines", "; ".join(sorted({hardware_text(record.hardware) for record in records}))),
        ("commits", listed(commits) if commits else NONE),
    )


PARTS: Mapping[str, Part] = {
    "fields": Part(
        title="How far they look",
        alt="Contribution of each pixel to the middle of each network's last map, with squares that hold it",
        shows="Shown is from where in the image the middle of a map gets its gradient: its effective receptive field, "
        "the mean over test images, colours and seeds, and the side of the square that holds a share of it.",
        limits="It is a gradient at these images, not what the network needs, and it ends at the image's border: where "
        "a side is near the image's, the field may be larger.",
        tables=inside_tables.fields,
    ),
    "alignment": Part(
        title="How alike they are",
        alt="Linear CKA of each network with the one before and between its own seeds, by stride",
        shows="Shown is how alike two networks describe the same images, map by map (linear CKA with unbiased HSIC: 1 "
        "up to rotation and scale, 0 for independent ones); between seeds of a network it is what chance leaves.",
        limits="CKA is led by the few directions of most variance and knows no class: networks may be alike and right "
        "about other images, or unlike and right about the same ones.",
        tables=inside_tables.alignment,
    ),
    "diversity": Part(
        title="How diverse their channels are",
        alt="Feature diversity by layer of each network",
        shows="Shown is how far the channels of each layer that narrows a block are apart, 0 where all say the same, "
        "0.5 where they are orthogonal (ConvNeXt V2's feature diversity).",
        limits="ReLU keeps channels on one side of 0, GELU hardly, so networks of other activations do not compare; "
        "and what enters such a layer is another place of the block before and behind the inverted bottleneck.",
        tables=inside_tables.diversity,
    ),
    "gains": Part(
        title="What each gets right that the one before did not",
        alt="Test images that each network gains and loses against the one before, by class, and what seeds exchange",
        shows="Shown are test images that only the new network gets right (gained) or only the old one (lost), as mean "
        "over pairs of runs of different seeds, beside what two seeds of one network exchange.",
        limits="Only what goes beyond the seeds' exchange is the step's; images that all seeds of one network and none "
        "of the other get right ('always') are the fewer the more seeds there are.",
        tables=inside_tables.gains,
    ),
}
"""By key of the figure, in the order of the page."""


def inside_rows(found: Inside) -> list[Flat]:
    """Give a row a pair and class; "" stands for all classes."""
    return [
        {"new": one.new, "old": one.old, "num_seeds": one.num_seeds, "class": name, **_exchange(of)}
        for one in found.gains
        for name, of in {"": one.overall, **one.classes}.items()
    ]


def _exchange(one: Exchange) -> Flat:
    return {f"{name}_percent": value for name, value in asdict(one).items()}


def inside_json(found: Inside, notes: Sequence[str]) -> Flat:
    """Give all of it as plain data, but for the contribution of each pixel."""

    def of(one: Gains) -> Flat:
        return asdict(one) | {
            "overall": _exchange(one.overall),
            "classes": {name: _exchange(of_class) for name, of_class in one.classes.items()},
        }

    return {
        "study": found.study,
        "num_images": found.num_images,
        "num_test_images": found.num_test_images,
        "seeds": found.seeds,
        "receptive_fields": {
            name: [
                {"stride": one.stride, "map_px": one.map_px}
                | {f"side_px_{100 * s:.0f}_percent": side for s, side in zip(SHARES, one.sides_px, strict=True)}
                for one in of_row
            ]
            for name, of_row in found.fields.items()
        },
        "alignment": [asdict(one) for one in found.likenesses],
        "diversity": found.diversity,
        "gains": [of(one) for one in found.gains],
        "notes": list(notes),
    }


def write_inside(
    found: Inside, records: Sequence[Record], notes: Sequence[str], folder: Path, formats: Sequence[str]
) -> list[Path]:
    """Write it into a folder.

    Raises:
        ModernizeError: If a format is unknown or a file cannot be written.
    """
    check_formats(formats)
    return write_formats(
        folder / "inside",
        formats,
        lambda keys, panels: inside_page(found, records, notes, keys),  # noqa: ARG005
        table=lambda: inside_rows(found),
        facts=lambda: inside_json(found, notes),
        artist=InsideArtist(found),
    )
