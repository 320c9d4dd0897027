"""One run: train a network on one data set with one seed, and evaluate it after every epoch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modernize.datasets.dataset import Dataset
from modernize.datasets.feed import Feed
from modernize.entry import Trainable
from modernize.train.checkpoint import Checkpoints
from modernize.train.outcome import Outcome
from modernize.train.runtime import Runtime
from modernize.train.trainer import OnStep, Stopped, Trainer

__all__ = ["OnStep", "Stopped", "train"]


def train(
    entry: Trainable,
    data: Dataset | Feed,
    *,
    seed: int,
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    on_step: OnStep | None = None,
    checkpoints: Checkpoints | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    weights: Path | None = None,
    keep: Path | None = None,
) -> Outcome:
    """Train an entry or a spec with its recipe as given (shorten it first if need be).

    The same network, recipe, data, seed and runtime give the same numbers bit for bit on one processor with one thread
    (on a GPU with `runtime.deterministic`), however often the run is interrupted and resumed. The data order and
    augmentation depend on the seed alone, not on the network.

    Where the recipe has a moving average of the weights (`ema_decay`), the average is what is evaluated. Where the
    data has a validation split, it is evaluated after each epoch and the test images once, at the end; otherwise the
    test images are evaluated after each epoch.

    Args:
        entry: What to train; the data says how many classes there are.
        data: Training and evaluation images, or a feed of them for this process and device.
        seed: Of weights, order and augmentation.
        runtime: Device, precision and the like. With `num_processes` above 1, each process calls this function alike,
            and the environment says which one it is (see `distributed.join`).
        on_step: Called with the epochs and the steps done after each step.
        checkpoints: Where to resume from and to save to; of several processes the first one's are used.
        should_stop: Asked after each step; if any process is told so, all stop.
        weights: File of weights to start from; see `weights.fitting_weights`.
        keep: The run's own folder, where its final weights are kept (see `artifact.keep_weights`); None not to.

    Returns:
        The outcome, the same in every process; a run whose loss stops being finite ends there as diverged.

    Raises:
        ModernizeError: If data, recipe, runtime or weights do not fit together.
        Stopped: After a last checkpoint, if `should_stop` said so.
    """
    trainer = Trainer(entry, data, seed=seed, runtime=runtime, weights=weights)
    if trainer.world.rank > 0:
        checkpoints = None
    if trainer.state.resume(checkpoints) and checkpoints:
        done = f"epoch {trainer.progress.epoch + 1} of {entry.recipe.epochs} after {trainer.step} steps"
        checkpoints.note(f"resumed in {done}")
    return trainer.run(on_step=on_step, checkpoints=checkpoints, should_stop=should_stop, keep=keep)
