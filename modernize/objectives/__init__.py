"""Objectives: what turns a batch into a loss, and an evaluation into metrics."""

from modernize.metrics import CLASSIFICATION, DETECTION, MASKED_RECONSTRUCTION, SEGMENTATION
from modernize.objectives.classification import Classification
from modernize.objectives.detection import Detection
from modernize.objectives.objective import Evaluator, Forward, Objective
from modernize.objectives.reconstruction import MaskedReconstruction
from modernize.objectives.segmentation import Segmentation

__all__ = ["OBJECTIVES", "Evaluator", "Forward", "Objective"]

OBJECTIVES: dict[str, type[Objective]] = {
    CLASSIFICATION: Classification,
    MASKED_RECONSTRUCTION: MaskedReconstruction,
    DETECTION: Detection,
    SEGMENTATION: Segmentation,
}
"""By the names of `modernize.metrics`."""
