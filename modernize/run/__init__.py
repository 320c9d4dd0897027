"""From a ladder to records: plan the runs, train them in worker processes, skip what is done.

Light to import; the training itself, with torch, happens in the workers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modernize.results.record import Record

__all__ = ["run"]


def run(regime: str = "laptop", **options: Any) -> list[Record]:
    """Train every rung of a ladder and return the records, one a rung and seed.

    Finished runs found under `out/results` are not repeated. In processes that torchrun started, the first one gets
    the records and the others none.

    Args:
        regime: Name of a regime.
        **options: Fields of `modernize.run.request.RunRequest`: `upto`, `data`, `budget`, `epochs`, `num_seeds`,
            `jobs`, `out`, ...; and `set`, a mapping of overrides such as {"recipe.lr": 2e-3}.

    Raises:
        ModernizeError: If an option is wrong, or the data cannot be read.
    """
    from modernize.run.placement import torchrun
    from modernize.run.request import request_from
    from modernize.run.study import run_study
    from modernize.run.together import follow

    request = request_from(regime=regime, **options)
    if (launched := torchrun()) and launched.rank > 0:
        follow(request, launched)
        return []
    return list(run_study(request).records)
