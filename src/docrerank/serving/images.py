"""Images as clients send them: from text to bytes, looked at before they are decoded."""

from __future__ import annotations

import base64
import binascii
import io
import warnings

from PIL import Image, ImageOps

from docrerank.serving.errors import ApiError

FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
HINT = "send PNG, JPEG or WebP as base64 or as a data URL"
FAULTS = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError)


def decode(text: str, pixels: int, field: str) -> tuple[bytes, str]:
    """The bytes and the suffix of an image of at most so many pixels, given as base64 or as a data URL."""
    if text.startswith(("http://", "https://")):
        raise ApiError(422, "url_not_allowed", "the server fetches no images", field, HINT)
    if text[:5].lower() == "data:":
        head, _, text = text.partition(",")
        if not head.lower().endswith(";base64"):
            raise ApiError(422, "bad_image", "the data URL is not base64", field, HINT)
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(422, "bad_image", "the image is not base64", field, HINT) from None
    return data, _check(data, pixels, field)


def _check(data: bytes, pixels: int, field: str) -> str:
    """The suffix of an image's format, from its head alone."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=tuple(FORMATS))
            many = image.width * image.height > pixels
    except Image.DecompressionBombError:
        many = True
    except FAULTS:
        raise ApiError(422, "bad_image", "the image cannot be read", field, HINT) from None
    if many:
        raise ApiError(413, "too_many_pixels", f"an image may have {pixels} pixels", field, "scale it down")
    return FORMATS[str(image.format)]


def open_whole(data: bytes, field: str) -> Image.Image:
    """A checked image decoded as RGB, upright."""
    try:
        with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except FAULTS:
        raise ApiError(422, "bad_image", "the image is damaged", field, "send it again") from None
