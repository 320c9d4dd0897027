"""Generated images on disk: a convenience that may be missing, stale or unwritable without harm."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from modernize.datasets.archive import Archive, Header
from modernize.datasets.dataset import Images
from modernize.errors import ModernizeError
from modernize.results.files import write_atomically


def cache_dir() -> Path:
    """Return the default cache folder: `$XDG_CACHE_HOME/modernize`, else `~/.cache/modernize`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "modernize"


def cached_images(folder: Path | None, stem: str, shape: tuple[int, ...], make: Callable[[], Images]) -> Images:
    """Return images from the cache, or make them and keep them there.

    Args:
        folder: The cache folder, or None for the default one.
        stem: File name without its suffix; says everything the images depend on.
        shape: What the images must measure, (n, h, w, 3); a file that does not, or that is damaged, is made anew.
        make: Makes the images.
    """
    path = (folder or cache_dir()) / f"{stem}.npz"
    if (kept := _read(path, shape)) is not None:
        return kept
    images = make()
    _write(path, images)
    return images


def _read(path: Path, shape: tuple[int, ...]) -> Images | None:
    try:
        with path.open("rb") as stream:
            archive = Archive(stream)
            return archive.read("images") if archive.header("images") == Header(shape, np.dtype("u1")) else None
    # It is not there, or damaged in one of a hundred ways.
    except Exception:
        return None


def _write(path: Path, images: Images) -> None:
    file = io.BytesIO()
    np.savez(file, images=images)
    with suppress(ModernizeError):
        write_atomically(path, file.getbuffer())
