"""Built networks against the arithmetic: parameters, MACs, and the two formulations against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from modernize.cost import Cost, cost
from modernize.ladder import Rung, ladder
from modernize.regimes import DEFAULT_REGIME, REGIMES
from modernize.verify.check import Check, Finding

if TYPE_CHECKING:
    from modernize.nn import Network

FP64_TOLERANCE = 1e-10
# It has every rung of the default path.
LONGEST_PATH = "v2"


def checks() -> Iterator[Check]:
    """Checks of every rung of every regime, probes included; nothing is computed for the counts (meta device)."""
    for regime in REGIMES:
        yield Check(
            group="built networks",
            what=f"{regime}: parameters of every rung",
            against="the network as built",
            run=partial(check_params, regime),
        )
    for regime in REGIMES:
        yield Check(
            group="built networks",
            what=f"{regime}: MACs of every rung",
            against="torch.utils.flop_counter",
            run=partial(check_macs, regime),
        )
    yield Check(
        group="formulations",
        what=f"{DEFAULT_REGIME}: fast, logits and gradients of every rung",
        against="plain torch.nn.Conv2d, float64",
        run=check_formulations,
    )


def check_params(regime: str) -> Finding:
    """Compare the parameters of every rung, counted and built."""
    from modernize.measure.counting import counted_params

    return _every_rung(regime, lambda counted: counted.num_params, counted_params)


def check_macs(regime: str) -> Finding:
    """Compare the MACs of every rung, by arithmetic and by torch's counter."""
    from modernize.measure.counting import counted_macs

    size = REGIMES[regime].image_size
    return _every_rung(regime, lambda counted: counted.macs, lambda network: counted_macs(network, size))


def _every_rung(regime: str, ours: Callable[[Cost], int], theirs: Callable[[Network], int]) -> Finding:
    import torch

    from modernize.nn import build

    rungs = ladder(regime, path=LONGEST_PATH, probes=True)
    wrong = []
    for rung in rungs:
        with torch.device("meta"):
            expected = theirs(build(rung.spec, formulation="plain"))
        got = ours(cost(rung.spec))
        if got != expected:
            wrong.append(f"{rung.step} {got} instead of {expected}")
    agreeing = f"{len(rungs) - len(wrong)} of {len(rungs)} equal"
    found = "; ".join([agreeing, *wrong])
    return Finding(f"{len(rungs)} of {len(rungs)} equal", found, "failed" if wrong else "ok")


def check_formulations() -> Finding:
    """Compare both formulations of every rung on random weights, in training mode."""
    differences = {rung.step: formulation_difference(rung) for rung in ladder(path=LONGEST_PATH, probes=True)}
    worst = max(differences, key=lambda step: differences[step])
    got = f"at most {differences[worst]:.0e} ({worst})"
    return Finding(f"below {FP64_TOLERANCE:.0e}", got, "ok" if differences[worst] < FP64_TOLERANCE else "failed")


def formulation_difference(rung: Rung) -> float:
    """Return the largest difference of logits and gradients, relative to the largest value of each tensor.

    Some gradients are zero but for rounding (a shift that a norm takes away again): hence the 1e-3.
    """
    import torch

    from modernize.nn import build
    from modernize.verify.logits import randomise

    size = rung.spec.regime.image_size
    # Stochastic depth would draw other images in each of the two passes.
    spec = rung.spec.with_recipe(stochastic_depth=0.0)
    plain = build(spec, formulation="plain").double()
    randomise(plain, seed=0)
    fast = build(spec, formulation="fast").double()
    fast.load_state_dict(plain.state_dict())
    images_nchw = torch.randn(2, 3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    results = []
    for network in (plain, fast):
        logits = network(images_nchw)
        logits.square().mean().backward()
        results.append([logits.detach(), *(p.grad for p in network.parameters() if p.grad is not None)])
    return max(float((a - b).abs().max() / (1e-3 + a.abs().max())) for a, b in zip(*results, strict=True))
