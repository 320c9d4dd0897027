"""Whole optimizer steps as CUDA graphs: recorded once, then replayed with one launch each.

Meant for small networks, whose step is hundreds of short kernels: on a GPU launching them may take longer than they do.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Step = Callable[[Tensor, Tensor, "float | Tensor"], Tensor]
"""Images (n, 3, h, w), targets and learning rate -> loss."""

Recorder = Callable[[Callable[[], Tensor]], tuple[Callable[[], object], Tensor]]
"""Does not do a step but records it: returns what does it, and the tensor that then holds its loss."""

STEPS_BEFORE = 3
"""Done as they are before one is recorded: the first ones compile, choose kernels and fill caches."""


class GraphedStep:
    """An optimizer step that is recorded after its first few calls, and from then on replayed.

    All calls do a step, and the same one: nothing is done twice for the recording. What the step reads besides its
    arguments (weights, optimizer state) must stay where it is in memory, and its arguments keep their shapes. The loss
    is overwritten by the next call.

    Args:
        step: What to do. It must not wait for the GPU.
        device: Of its tensors.
        record: How steps are recorded and before that done; tests give another one.
    """

    def __init__(self, step: Step, device: torch.device, *, record: Recorder | None = None) -> None:
        self.step, self.device = step, device
        self.record = record or record_on_gpu
        self.num_calls = 0
        self._inputs: tuple[Tensor, Tensor, Tensor] | None = None
        self._recorded: tuple[Callable[[], object], Tensor] | None = None

    def __call__(self, images_nchw: Tensor, targets: Tensor, lr: float | Tensor) -> Tensor:
        """Do the step on a batch."""
        if self._inputs is None:
            # Optimizers on a GPU read a learning rate that may change as a number of fp32.
            rate = torch.zeros((), device=self.device)
            self._inputs = torch.empty_like(images_nchw), torch.empty_like(targets), rate
        inputs = held_images, held_targets, rate = self._inputs
        held_images.copy_(images_nchw)
        held_targets.copy_(targets)
        rate.fill_(lr)
        self.num_calls += 1
        if self.num_calls <= STEPS_BEFORE:
            return self._aside(*inputs)
        if self._recorded is None:
            self._recorded = self.record(lambda: self.step(*inputs))
        replay, loss = self._recorded
        replay()
        return loss

    def _aside(self, *inputs: Tensor) -> Tensor:
        """Do the step as it is, on a stream beside the usual one: recording refuses gradients tied to that one."""
        if self.device.type != "cuda":
            return self.step(*inputs)
        usual, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(usual)
        with torch.cuda.stream(aside):
            loss = self.step(*inputs)
        usual.wait_stream(aside)
        return loss


def record_on_gpu(step: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
    """Record a step as a CUDA graph."""
    graph = torch.cuda.CUDAGraph()
    # Other threads go on meanwhile: the one that pins decoded images calls CUDA too.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        loss = step()
    return graph.replay, loss
