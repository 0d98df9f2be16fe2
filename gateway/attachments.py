"""Files that belong to work orders, kept by the SHA-256 of their content: `DATA/attachments/ab/abcdef…`.

What comes from outside never becomes a path: the hash is the name on the disk, the given name is only remembered
beside it, cleaned. Nothing here is ever executed, shown in place, or changed once it is written.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
import unicodedata
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from api.file_forms import FILE_BYTES_MAX, FILE_TYPES, begins_as
from rules.instant import Instant
from rules.order import Attachment

ALL_BYTES_MAX = 20 * 1024**3  # of all files: 5 000 photos; records are kept for years, so nothing is thrown away
NAME_CHARACTERS_MAX = 120
NAMELESS = "file"
ENDINGS: dict[str, tuple[str, ...]] = {  # type → how its names may end; the first is added to one that does not
    "application/pdf": (".pdf",),
    "image/heic": (".heic", ".heif"),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "video/mp4": (".mp4", ".m4v"),
}
_HASH = re.compile(r"[0-9a-f]{64}")


class NotKept(ValueError):
    """Why a file was not taken, in words for whoever sent it."""


class Attachments:
    """May be used from several threads. Raises OSError when the disk does not do it."""

    def __init__(self, folder: Path, bytes_max: int = ALL_BYTES_MAX) -> None:
        self._folder, self._bytes_max = folder, bytes_max
        self._bytes: int | None = None  # of all files; counted when the first is kept
        self._mutex = threading.Lock()

    def keep(self, name: str, media_type: str, content: bytes) -> Attachment:
        """On the disk when it returns. The same content again is the same file, as it was kept first.

        Raises NotKept for a type that is not taken, content that is not what its type says, or too much of it.
        """
        _check(media_type, content)
        hash_ = sha256(content).hexdigest()
        with self._mutex:
            known = self.find(hash_)
            if known is not None:
                return known
            self._make_room(len(content))
            kept = Attachment(clean_name(name, media_type), hash_, len(content), media_type)
            path = self._path(hash_)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, content)
            _write(path.with_suffix(".json"), msgspec.json.encode(kept))  # last: without it the file is not there
            return kept

    def find(self, sha256: str) -> Attachment | None:
        """What is kept under a hash; None: nothing is, or it is no hash."""
        if not _HASH.fullmatch(sha256):
            return None
        try:
            return msgspec.json.decode(self._path(sha256).with_suffix(".json").read_bytes(), type=Attachment)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def content(self, sha256: str) -> bytes:
        """Raises LookupError when nothing is kept under the hash, or it is no longer what was kept."""
        if self.find(sha256) is None:
            raise LookupError(f"no file is kept under {sha256[:64]!r}")
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise LookupError(f"the file {sha256} is gone") from None
        if _sha256(content) != sha256:
            raise LookupError(f"the file {sha256} is not what was kept")
        return content

    def older_than(self, before: Instant) -> list[str]:
        """The hashes of files that were kept before that instant."""
        found = []
        for path in self._folder.glob("??/*.json"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime * 1000 < before:
                    found.append(path.stem)
        return found

    def remove(self, sha256: str) -> None:
        """What is kept under a hash; the description first: without it the file is not there."""
        with self._mutex:
            known = self.find(sha256)
            if known is not None:
                self._path(sha256).with_suffix(".json").unlink(missing_ok=True)
                self._path(sha256).unlink(missing_ok=True)
                self._bytes = None

    def _path(self, hash_: str) -> Path:
        return self._folder / hash_[:2] / hash_

    def _make_room(self, more: int) -> None:
        if self._bytes is None:
            self._bytes = sum(path.stat().st_size for path in self._folder.glob("??/*") if not path.is_dir())
        if self._bytes + more > self._bytes_max:
            raise NotKept(f"there is no room: {self._bytes} bytes are kept, of at most {self._bytes_max}")
        self._bytes += more


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()


def _check(media_type: str, content: bytes) -> None:
    if media_type not in FILE_TYPES:
        raise NotKept(f"{media_type[:64]!r} is not a type that is taken; expected {', '.join(sorted(FILE_TYPES))}")
    if not 0 < len(content) <= FILE_BYTES_MAX:
        raise NotKept(f"{len(content)} bytes; expected 1 to {FILE_BYTES_MAX}")
    if not begins_as(media_type, content):
        raise NotKept(f"does not begin as {media_type} does")


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also when the power goes."""
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(partial)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def clean_name(name: str, media_type: str) -> str:
    """What a file may be called on anybody's disk: no folders, nothing invisible, an ending that says what it is."""
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(each for each in last if unicodedata.category(each)[0] not in "CZ" or each == " ")
    plain = re.sub(r'[<>:"|?*]', "-", visible).strip(" .") or NAMELESS
    endings = ENDINGS[media_type]
    ending = next((each for each in endings if plain.lower().endswith(each) and len(plain) > len(each)), None)
    stem = plain[: -len(ending)] if ending else plain
    ending = ending or endings[0]
    return stem[: NAME_CHARACTERS_MAX - len(ending)].rstrip(" .") + ending
