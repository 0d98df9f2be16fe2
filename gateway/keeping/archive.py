"""The archive of a backup: a ZIP file with a manifest that names every part with its size and SHA-256.

    manifest.json               what it is, when and by what it was made, what is proven of it, all parts
    tables/journal.jsonl        a table: the names of its columns, then a row a line
    users/users.jsonl           the same, of users, API tokens and the access log
    attachments/ab/abcdef…      files of work orders, each with its description in abcdef….json
    keys/identity.key           what signs tokens
    telemetry/2026-11-24T05.sqlite

Beside it lies `NAME.sha256`, as `sha256sum -c` reads it. Nothing is taken out of an archive before all of it has been
read and found to be what the manifest says.
"""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from gateway.keeping.proof import Proof

FORMAT = 1
MANIFEST = "manifest.json"
MANIFEST_BYTES_MAX = 64 * 1024**2  # 300 000 attachments
CHUNK_BYTES = 1024 * 1024
COMPRESSION = 1  # a third of the size; level 6 takes five times as long for a tenth less
_PART = re.compile(
    r"(tables|users)/[a-z_]+\.jsonl|attachments/[0-9a-f]{2}/[0-9a-f]{64}(\.json)?|telemetry/[0-9A-Za-z_-]+\.sqlite"
    r"|keys/[0-9A-Za-z][0-9A-Za-z._-]*"
)


class BadArchive(Exception):
    """Why a file is no archive that can be restored from."""


class Part(Struct, frozen=True):
    bytes: int
    sha256: str
    rows: int | None = None  # of a table


class Manifest(Struct):
    format: int
    made_at: str  # RFC 3339
    tocsin: str  # version of the program
    schema: str  # version of the store's
    users: str | None  # version of the users' schema; None: there were none
    database: str  # "sqlite" or "postgresql"; it can be restored into either
    proof: Proof
    parts: dict[str, Part] = {}


class ArchiveWriter:
    """Made by `writing`. Parts are written one after the other."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.parts: dict[str, Part] = {}

    def add(self, name: str, content: Iterator[bytes], compress: bool = False, rows: int | None = None) -> None:
        """`rows`: how many more pieces of `content` than one are rows; counted here."""
        hash_, size, pieces = sha256(), 0, 0
        self._archive.compression = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        with self._archive.open(name, "w", force_zip64=True) as stream:
            for piece in content:
                stream.write(piece)
                hash_.update(piece)
                size, pieces = size + len(piece), pieces + 1
        self.parts[name] = Part(size, hash_.hexdigest(), None if rows is None else pieces - rows)

    def add_file(self, name: str, path: Path, compress: bool = False) -> None:
        self.add(name, _pieces(path), compress)

    def finish(self, manifest: Manifest) -> None:
        manifest.parts = self.parts
        self._archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))


@contextmanager
def writing(path: Path) -> Iterator[ArchiveWriter]:
    """The archive has its name, and its checksum beside it, once the block has ended well. Raises OSError."""
    partial = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds personal data
        with os.fdopen(descriptor, "wb") as stream:
            with zipfile.ZipFile(stream, "w", compresslevel=COMPRESSION) as archive:
                yield ArchiveWriter(archive)
            stream.flush()
            os.fsync(stream.fileno())
        hash_ = hash_of(partial)
        checksum_of(path).write_text(f"{hash_}  {path.name}\n")
        os.link(partial, path)  # never over one that is there
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def checksum_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def hash_of(path: Path) -> str:
    hash_ = sha256()
    for piece in _pieces(path):
        hash_.update(piece)
    return hash_.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(CHUNK_BYTES):
            yield piece


class ArchiveReader:
    """Made by `reading`: every part is what the manifest says."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive, self.manifest = archive, manifest

    def names(self, folder: str) -> list[str]:
        return [name for name in self.manifest.parts if name.startswith(f"{folder}/")]

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(name)


@contextmanager
def reading(path: Path, expected: str | None = None) -> Iterator[ArchiveReader]:
    """Reads all of it once before anything is given out. `expected`: its SHA-256, noted elsewhere.

    Raises BadArchive.
    """
    if not path.is_file():
        raise BadArchive(f"{path} does not exist")
    beside = checksum_of(path)
    expected = expected or (beside.read_text().split()[0] if beside.exists() else None)
    if expected is not None and hash_of(path) != expected.lower():
        raise BadArchive(f"{path} has another checksum than {expected}: it was truncated or altered")
    try:
        with zipfile.ZipFile(path) as archive:
            yield ArchiveReader(archive, _checked(path, archive))
    except zipfile.BadZipFile as error:
        raise BadArchive(f"{path} is truncated or no archive of Tocsin: {error}") from None


def _checked(path: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        manifest = _manifest(path, archive)
        for name in manifest.parts:
            _check(path, archive, name, manifest.parts[name])
    except (EOFError, NotImplementedError, OSError, RuntimeError, ValueError, zlib.error) as error:
        raise BadArchive(f"{path} was altered: {error}") from None
    return manifest


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    names = archive.namelist()
    if MANIFEST not in names or archive.getinfo(MANIFEST).file_size > MANIFEST_BYTES_MAX:
        raise BadArchive(f"{path} has no {MANIFEST}: it is no archive of Tocsin")
    try:
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except msgspec.DecodeError as error:
        raise BadArchive(f"{path}: {MANIFEST} was altered: {error}") from None
    if manifest.format != FORMAT:
        raise BadArchive(f"{path} has the format {manifest.format}; this version of Tocsin reads format {FORMAT}")
    stray = set(names) ^ {MANIFEST, *manifest.parts}
    bad = [name for name in names if name != MANIFEST and not _PART.fullmatch(name)]
    if stray or bad or len(names) != len(set(names)):
        named = ", ".join(sorted([*stray, *bad])[:3]) or "a part that is there twice"
        raise BadArchive(f"{path} was altered: its parts are not those of its manifest: {named}")
    return manifest


def _check(path: Path, archive: zipfile.ZipFile, name: str, part: Part) -> None:
    hash_, size = sha256(), 0
    with archive.open(name) as stream:
        while piece := stream.read(CHUNK_BYTES):
            hash_.update(piece)
            size += len(piece)
    if (size, hash_.hexdigest()) != (part.bytes, part.sha256):
        raise BadArchive(f"{path} was altered: {name} is not what the manifest says")
