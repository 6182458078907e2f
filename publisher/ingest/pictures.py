"""Pictures that people send: what they really are, without what they should not tell.

A camera writes into a picture where it was, and an editing program what was cut off. So JPEG and
PNG are written anew, upright and without any of that; what moves (GIF, WebP) stays as it is.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from publisher.errors import UsageError

FORMATS = {
    "JPEG": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "GIF": ("image/gif", "gif"),
    "WEBP": ("image/webp", "webp"),
}
MOST_PIXELS = 60_000_000
QUALITY = 90


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it may be published; `ending` is that of its file's name."""

    data: bytes
    type: str
    ending: str
    width: int
    height: int


def read_picture(data: bytes) -> Picture:
    """The picture that these bytes are, whatever they were called. Raises UsageError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=list(FORMATS)) as image:
                return _checked(image, data)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise UsageError(
            "this file is no picture that can be used; send JPEG, PNG, GIF or WebP"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UsageError(_too_large()) from error


def _checked(image: Image.Image, data: bytes) -> Picture:
    kind, ending = FORMATS[image.format or ""]
    if image.width * image.height > MOST_PIXELS:
        raise UsageError(_too_large())
    if image.format in ("GIF", "WEBP"):
        image.load()  # raises where the file ends too soon
        return Picture(data, kind, ending, image.width, image.height)
    upright = ImageOps.exif_transpose(image)
    out = io.BytesIO()
    profile = image.info.get("icc_profile")
    if image.format == "JPEG":
        plain = upright if upright.mode in ("RGB", "L", "CMYK") else upright.convert("RGB")
        plain.save(out, "JPEG", quality=QUALITY, optimize=True, icc_profile=profile, exif=b"")
    else:
        upright.info.pop("exif", None)
        upright.save(out, "PNG", optimize=True, icc_profile=profile, exif=b"")
    return Picture(out.getvalue(), kind, ending, upright.width, upright.height)


def _too_large() -> str:
    return f"the picture has more than {MOST_PIXELS // 1_000_000} million pixels; make it smaller"
