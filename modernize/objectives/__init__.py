"""Objectives: what turns a batch into a loss, and an evaluation into metrics."""

from modernize.metrics import CLASSIFICATION
from modernize.objectives.classification import Classification
from modernize.objectives.objective import Evaluator, Forward, Objective

__all__ = ["OBJECTIVES", "Evaluator", "Forward", "Objective"]

OBJECTIVES: dict[str, type[Objective]] = {CLASSIFICATION: Classification}
"""By the names of `modernize.metrics`."""
