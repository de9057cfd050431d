"""Images as clients send them: from text to bytes, looked at before they are decoded."""

from __future__ import annotations

import base64
import binascii
import io
import warnings

from PIL import Image, ImageOps

from docrerank.serving.errors import ApiError
from docrerank.serving.limits import Limits

FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
HINT = "send PNG, JPEG or WebP as base64 or as a data URL"
FAULTS = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError)


def decode(text: str, limits: Limits, field: str) -> bytes:
    """The bytes of an image given as base64 or as a data URL.

    Raises:
        ApiError: it is neither, or too large.
    """
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.endswith(";base64"):
            raise ApiError(422, "bad_image", "the data URL is not base64", field, HINT)
    if len(text) > limits.image_bytes * 4 // 3 + 4:
        raise ApiError(413, "image_too_large", f"an image may have {limits.image_bytes} bytes", field, "scale it down")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(422, "bad_image", "the image is not base64", field, HINT) from None
    check(data, limits, field)
    return data


def check(data: bytes, limits: Limits, field: str) -> str:
    """The suffix of an image's format, from its head alone.

    Raises:
        ApiError: it is of another format, or would decode to too many pixels.
    """
    if len(data) > limits.image_bytes:
        raise ApiError(413, "image_too_large", f"an image may have {limits.image_bytes} bytes", field, "scale it down")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=tuple(FORMATS))
    except Image.DecompressionBombError:
        raise _too_many_pixels(limits, field) from None
    except FAULTS:
        raise ApiError(422, "bad_image", "the image cannot be read", field, HINT) from None
    if image.width * image.height > limits.image_pixels:
        raise _too_many_pixels(limits, field)
    return FORMATS[str(image.format)]


def open_whole(data: bytes, field: str) -> Image.Image:
    """A checked image decoded as RGB, upright.

    Raises:
        ApiError: it is damaged.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except FAULTS:
        raise ApiError(422, "bad_image", "the image is damaged", field, "send it again") from None


def _too_many_pixels(limits: Limits, field: str) -> ApiError:
    return ApiError(413, "too_many_pixels", f"an image may have {limits.image_pixels} pixels", field, "scale it down")
