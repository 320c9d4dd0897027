"""What the user asks of `run`, as typed data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from modernize.errors import ModernizeError, shown, unknown_name
from modernize.external import parse_external
from modernize.overrides import Overrides, read_overrides
from modernize.regimes import DEFAULT_REGIME
from modernize.run.trackers import TRACKERS
from modernize.selection import Selection
from modernize.strict import from_dict, refuse_outside
from modernize.studies.definition import DEFINITION_FIELDS, Definition, read_definition

# Of `until_decided`: seeds of the first round, where no number is given, and rounds of so many, where no most is.
FIRST_ROUND = 4
MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A study to run: the arguments of `modernize.run`, checked, but for those that belong together.

    Attributes:
        selection: Which steps the ladder takes.
        controls: Whether each step that makes its network costlier gets a control, see `modernize.studies.controls`.
        overrides: Fields of the spec set by hand.
        seeds: Of each row; with `until_decided`, those of the first round.
        until_decided: Whether rows get seeds in rounds, until their contrasts are decided or there are `max_seeds`.
        track: Trackers that are told of each run, see `modernize.run.trackers`.
        definition: What a study file says beside options: rows, contrasts, published values, budgets.
    """

    regime: str = DEFAULT_REGIME
    selection: Selection = field(default_factory=Selection)
    data: str = "shapes"
    budget: str = "smoke"
    epochs: int | None = None
    train_images: int | None = None
    test_images: int | None = None
    image_size: int | None = None
    stem_stride: int | None = None
    val_share: float | None = None
    recipe: str = ""
    baseline: tuple[str, ...] = ()
    controls: bool = False
    seeds: tuple[int, ...] = (0,)
    until_decided: bool = False
    max_seeds: int | None = None
    device: str = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    gpus: int | None = None
    micro_batch: int = 0
    compile: bool = False
    cuda_graphs: bool = False
    deterministic: bool = False
    decode_workers: int | None = None
    jobs: int = 0
    out: Path = Path()
    name: str = ""
    note: str = ""
    weights: Path | None = None
    no_weights: bool = False
    track: tuple[str, ...] = ()
    data_dir: Path | None = None
    download: bool = False
    repeat: bool = False
    extend: bool = False
    replace: bool = False
    overrides: Overrides = field(default_factory=Overrides)
    definition: Definition = field(default_factory=Definition)

    @property
    def rounds(self) -> tuple[int, ...]:
        """How many seeds there are after each round; () where there are none."""
        if not self.until_decided:
            return ()
        first = len(self.seeds) if len(self.seeds) > 1 else FIRST_ROUND
        most = self.max_seeds or MOST_ROUNDS * first
        return (*range(first, most, first), most)

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """Every seed that a run may have: those of all rounds."""
        return tuple(range(self.rounds[-1])) if self.rounds else self.seeds


SELECTION_FIELDS = tuple(each.name for each in fields(Selection))
_PARTS = {"selection": SELECTION_FIELDS, "overrides": ("set",), "definition": DEFINITION_FIELDS}
FILE_FIELDS = tuple(name for each in fields(RunRequest) for name in _PARTS.get(each.name, (each.name,)))
"""What `request_from` takes."""


def request_from(**options: Any) -> RunRequest:
    """Build a request from keyword arguments: fields of it, its selection and its definition, and `set` for overrides.

    Examples:
        >>> request_from(upto="ln", set={"recipe.lr": 2e-3}).overrides.recipe
        {'lr': 0.002}

    Raises:
        ModernizeError: If an option is unknown, has the wrong type, is out of range or contradicts another.
    """
    selection = {name: options.pop(name) for name in SELECTION_FIELDS if name in options}
    tables = {name: options.pop(name) for name in DEFINITION_FIELDS if name in options}
    for name in ("out", "data_dir", "weights"):
        if isinstance(options.get(name), str):
            options[name] = Path(options[name])
    settings = options.pop("set", {})
    if not isinstance(settings, Mapping):
        raise ModernizeError(f"set should be a table of fields, not {shown(settings)}.")
    for name in options:
        if name not in FILE_FIELDS:
            raise unknown_name("field", name, FILE_FIELDS)
    if "seeds" in options:
        options["seeds"] = read_seeds(options["seeds"])
    parts = {
        "selection": from_dict(Selection, selection),
        "overrides": read_overrides(settings),
        "definition": read_definition(tables),
    }
    request = from_dict(RunRequest, {**options, **parts})
    _check(request)
    return request if request.gpus is None or request.device.startswith("cuda") else replace(request, device="cuda")


_RANGES: dict[str, tuple[float, float]] = {
    "epochs": (1, 1_000_000),
    **dict.fromkeys(("train_images", "test_images"), (1, 1_000_000_000)),
    "image_size": (1, 16_384),
    "val_share": (0, 0.4),
    "max_seeds": (2, 1_000),
    "gpus": (1, 4_096),
    **dict.fromkeys(("jobs", "decode_workers"), (0, 1_024)),
    "micro_batch": (0, 1_000_000),
}


def _check(request: RunRequest) -> None:
    refuse_outside(request, _RANGES)
    for name in request.track:
        if name not in TRACKERS:
            raise unknown_name("tracker", name, TRACKERS)
    named = [str(parse_external(text)) for text in request.baseline]
    if twice := [name for name in named if named.count(name) > 1]:
        raise ModernizeError(f"the baseline {twice[0]} is given twice.")
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", request.device):
        raise ModernizeError(f"device cannot be '{request.device}'. Allowed: auto, cpu, cuda, cuda:0, cuda:1, ...")
    if request.extend and request.replace:
        raise ModernizeError("extend keeps the study of that name and replace does not; give one of them.")
    _check_rounds(request)
    if request.definition.entries:
        _refuse_ladder(request)
    if request.definition.attribution:
        _refuse_beside_attribution(request)
    if request.gpus is not None and request.device == "cpu":
        raise ModernizeError("gpus and the device 'cpu' contradict each other.")


def _check_rounds(request: RunRequest) -> None:
    if not request.until_decided:
        if request.max_seeds is not None:
            raise ModernizeError("max_seeds is for until_decided; without it, seeds says how many there are.")
        return
    if request.seeds != tuple(range(len(request.seeds))):
        raise ModernizeError("until_decided takes the seeds of the first round as a number, for example seeds = 4.")
    if request.extend:
        raise ModernizeError("extend would add seeds that the rounds of until_decided do not know; leave one out.")
    if len(request.rounds) < 2 or request.rounds[-1] > MOST_SEEDS:
        raise ModernizeError(
            f"max_seeds should be above the {request.rounds[0]} seeds of the first round and at most {MOST_SEEDS:,}, "
            f"not {request.rounds[-1]}."
        )


def _refuse_ladder(request: RunRequest) -> None:
    """Refuse what chooses or changes the rungs of a ladder where a study lists its rows."""
    chosen = [name for name in SELECTION_FIELDS if getattr(request.selection, name) != getattr(Selection(), name)]
    chosen += ["baseline"] * bool(request.baseline) + ["controls"] * request.controls
    chosen += ["stem_stride"] * (request.stem_stride is not None)
    chosen += [f"arch.{name}" for name in request.overrides.arch]
    if chosen:
        raise ModernizeError(f"{chosen[0]} is for a ladder, but this study lists its entries; change them in its file.")


def _refuse_beside_attribution(request: RunRequest) -> None:
    """Refuse what an attribution has no place for: its rows are the coalitions of the ladder's steps, and no others."""
    chosen = [name for name in ("order", "start", "probes") if getattr(request.selection, name)]
    chosen += [
        name for name in ("baseline", "controls", "until_decided", "extend", "weights") if getattr(request, name)
    ]
    chosen += [
        name for name in ("entries", "contrasts", "predictions", "references") if getattr(request.definition, name)
    ]
    if chosen:
        raise ModernizeError(
            f"{chosen[0]} and attribution contradict each other: its rows are coalitions of the ladder's steps, which "
            "upto, skip, only and path choose."
        )


MOST_SEEDS = 1_000
LARGEST_SEED = 2**31 - 1

_PART = re.compile(r"\s*([0-9]+)\s*(?:-\s*([0-9]+)\s*)?", re.ASCII)


def read_seeds(value: object) -> tuple[int, ...]:
    """Read seeds: a number n means 0 to n - 1; ranges and lists mean those.

    Examples:
        >>> read_seeds(3), read_seeds("3"), read_seeds("8-10"), read_seeds("0,5-6"), read_seeds([5])
        ((0, 1, 2), (0, 1, 2), (8, 9, 10), (0, 5, 6), (5,))

    Raises:
        ModernizeError: If it is none of these, a seed comes twice, or there are too many.
    """
    spans = _spans(value)
    if not spans or any(not 0 <= low <= high <= LARGEST_SEED for low, high in spans):
        raise ModernizeError(
            f"seeds should be a number (3 for 0, 1 and 2), a range (8-15) or a list (0,5,7), not {shown(value)}."
        )
    if (number := sum(high - low + 1 for low, high in spans)) > MOST_SEEDS:
        raise ModernizeError(f"seeds: {number:,} are asked for; at most {MOST_SEEDS:,} make one study.")
    seeds = sorted(seed for low, high in spans for seed in range(low, high + 1))
    if twice := [seed for seed, after in pairwise(seeds) if seed == after]:
        raise ModernizeError(f"seeds: {twice[0]} is given twice.")
    return tuple(seeds)


def _spans(value: object) -> list[tuple[int, int]]:
    """Return first and last seed of each range; none where it cannot be read."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", value, re.ASCII):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return [(0, value - 1)]
    if isinstance(value, str):
        parts = [_PART.fullmatch(part) for part in value.split(",")]
        return [(int(part[1]), int(part[2] or part[1])) for part in parts if part] if all(parts) else []
    if isinstance(value, list | tuple) and all(type(seed) is int for seed in value):
        return [(seed, seed) for seed in value]
    return []
