"""Which files are kept: their types, by what their content begins with, and their size."""

from __future__ import annotations

FILE_BYTES_MAX = 16 * 1024 * 1024  # a telephone's photo is 3 to 8 MB, half a minute of its video 15

# Type → where its content begins with what. None of them is a type that a page of another site could send unasked
# (text/plain, forms), and none is a page: what is kept here is shown again.
FILE_TYPES: dict[str, tuple[int, bytes]] = {
    "application/pdf": (0, b"%PDF-"),
    "image/heic": (4, b"ftyp"),
    "image/jpeg": (0, b"\xff\xd8\xff"),
    "image/png": (0, b"\x89PNG\r\n\x1a\n"),
    "image/webp": (8, b"WEBP"),
    "video/mp4": (4, b"ftyp"),
}


def begins_as(media_type: str, content: bytes) -> bool:
    """Whether content is what its type says, by its first bytes."""
    at, magic = FILE_TYPES[media_type]
    return content[at : at + len(magic)] == magic
