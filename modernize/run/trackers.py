"""Trackers of other people: each is told of a run once, when its record is on disk.

The record stays the truth; what a tracker holds is a copy of its curves and facts, for those who look there anyway.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modernize.errors import ModernizeError, one_line

if TYPE_CHECKING:
    from modernize.results.record import Record


def check_trackers(names: Iterable[str]) -> None:
    """Refuse a tracker that is not installed.

    Raises:
        ModernizeError: Naming the first.
    """
    for name in names:
        if find_spec(name) is None:
            raise ModernizeError(f"{name} is not installed: pip install 'modernize-convnext[{name}]'.")


def track(record: Record, names: Iterable[str], folder: Path) -> Iterator[str]:
    """Tell trackers of a run; yields a line for each that fails, which costs the run nothing.

    Args:
        record: Of the run.
        names: Of `TRACKERS`.
        folder: Each writes into a folder of its name in here.
    """
    for name in names:
        try:
            TRACKERS[name](record, folder / name)
        except Exception as error:  # of a package that is not ours
            yield f"{name} was not told of the run: {one_line(error)}"


def epochs_of(record: Record) -> list[dict[str, float]]:
    """Give a run's curves by epoch, each value by a name such as "train/loss" or "test/top1_percent"."""
    curves = record.curves
    named: Mapping[str, tuple[float, ...]] = {
        "train/loss": curves.train_loss,
        "train/lr": curves.lr,
        **{f"{curves.split}/{name}": values for name, values in curves.metrics.items()},
    }
    return [
        {name: values[epoch] for name, values in named.items() if epoch < len(values)}
        for epoch in range(len(curves.train_loss))
    ]


def facts_of(record: Record) -> dict[str, Any]:
    """Give what was trained, by name."""
    return {
        "study": record.study,
        "entry": record.entry.name,
        "seed": record.seed,
        "run_id": record.run_id,
        "data": record.data.name,
        "status": record.status,
        **{f"recipe.{name}": value for name, value in record.trained_recipe.items()},
    }


def run_title(record: Record) -> str:
    """Name a run for people."""
    return f"{record.entry.name}-seed{record.seed}"


def _tensorboard(record: Record, folder: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    writer: Any = SummaryWriter(str(folder / record.study / f"{run_title(record)}-{record.run_id[:8]}"))
    for epoch, values in enumerate(epochs_of(record), 1):
        for name, value in values.items():
            writer.add_scalar(name, value, epoch)
    writer.add_text("facts", "\n".join(f"    {name} = {value}" for name, value in facts_of(record).items()))
    writer.close()


def _wandb(record: Record, folder: Path) -> None:
    import wandb

    folder.mkdir(parents=True, exist_ok=True)
    run = wandb.init(
        project=record.study,
        name=run_title(record),
        id=record.run_id,
        dir=str(folder),
        config=facts_of(record),
        mode=os.environ.get("WANDB_MODE", "offline"),  # `wandb sync` sends it
        settings=wandb.Settings(silent=True, console="off"),
    )
    for epoch, values in enumerate(epochs_of(record), 1):
        run.log(values, step=epoch)
    run.summary.update(record.result.metrics)
    run.finish()
    wandb.teardown()  # waits until all is written: the worker may be ended at once


def _mlflow(record: Record, folder: Path) -> None:
    import mlflow

    folder.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI", f"sqlite:///{folder.resolve()}/mlflow.db"))
    mlflow.set_experiment(record.study)
    with mlflow.start_run(run_name=run_title(record)):
        mlflow.log_params(facts_of(record))
        for epoch, values in enumerate(epochs_of(record), 1):
            mlflow.log_metrics(values, step=epoch)
        mlflow.log_metrics({f"result/{name}": value for name, value in record.result.metrics.items()})


TRACKERS: dict[str, Callable[[Record, Path], None]] = {
    "tensorboard": _tensorboard,
    "wandb": _wandb,
    "mlflow": _mlflow,
}
"""By the name of the package, which is that of the extra too."""
