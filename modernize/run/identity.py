"""What makes two runs the same run: every fact that can change a number, and nothing else."""

from __future__ import annotations

from typing import Any

from modernize.entry import Trainable, fingerprint_of
from modernize.spec import fingerprint
from modernize.train.runtime import Runtime

# Of a runtime, beside its device and threads; the number of decoding processes changes no number.
CHANGING = ("precision", "micro_batch", "num_processes", "compile", "cuda_graphs", "deterministic")
PLAIN = Runtime()


def run_id(entry: Trainable, data_fingerprint: str, seed: int, runtime: Runtime, weights: str = "") -> str:
    """Return the sixteen hex digits that identify a run.

    Args:
        entry: As it is trained.
        data_fingerprint: Of the images.
        seed: Of weights, order and augmentation.
        runtime: How it is executed. What is at its default is left out, so that a fact that is added later leaves old
            identities as they were.
        weights: Digest of the weights it starts from, "" for random ones.
    """
    facts: dict[str, Any] = {
        "training_version": 1,  # of all stored results; which code trained one, its record says
        "spec": fingerprint_of(entry.model, entry.recipe),
        "data": data_fingerprint,
        "seed": seed,
        "device": device_kind(runtime),
    }
    if facts["device"] == "cpu":
        facts["num_threads"] = runtime.num_threads
    if weights:
        facts["weights"] = weights
    return fingerprint(facts | unusual(runtime))


def device_kind(runtime: Runtime) -> str:
    """Return "cpu" or "cuda": which of several GPUs it is changes nothing."""
    return runtime.device.partition(":")[0]


def unusual(runtime: Runtime) -> dict[str, Any]:
    """Return the settings that can change a number and are not at their default."""
    return {name: value for name in CHANGING if (value := getattr(runtime, name)) != getattr(PLAIN, name)}
