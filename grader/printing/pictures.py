"""Pictures out of a stranger's notebook: decoded within limits and encoded anew, so that only pixels pass."""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MOST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 12_000_000


@dataclass(frozen=True)
class Pixels:
    """A picture on white, encoded as PNG."""

    png: bytes
    width: int
    height: int


def read_picture(encoded: str) -> Pixels | str:
    """Return the picture in base64 text, or a sentence that says why there is none."""
    from PIL import Image  # For start-up time.

    if len(encoded) > MOST_BYTES * 4 // 3:
        return f"(a picture of more than {MOST_BYTES // 2**20} MiB was left out)"
    try:
        data = io.BytesIO(base64.b64decode(encoded))
        with warnings.catch_warnings(), _open(data) as image:
            # Known before anything is unpacked.
            if image.width * image.height > MOST_PIXELS:
                return f"(a picture of {image.width} x {image.height} pixels was left out)"
            if image.width * image.height == 0:
                return "(an empty picture was left out)"
            image.load()
            flat = Image.new("RGB", image.size, "white")
            transparent = image.convert("RGBA")
            flat.paste(transparent, mask=transparent.getchannel("A"))
    # Whatever a decoder makes of hostile bytes is its own kind of error.
    except (binascii.Error, OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return "(a picture that cannot be read was left out)"
    buffer = io.BytesIO()
    flat.save(buffer, "PNG")
    return Pixels(buffer.getvalue(), flat.width, flat.height)


def _open(data: io.BytesIO) -> Image.Image:
    from PIL import Image  # For start-up time.

    # Of many pixels Pillow warns; we refuse them.
    warnings.simplefilter("ignore")
    return Image.open(data, formats=("PNG", "JPEG"))
