"""What kind of image bytes are, by how they begin."""

from __future__ import annotations

#: First bytes of the kinds of image that are read, and the suffix of their files.
MAGIC = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"RIFF", ".webp"),
    (b"II*\0", ".tiff"),
    (b"MM\0*", ".tiff"),
)


def find_image_suffix(content: bytes) -> str:
    """The suffix of a PNG's, JPEG's, WebP's or TIFF's file; empty for anything else.

    Example:
        >>> find_image_suffix(b"MM" + bytes([0]) + b"*"), find_image_suffix(b"%PDF-1.7")
        ('.tiff', '')
    """
    return next((suffix for magic, suffix in MAGIC if content.startswith(magic)), "")
