"""What makes two runs the same run, and what a study is called."""

from __future__ import annotations

import re
from typing import Any

from modernize.entry import Trainable, fingerprint_of
from modernize.fingerprint import fingerprint
from modernize.path import DEFAULT_PATH
from modernize.results.checks import check_name
from modernize.run.request import RunRequest
from modernize.toml import toml_literal
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


LONGEST = 60
"""Characters of a name that nobody chose: a table and a path have room for it."""

DIGITS = 8
"""Of the hash that stands for what is cut off."""


def study_name(request: RunRequest, runtime: Runtime | None = None) -> str:
    """Name a study after what was chosen, for example "laptop-shapes-smoke-upto-ln", unless the request names it.

    Args:
        request: What was chosen.
        runtime: How its runs are executed, where that is known: studies whose runs differ have different names.

    Raises:
        ModernizeError: If the name asked for would be no plain folder name.
    """
    if request.name:
        check_name(request.name, "a study")
        return request.name
    study = request.definition
    words = [request.regime, request.data, request.budget, *choices(request)]
    if study.name:
        own = {*study.chosen, request.budget}
        words = [study.name, request.budget, *(word for word in words if word not in own)]
    words += _execution(runtime) if runtime else []
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", "-".join(words)).strip("-.")
    if len(name) <= LONGEST:
        return name
    whole_words = name[: LONGEST - DIGITS].rpartition("-")[0] or name[: LONGEST - DIGITS - 1]
    return f"{whole_words.strip('-.')}-{fingerprint({'name': name})[:DIGITS]}"


def choices(request: RunRequest) -> list[str]:
    """Say in words what was chosen beside regime, data and budget."""
    selection = request.selection
    words: list[str] = []
    words += [f"{request.epochs}-epochs"] if request.epochs else []
    words += [f"{request.train_images}-images"] if request.train_images else []
    words += [f"{request.test_images}-test-images"] if request.test_images else []
    words += [f"{request.image_size}px"] if request.image_size else []
    words += [f"val-{request.val_share:g}"] if request.val_share is not None else []
    words += [f"stride-{request.stem_stride}"] if request.stem_stride else []
    words += [f"path-{selection.path}"] if selection.path != DEFAULT_PATH else []
    words += [f"from-{selection.start}"] if selection.start else []
    words += [f"upto-{selection.upto}"] if selection.upto else []
    for option in ("skip", "only", "order"):
        words += [f"{option}-{'-'.join(chosen)}"] if (chosen := getattr(selection, option)) else []
    words += ["probes"] if selection.probes else []
    words += [f"{name.partition('.')[2]}-{toml_literal(value)}" for name, value in request.overrides.flat().items()]
    words += [f"{request.recipe}-recipe"] if request.recipe else []
    words += [f"with-{baseline}" for baseline in request.baseline]
    words += ["controls"] if request.controls else []
    words += _attributed(request)
    words += [f"weights-{request.weights.stem}"] if request.weights else []
    return words


def _attributed(request: RunRequest) -> list[str]:
    """Name what an attribution is among; more orders and pairs make the same study larger."""
    options = request.definition.attribution
    if options is None:
        return []
    words = ["attribution"]
    words += [f"steps-{'-'.join(options.steps)}"] if options.steps else []
    words += [f"group-{group}" for group in options.groups]
    return words + ([f"order-seed-{options.order_seed}"] if options.order_seed else [])


def _execution(runtime: Runtime) -> list[str]:
    """Name what is not as on a processor with one thread."""
    given = unusual(runtime)
    processes, micro_batch = given.pop("num_processes", ""), given.pop("micro_batch", "")
    words = [device_kind(runtime)] if device_kind(runtime) != "cpu" else []
    words += [f"{processes}-processes"] if processes else []
    words += [f"micro-batch-{micro_batch}"] if micro_batch else []
    return words + [name if value is True else str(value) for name, value in given.items()]
