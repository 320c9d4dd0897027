"""What networks cost in practice: forward and training speed, latency and memory, in a grid of settings."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from modernize.cost import cost
from modernize.errors import ModernizeError
from modernize.external import External
from modernize.measure.timing import Passes, Task, reason, time_in_turn
from modernize.models import build_model, count_external
from modernize.recipes import named_recipe
from modernize.results.record import CostFacts
from modernize.results.speeds import Layout, Setting, Timing, Work
from modernize.spec import Spec
from modernize.train.device import autocast, choose_device, set_arithmetic
from modernize.train.distributed import World
from modernize.train.optimizer import Optimizer, parameter_groups
from modernize.train.runtime import Precision, Runtime

LAYOUTS = {"channels-last": torch.channels_last, "nchw": torch.contiguous_format}
WARM_UP = 2
RECIPE = "convnext"
"""Whose optimizer updates every network."""

Role = Literal["rung", "network", "baseline", "formulation"]
Keep = Callable[[Sequence[Timing]], None]


@dataclass(frozen=True, kw_only=True)
class Candidate(ABC):
    """Something to time.

    Attributes:
        name: Of its rows; no two share one.
        role: See `modernize.results.speeds.Timing`.
        cost: Counted on one image.
        batch_size: Images of a pass.
        works: What is timed.
    """

    name: str
    role: Role
    cost: CostFacts
    batch_size: int
    works: tuple[Work, ...]

    @abstractmethod
    def tasks(self, setting: Setting, device: torch.device) -> dict[Work, Task]:
        """Build it and make ready what is timed; it may raise anything."""

    def row(self, setting: Setting, work: Work, passes: Passes) -> Timing:
        """Set down what was measured."""
        return Timing(
            entry=self.name,
            role=self.role,
            macs=self.cost.macs,
            num_params=self.cost.num_params,
            setting=setting,
            work=work,
            batch_size=1 if work == "latency" else self.batch_size,
            seconds=tuple(passes.seconds),
            processor_seconds=tuple(passes.processor_seconds),
            peak_memory_mb=passes.peak_memory_mb,
            why_not=passes.why_not or ("" if passes.seconds else "interrupted before it was timed"),
        )


@dataclass(frozen=True, kw_only=True)
class Networked(Candidate):
    """A classifier.

    Attributes:
        model: A spec of ours, or another library's network.
        num_classes: Outputs.
        image_size: Height and width in pixels.
    """

    model: Spec | External
    num_classes: int
    image_size: int

    def tasks(self, setting: Setting, device: torch.device) -> dict[Work, Task]:
        """See `Candidate.tasks`."""
        recipe = named_recipe(RECIPE)
        model, own = (self.model, recipe) if isinstance(self.model, External) else (self.model.arch, self.model.recipe)
        torch.manual_seed(0)
        network = build_model(model, own, num_classes=self.num_classes, image_size=self.image_size)
        network.to(device, memory_format=LAYOUTS[setting.layout])  # type: ignore[call-overload]
        optimizer = Optimizer(parameter_groups(network, recipe), recipe)
        if setting.compiled:
            network.compile()
        images, one = (_images(count, self.image_size, setting, device) for count in (self.batch_size, 1))
        labels = torch.randint(0, self.num_classes, (self.batch_size,), device=device)
        inside = Runtime(device=setting.device, precision=setting.precision)

        @torch.inference_mode()
        def forward(batch: Tensor) -> None:
            with autocast(inside, device):
                network(batch)

        def step() -> None:
            optimizer.zero_grad()
            with autocast(inside, device):
                loss = F.cross_entropy(network(images).float(), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step(0.0)  # as much arithmetic as at any rate, and the weights stay

        found: dict[Work, Task] = {
            "forward": Task(partial(forward, images), network.eval),
            "training": Task(step, network.train),
            "latency": Task(partial(forward, one), network.eval),
        }
        return {work: found[work] for work in self.works}


def networks(
    named: Mapping[str, tuple[Role, Spec | External]],
    *,
    num_classes: int,
    image_size: int,
    batch_size: int,
    works: tuple[Work, ...],
) -> list[Networked]:
    """Count networks, so that they can be timed.

    Raises:
        ModernizeError: If a library has no such network, or one does not take such images.
    """
    size = {"num_classes": num_classes, "image_size": image_size}
    found = []
    for name, (role, model) in named.items():
        if isinstance(model, External):
            counted = count_external(model, **size)
        else:
            ours = cost(model.with_arch(num_classes=num_classes), image_size)
            counted = CostFacts(macs=ours.macs, num_params=ours.num_params)
        found.append(
            Networked(name=name, role=role, cost=counted, batch_size=batch_size, works=works, model=model, **size)
        )
    return found


def _images(count: int, size: int, setting: Setting, device: torch.device) -> Tensor:
    drawn = torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(0))
    return drawn.to(device).contiguous(memory_format=LAYOUTS[setting.layout])


def grid(
    device: str, precisions: Sequence[Precision], layouts: Sequence[Layout], compiled: Sequence[bool]
) -> tuple[Setting, ...]:
    """Return every combination of settings, the plainest first."""
    return tuple(
        Setting(device=device, precision=precision, layout=layout, compiled=compiles)
        for compiles, precision, layout in product(compiled, precisions, layouts)
    )


@dataclass
class _Round:
    """One setting being measured."""

    candidates: Sequence[Candidate]
    setting: Setting
    passes: dict[tuple[str, Work], Passes] = field(default_factory=dict)

    def rows(self) -> list[Timing]:
        return [
            candidate.row(self.setting, work, self.passes.get((candidate.name, work), Passes()))
            for candidate in self.candidates
            for work in candidate.works
        ]


def measure_speeds(
    candidates: Sequence[Candidate],
    settings: Iterable[Setting],
    *,
    repeats: int,
    num_threads: int,
    begin: Callable[[Setting], None],
    keep: Keep,
) -> None:
    """Time all candidates in turn, setting by setting; what cannot be done is a row that says why.

    Args:
        candidates: What to time; all of them are in memory at once.
        settings: How, one after the other.
        repeats: Passes of each.
        num_threads: Of torch, on a processor.
        begin: Told each setting as it begins.
        keep: Given all rows so far whenever a setting is done, and at an interrupt.

    Raises:
        KeyboardInterrupt: At Ctrl-C, after `keep`.
    """
    done: list[Timing] = []
    with _threads(num_threads):
        for setting in settings:
            begin(setting)
            current = _Round(candidates, setting)
            try:
                _measure(current, repeats)
            finally:
                done += current.rows()
                keep(done)


def _measure(current: _Round, repeats: int) -> None:
    setting = current.setting
    runtime = Runtime(device=setting.device, precision=setting.precision, compile=setting.compiled)

    def give_up(candidates: Sequence[Candidate], why: str) -> None:
        current.passes.update(((c.name, work), Passes(why_not=why)) for c in candidates for work in c.works)

    try:
        device = choose_device(runtime, World())
        set_arithmetic(runtime, device)
    except ModernizeError as error:
        give_up(current.candidates, str(error))
        return
    if setting.compiled:
        torch.compiler.reset()
    tasks: dict[tuple[str, Work], Task] = {}
    for candidate in current.candidates:
        try:
            tasks.update(((candidate.name, work), task) for work, task in candidate.tasks(setting, device).items())
        except Exception as error:
            give_up([candidate], reason(error))
    time_in_turn(tasks, current.passes, device=str(device), warm_up=WARM_UP, repeats=repeats)
    tasks.clear()
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
