"""Which bodies a path takes: JSON of a modest size, but for files, whose types and size are named here."""

from __future__ import annotations

from msgspec import Struct

from api.errors import Code, ProblemRaised
from api.file_forms import FILE_BYTES_MAX, FILE_TYPES
from api.paths import FILES, FORM_PATHS

# A review: three texts of 4 000 characters and 50 corrective actions of 500, each character at most a 12-byte JSON
# escape, and room.
BODY_BYTES_MAX = 512 * 1024
FORM_BYTES_MAX = 4 * 1024  # a name, a password of 256 characters, each of four escaped bytes
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Taken(Struct, frozen=True):
    """What a path takes, and how it says that it does not."""

    media_types: frozenset[str]
    bytes_max: int
    refusal: Code

    def check_type(self, media_type: str) -> None:
        if media_type not in self.media_types:
            expected = ", ".join(sorted(self.media_types))
            raise ProblemRaised(self.refusal, f"expected Content-Type: {expected}; got {media_type[:64] or 'none'}")

    def too_large(self) -> ProblemRaised:
        return ProblemRaised(Code.BODY_TOO_LARGE, f"expected at most {self.bytes_max} bytes")


_JSON = Taken(frozenset({JSON}), BODY_BYTES_MAX, Code.NOT_JSON)
_FILE = Taken(frozenset(FILE_TYPES), FILE_BYTES_MAX, Code.FILE_TYPE_NOT_TAKEN)


_FORM = Taken(frozenset({FORM}), FORM_BYTES_MAX, Code.NOT_A_FORM)


def taken_by(path: str) -> Taken:
    if path in FORM_PATHS:
        return _FORM
    return _FILE if path == FILES else _JSON


def media_type_of(content_type: str) -> str:
    """`image/PNG; x=y` → `image/png`"""
    return content_type.partition(";")[0].strip().lower()
