"""Objectives: what turns a batch into a loss, and an evaluation into metrics."""

from modernize.metrics import CLASSIFICATION, MASKED_RECONSTRUCTION
from modernize.objectives.classification import Classification
from modernize.objectives.objective import Evaluator, Forward, Objective
from modernize.objectives.reconstruction import MaskedReconstruction

__all__ = ["OBJECTIVES", "Evaluator", "Forward", "Objective"]

OBJECTIVES: dict[str, type[Objective]] = {CLASSIFICATION: Classification, MASKED_RECONSTRUCTION: MaskedReconstruction}
"""By the names of `modernize.metrics`."""
