"""Files of work orders: what is taken, under which name, and that it stays what it was."""

from __future__ import annotations

import threading
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.file_forms import FILE_BYTES_MAX, FILE_TYPES
from gateway.attachments import ENDINGS, NAME_CHARACTERS_MAX, Attachments, NotKept, clean_name
from rules.order import Attachment

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
PDF = b"%PDF-1.7 paper"


@pytest.fixture
def kept(tmp_path: Path) -> Attachments:
    return Attachments(tmp_path / "attachments")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "attachments").rglob("*") if path.is_file())


def test_a_file_is_kept_by_the_hash_of_its_content_and_reads_back(tmp_path: Path, kept: Attachments) -> None:
    attachment = kept.keep("board.png", "image/png", PNG)
    hash_ = sha256(PNG).hexdigest()
    assert attachment == Attachment("board.png", hash_, len(PNG), "image/png")
    assert kept.content(hash_) == PNG
    assert kept.find(hash_) == attachment
    path, _ = files(tmp_path)
    assert path == tmp_path / "attachments" / hash_[:2] / hash_
    assert path.stat().st_mode & 0o177 == 0  # nobody else reads it, nobody executes it


def test_the_same_content_again_is_the_same_file_as_it_was_first(tmp_path: Path, kept: Attachments) -> None:
    first = kept.keep("board.png", "image/png", PNG)
    assert kept.keep("another.png", "image/png", PNG) == first
    assert len(files(tmp_path)) == 2


def test_files_are_found_after_a_restart(tmp_path: Path, kept: Attachments) -> None:
    attachment = kept.keep("board.png", "image/png", PNG)
    again = Attachments(tmp_path / "attachments")
    assert again.find(attachment.sha256) == attachment
    assert again.content(attachment.sha256) == PNG


@pytest.mark.parametrize(
    ("media_type", "content", "why"),
    [
        ("text/html", b"<script>", "is not a type that is taken"),
        ("application/x-sh", b"#!/bin/sh", "is not a type that is taken"),
        ("image/png", b"<script>", "does not begin as image/png does"),
        ("application/pdf", PNG, "does not begin as application/pdf does"),
        ("image/png", b"", "0 bytes; expected 1 to"),
        ("image/png", PNG + bytes(FILE_BYTES_MAX), "expected 1 to"),
    ],
)
def test_what_is_not_taken_says_why_and_leaves_nothing(
    tmp_path: Path, kept: Attachments, media_type: str, content: bytes, why: str
) -> None:
    with pytest.raises(NotKept, match=why):
        kept.keep("x", media_type, content)
    assert not (tmp_path / "attachments").exists()


def test_when_there_is_no_room_nothing_is_taken_and_nothing_thrown_away(tmp_path: Path) -> None:
    Attachments(tmp_path / "attachments").keep("a.png", "image/png", PNG)
    full = Attachments(tmp_path / "attachments", bytes_max=200)
    with pytest.raises(NotKept, match="there is no room"):
        full.keep("b.png", "image/png", PNG + bytes(100))
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize("hash_", ["", "abc", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64, "0" * 64 + "\n"])
def test_only_a_hash_finds_anything(kept: Attachments, hash_: str) -> None:
    kept.keep("board.png", "image/png", PNG)
    assert kept.find(hash_) is None
    with pytest.raises(LookupError, match="no file is kept under"):
        kept.content(hash_)


def test_a_file_that_was_changed_is_not_given_out(tmp_path: Path, kept: Attachments) -> None:
    attachment = kept.keep("board.png", "image/png", PNG)
    path = files(tmp_path)[0]
    path.write_bytes(PNG + b"!")
    with pytest.raises(LookupError, match="is not what was kept"):
        kept.content(attachment.sha256)
    path.unlink()
    with pytest.raises(LookupError, match="is gone"):
        kept.content(attachment.sha256)


def test_a_file_without_its_record_is_kept_anew(tmp_path: Path, kept: Attachments) -> None:
    attachment = kept.keep("board.png", "image/png", PNG)
    files(tmp_path)[1].unlink()  # the gateway died between the two
    assert kept.find(attachment.sha256) is None
    assert kept.keep("board.png", "image/png", PNG) == attachment
    assert kept.content(attachment.sha256) == PNG


def test_many_at_once_lose_nothing(tmp_path: Path, kept: Attachments) -> None:
    contents = [PDF + bytes([number]) for number in range(8)] * 2
    threads = [threading.Thread(target=kept.keep, args=("x.pdf", "application/pdf", each)) for each in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(kept.content(sha256(each).hexdigest()) == each for each in contents)
    assert len(files(tmp_path)) == 16


@pytest.mark.parametrize(
    ("name", "media_type", "expected"),
    [
        ("board.png", "image/png", "board.png"),
        ("../../etc/passwd", "image/png", "passwd.png"),
        ("C:\\temp\\report.PDF", "application/pdf", "report.pdf"),
        ("photo.html", "image/jpeg", "photo.html.jpg"),
        ("照片 1.jpeg", "image/jpeg", "照片 1.jpeg"),
        ("invoice\u202egnp.exe", "image/png", "invoicegnp.exe.png"),
        (".bashrc", "image/png", "bashrc.png"),
        ("\n\0", "image/png", "file.png"),
        (".png", "image/png", "png.png"),
        ("", "video/mp4", "file.mp4"),
        ("a" * 500, "image/png", "a" * 116 + ".png"),
        ('a<b>"c"|d?.png', "image/png", "a-b--c--d-.png"),
    ],
)
def test_a_name_is_made_harmless_and_says_what_the_file_is(name: str, media_type: str, expected: str) -> None:
    assert clean_name(name, media_type) == expected


@given(st.text(max_size=300), st.sampled_from(sorted(FILE_TYPES)))
def test_no_name_leaves_its_folder_or_hides_anything(name: str, media_type: str) -> None:
    clean = clean_name(name, media_type)
    assert 0 < len(clean) <= NAME_CHARACTERS_MAX
    assert clean.isprintable()
    assert not set(clean) & set('/\\<>:"|?*')
    assert not clean.startswith((".", " "))
    assert clean.lower().endswith(ENDINGS[media_type])
    assert clean_name(clean, media_type) == clean


def test_every_type_that_is_taken_has_an_ending() -> None:
    assert ENDINGS.keys() == FILE_TYPES.keys()
