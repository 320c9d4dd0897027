"""Images of any size and mode to square uint8 RGB, by Pillow."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from modernize.datasets.dataset import Images
from modernize.datasets.watching import counting
from modernize.errors import DataError

FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP", "GIF")
"""What the suffixes of image files mean, whichever of them a file has; GIF, for a few of Oxford-IIIT Pet's .jpg are
that. Never all that Pillow knows: it hands PostScript to Ghostscript, a program of its own."""


def to_rgb(images: Images) -> Images:
    """Give grey images, (n, h, w) or (n, h, w, 1), three channels; images that have them are returned as they are."""
    grey = images[..., None] if images.ndim == 3 else images
    return grey if grey.shape[3] == 3 else grey.repeat(3, axis=3)


def resize_images(images_nhwc: Images, size: int, resample: Image.Resampling = Image.Resampling.BICUBIC) -> Images:
    """Resize images, uint8 (n, h, w, 3), to (n, size, size, 3); images of that size are returned as they are."""
    if images_nhwc.shape[1:3] == (size, size):
        return images_nhwc
    resized = np.empty((len(images_nhwc), size, size, 3), dtype=np.uint8)
    for index, image in enumerate(images_nhwc):
        resized[index] = np.asarray(_fit(Image.fromarray(image), size, resample))
    return resized


def read_square(path: Path, size: int) -> Images:
    """Decode one image file and bring it to one size, uint8 (size, size, 3).

    Raises:
        DataError: If it cannot be decoded.
    """
    return np.asarray(_fit(read_rgb(path), size, Image.Resampling.BICUBIC))


def decode_files(paths: Sequence[Path], size: int) -> Images:
    """Decode image files and bring them to one size.

    Args:
        paths: The files, n of them.
        size: Height and width of the result.

    Returns:
        uint8, (n, size, size, 3).

    Raises:
        DataError: If a file cannot be decoded.
    """
    images = np.empty((len(paths), size, size, 3), dtype=np.uint8)
    with counting(len(paths)) as tell:
        for index, path in enumerate(paths):
            tell(index)
            images[index] = read_square(path, size)
    return images


def read_rgb(path: Path) -> Image.Image:
    """Decode one image file of any mode to RGB; the EXIF orientation is ignored, as torchvision ignores it.

    Raises:
        DataError: If it cannot be decoded, in a line that names it.
    """
    with _opened(path) as image:
        # A palette's transparency is dropped by way of RGBA; Pillow warns about the direct way.
        return (image.convert("RGBA") if image.mode == "P" else image).convert("RGB")


def check_header(path: Path) -> None:
    """Read format, size and mode of an image file, but no pixel.

    Raises:
        DataError: If they say that it cannot be decoded, in a line that names it.
    """
    with _opened(path):
        pass


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open an image of one of `FORMATS` and of no more pixels than Pillow holds to be safe."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata, which is not read
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if image.mode.startswith(("I", "F")):
                    raise DataError(f"{path} has pixels of mode {image.mode}; images of 8 bits a channel are needed.")
                yield image
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"{path} cannot be read as an image: it is none of {', '.join(FORMATS)}.") from error
    # A damaged file can make Pillow's decoders raise nearly anything.
    except Exception as error:
        raise DataError(f"{path} cannot be read as an image: {str(error).partition(chr(10))[0]}.") from error


def _fit(image: Image.Image, size: int, resample: Image.Resampling) -> Image.Image:
    """Resize the short side to `size` and cut the middle out of the long side."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return image.resize((size, size), resample, box=(left, top, left + side, top + side))
