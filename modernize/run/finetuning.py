"""`modernize finetune` as a request: rows from the names of networks and of the weights they start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from modernize.entry import PRETRAINED, model_of
from modernize.errors import ModernizeError
from modernize.external import External, parse_external
from modernize.families import FAMILIES
from modernize.regimes import REGIMES, base_spec
from modernize.results.artifact import PREFIX, run_called
from modernize.results.store import load_records
from modernize.run.config import merged
from modernize.run.request import RunRequest

RECIPE = "finetune-sgd"
BUDGET = "full"
NONE = "none"
"""In the place of weights: random ones, to compare with."""


def finetuning(
    models: Sequence[str], weights: Sequence[str], options: Mapping[str, Any], out: Path = Path()
) -> RunRequest:
    """Build the request.

    Args:
        models: Networks: "torchvision:resnet34", "timm:...", "run:ID" for the network of a run, REGIME/STEP for a rung
            or a model of the families ("convnext-t").
        weights: What they start from, one for each: "pretrained", a file, "run:ID" or "none". Without any, the weights
            that its library publishes, or those of the run.
        options: Of the request, by name, beside these.
        out: Folder that holds results/ and runs/.

    Raises:
        ModernizeError: If there is no such network, or not as many weights as networks.
    """
    if not models:
        raise ModernizeError("no network is given; --model torchvision:resnet34, for example, or --model run:ID.")
    if weights and len(weights) != len(models):
        raise ModernizeError(f"--weights is given {len(weights)} times for {len(models)} networks; give one for each.")
    rows: list[dict[str, Any]] = []
    for number, model in enumerate(models):
        row = {"name": _label(model), **_network(model, out)}
        row["weights"] = weights[number] if weights else model if model.startswith(PREFIX) else PRETRAINED
        if row["weights"] == NONE:
            del row["weights"]
            row |= {"name": f"{row['name']}-from-scratch", "note": "starts from random weights"}
        same = sum(other["name"].startswith(row["name"]) for other in rows)
        rows.append(row | {"name": f"{row['name']}-{same + 1}" if same else row["name"]})
    request = merged({}, {"recipe": RECIPE, "budget": BUDGET, **options, "entries": rows})
    name = "-".join(["finetune", *(row["name"] for row in rows)])
    chosen = (request.regime, f"{RECIPE}-recipe")
    return replace(request, definition=replace(request.definition, name=name, chosen=chosen))


def _label(model: str) -> str:
    """Name a row after its network."""
    if model.startswith(PREFIX):
        return model.replace(":", "-")
    return parse_external(model).label if ":" in model else model.replace("/", "-")


def _network(model: str, out: Path) -> dict[str, Any]:
    """Say what a row is, as study files do."""
    if model.startswith(PREFIX):
        network = model_of(run_called(model, load_records(out / "results").records).model)
        if isinstance(network, External):
            return {"baseline": str(network)}
        common = asdict(base_spec("resnet50").arch)
        return {"arch": {k: v for k, v in asdict(network).items() if v != common[k] and k != "num_classes"}}
    if ":" in model:
        return {"baseline": model}
    regime, slash, step = model.partition("/")
    if slash and regime in REGIMES:
        return {"step": step, "regime": regime}
    if model in FAMILIES:
        return {"arch": {"like": model}}
    raise ModernizeError(
        f"there is no network '{model[:100]}'. Allowed: torchvision:NAME, timm:NAME, run:ID, REGIME/STEP and "
        f"{', '.join(FAMILIES)}."
    )
