"""Image data sets as splits of uint8 arrays or of image files, many of them without a download.

The names below load on first use, so that listing the data sets imports neither numpy nor torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modernize.datasets.catalogue import DATASETS, DataInfo
from modernize.datasets.load import load_data

if TYPE_CHECKING:
    from modernize.datasets.dataset import Dataset, Split
    from modernize.datasets.preview import preview_grid, save_preview

__all__ = [
    "DATASETS",
    "DataInfo",
    "Dataset",
    "Split",
    "load_data",
    "preview_grid",
    "save_preview",
]

_LAZY = {"Dataset": "dataset", "Split": "dataset", "preview_grid": "preview", "save_preview": "preview"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
