"""Image files of any mode to RGB, by Pillow."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from modernize.errors import DataError, one_line

FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP", "GIF")
"""What the suffixes of image files mean, whichever of them a file has; GIF, for a few of Oxford-IIIT Pet's .jpg are
that. Never all that Pillow knows: it hands PostScript to Ghostscript, a program of its own."""

SPARE = 2
"""How many times the wanted resolution a reduced image has to have: then no resizing behind it shows a difference."""

_GREY_16 = "I;16"  # and B or L behind it, as its bytes are ordered


def read_rgb(path: Path) -> Image.Image:
    """Decode one image file of any mode to RGB; the EXIF orientation is ignored, as torchvision ignores it.

    Grey of 16 bits is scaled to 8: 65,535 becomes 255.

    Raises:
        DataError: If it cannot be decoded, in a line that names it.
    """
    with opened(path) as image:
        return to_rgb(image)


def to_rgb(image: Image.Image) -> Image.Image:
    """Bring an image of any mode to RGB; one that is RGB is read and returned itself."""
    if image.mode == "RGB":
        image.load()
        return image
    if image.mode.startswith(_GREY_16):
        grey = np.rint(np.asarray(image.convert("I")) / 257).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    # A palette's transparency is dropped by way of RGBA; Pillow warns about the direct way.
    return (image.convert("RGBA") if image.mode == "P" else image).convert("RGB")


def crop_rgb(image: Image.Image, box: tuple[int, int, int, int], at_least: int) -> Image.Image:
    """Cut a rectangle out of an image, and decode no more of it than that needs.

    A JPEG file whose rectangle is much larger than wanted is decoded at a half, a quarter or an eighth of its size,
    which drops high frequencies as resizing would; its edges then lie within half a pixel of the reduced image.

    Args:
        image: Of any mode; perhaps a file that is open and not decoded yet.
        box: Left, top, right and bottom, in pixels of the image.
        at_least: The sides wanted; those of a result that was reduced are `SPARE` times as long or longer.

    Returns:
        RGB.
    """
    size = image.size
    times = min(box[2] - box[0], box[3] - box[1]) / (SPARE * at_least)
    if times >= 2:
        image.draft(None, (int(size[0] / times), int(size[1] / times)))  # nothing happens where there is no such thing
    if image.size != size:
        across, down = image.width / size[0], image.height / size[1]
        box = (round(box[0] * across), round(box[1] * down), round(box[2] * across), round(box[3] * down))
    return to_rgb(image.crop(box))


def check_header(path: Path) -> None:
    """Read format, size and mode of an image file, but no pixel.

    Raises:
        DataError: If they say that it cannot be decoded, in a line that names it.
    """
    with opened(path):
        pass


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open an image of one of `FORMATS` and of no more pixels than Pillow holds to be safe; it is not decoded yet.

    Raises:
        DataError: If it cannot be opened, or decoded meanwhile, in a line that names it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about metadata, which is not read
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                if image.mode.startswith(("I", "F")) and not image.mode.startswith(_GREY_16):
                    raise DataError(
                        f"{path} has pixels of mode {image.mode}; images of 8 bits a channel, or of 16 and grey, are "
                        "needed."
                    )
                yield image
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"{path} cannot be read as an image: it is none of {', '.join(FORMATS)}.") from error
    # A damaged file can make Pillow's decoders raise nearly anything.
    except Exception as error:
        raise DataError(f"{path} cannot be read as an image: {one_line(error)}.") from error
