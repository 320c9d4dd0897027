"""What an objective is; each is a subclass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from torch import Tensor, nn

from modernize.entry import Trainable
from modernize.models import build_model

Forward = Callable[..., Any]
"""Calls the network, in the precision of the run: what it gives may be of half precision."""


class Processes(Protocol):
    """The processes that share an evaluation."""

    def sum(self, *numbers: float) -> tuple[float, ...]:
        """Return the sum of each number over all of them."""
        ...

    def join(self, items: list[Any]) -> list[Any]:
        """Return the lists of all of them as one, in their order."""
        ...


class Evaluator(ABC):
    """Gathers what metrics are made of, batch by batch, over this process's share of a split."""

    @abstractmethod
    def add(self, forward: Forward, inputs: Any, targets: Any) -> None:
        """Look at a batch as the feed gave it. Nothing should wait for the device here."""

    @abstractmethod
    def metrics(self, world: Processes) -> dict[str, float]:
        """Return the objective's metrics over all processes, by the names of `modernize.metrics`."""


class Objective(ABC):
    """What is built for a recipe's objective, its loss and its evaluation.

    Inputs and targets are the feed's. Training takes a batch apart (`micro_batch`), so both have a length, the number
    of images, and can be sliced; nothing else is supposed of them.

    Attributes:
        shows: Whether it has pictures to show.

    Args:
        entry: What is trained.
        num_classes: Of the data.
        image_size: Height and width of the images in pixels.
        batch_size: Images in a batch of this process.
        seed: Of the run.
        rank: Of this process.
    """

    shows: ClassVar[bool] = False

    def __init__(
        self, entry: Trainable, *, num_classes: int, image_size: int, batch_size: int, seed: int, rank: int = 0
    ) -> None:
        self.entry, self.recipe = entry, entry.recipe
        self.num_classes, self.image_size = num_classes, image_size
        self.batch_size, self.seed, self.rank = batch_size, seed, rank

    def build(self) -> nn.Module:
        """Build and initialise the network that is trained, drawing from torch's global generator."""
        return build_model(self.entry.model, self.recipe, num_classes=self.num_classes, image_size=self.image_size)

    def trunk(self, network: nn.Module) -> nn.Module:
        """Return the part of a built network that starting weights are of, and that layers' rates decay in."""
        return network

    def prepare(self, inputs: Any, targets: Any, *, step: int) -> tuple[Any, Any]:  # noqa: ARG002
        """Return a whole training batch as `loss` takes it; what is drawn here depends on seed, step and rank alone.

        Args:
            inputs: This process's share of the batch; may be changed in place.
            targets: What the feed gave with them.
            step: Optimizer steps done before.
        """
        return inputs, targets

    @abstractmethod
    def loss(self, forward: Forward, inputs: Any, targets: Any) -> Tensor:
        """Return the mean loss, fp32, of a prepared batch or a part of it."""

    def pictures(self, forward: Forward, inputs: Any, targets: Any) -> Tensor:
        """Return what a report may show of some evaluation images, normalised as the feed's, (kinds, N, 3, H, W)."""
        raise NotImplementedError

    @abstractmethod
    def evaluator(self) -> Evaluator:
        """Return what evaluates a split, to be used once."""
