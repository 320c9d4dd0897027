"""Image data sets as two splits of uint8 arrays, most of them without a download.

The names below load on first use, so that listing the data sets imports neither numpy nor torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modernize.datasets.catalogue import DATASETS, DataInfo, DataSummary, describe, load_arrays

if TYPE_CHECKING:
    from modernize.datasets.arrays import ImageArrays
    from modernize.datasets.preview import preview_grid, save_preview

__all__ = [
    "DATASETS",
    "DataInfo",
    "DataSummary",
    "ImageArrays",
    "describe",
    "load_arrays",
    "preview_grid",
    "save_preview",
]

_LAZY = {"ImageArrays": "arrays", "preview_grid": "preview", "save_preview": "preview"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
