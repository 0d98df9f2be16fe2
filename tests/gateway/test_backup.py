"""What is backed up comes back as it was, on either database and across them; what is no backup is refused by name."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, inspect

from gateway.attachments import Attachments
from gateway.identity.database import Database, identity_url
from gateway.identity.tables import sessions, users
from gateway.keeping import backup
from gateway.keeping.archive import BadArchive, checksum_of, reading
from gateway.keeping.backup import Backup, back_up
from gateway.keeping.proof import UNBROKEN, prove, state_hash
from gateway.keeping.restore import NotEmpty, restore
from gateway.replay import differences
from gateway.store import Store, StoreFailed, StoreLocked
from gateway.store.migrate import HEAD
from gateway.telemetry import Telemetry
from tests.support import building, groups
from tests.support.stage import START, Stage

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
USER = {
    "name": "duty.officer",
    "roles": "operator",
    "plan_roles": "",
    "password": "$argon2id$…",
    "disabled": False,
    "epoch": 0,
    "revision": 1,
    "made_at": START,
    "made_by": "admin",
}
SESSION = {"id": "s-1", "user": "duty.officer", "epoch": 0, "peer": "127.0.0.1", "made_at": START, "ends_at": START}


class Furnished(Stage):
    """A gateway with something of everything: a fire, what it caused, a file, a user, a key, telemetry."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        super().__init__(folder, plans=(building.FIRE_PLAN,), url=url)
        for device in ("sd-1", "sd-2"):
            self.publish(device, smoke=0.4)
            self.deliver()
            self.time_is_up()
        self.attachment = Attachments(folder / "attachments").keep("valve.png", "image/png", PNG)
        (folder / "identity.key").write_text("0123")
        (folder / "assigned.yaml").write_text("assigned: []\n")
        database = Database(identity_url(self.url))
        with database.transaction() as connection:
            connection.execute(insert(users), USER)
            connection.execute(insert(sessions), SESSION)
        database.close()

    def back_up(self, **options: Any) -> Backup:
        return back_up(self.url, self.folder, self.folder, self.now, **options)


@pytest.fixture
def stage(new_url: Callable[[], str], tmp_path: Path) -> Iterator[Furnished]:
    url = new_url()
    made = Furnished(tmp_path / "from", None if url.startswith("sqlite") else url)
    yield made
    made.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Furnished]:
    """On SQLite alone, where it makes no difference."""
    made = Furnished(tmp_path / "from")
    yield made
    made.close()


def rows(url: str, table: str) -> list[tuple[Any, ...]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"')]
    engine.dispose()
    return found


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_a_backup_restored_into_either_database_is_the_same_store(
    stage: Furnished, into: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = stage.back_up()
    data = tmp_path / "to"
    data.mkdir()
    url = request.getfixturevalue("postgres")() if into == "postgresql" else f"sqlite:///{data}/journal.sqlite"
    restore(made.archive, url, data)
    with Store.open(url, writer=False) as store:
        assert prove(store) == prove(stage.store) == made.proof
        assert (made.proof.chain, len(made.proof.state)) == (UNBROKEN, 64)
        assert list(store.projections()) == list(stage.store.projections())
        assert list(store.journal()) == list(stage.store.journal())
        assert list(differences(store)) == []
    assert Attachments(data / "attachments").content(stage.attachment.sha256) == PNG
    assert (data / "identity.key").read_text() == "0123"
    assert (data / "assigned.yaml").read_text() == "assigned: []\n"
    users_url = identity_url(url).render_as_string(hide_password=False)
    assert [row[0] for row in rows(users_url, "users")] == ["duty.officer"]
    assert rows(users_url, "sessions") == []
    assert not list(data.glob("*.restoring*"))


def test_a_restored_gateway_goes_on_where_the_backup_was_made(stage: Furnished, tmp_path: Path) -> None:
    made = stage.back_up()
    stage.publish("sd-3", smoke=0.4)
    stage.deliver()
    restore(made.archive, f"sqlite:///{tmp_path}/to/journal.sqlite", tmp_path / "to")
    again = Stage(tmp_path / "to", plans=(building.FIRE_PLAN,))
    assert again.store.head()[0] > made.proof.entries
    assert [incident.id for incident in again.desk.engine.state.incidents.values()] == ["INC-000001"]
    assert list(differences(again.store)) == []
    again.close()


def test_a_backup_is_of_one_moment_while_the_gateway_goes_on_writing(stage: Furnished) -> None:
    before = stage.store.head()
    made = stage.back_up()
    assert (made.proof.entries, made.proof.head) == (before[0], before[1].hex())
    stage.publish("sd-3", smoke=0.4)
    stage.deliver()
    second = back_up(stage.url, stage.folder, stage.folder / "second.zip", stage.now)
    assert second.proof.entries > made.proof.entries
    assert state_hash(stage.store) == second.proof.state != made.proof.state


def test_readings_are_in_a_backup_only_when_they_are_wanted(small: Furnished, tmp_path: Path) -> None:
    with reading(small.back_up().archive) as without:
        assert without.names("telemetry") == []
    made = back_up(small.url, small.folder, tmp_path / "with.zip", small.now, telemetry=True)
    restore(made.archive, f"sqlite:///{tmp_path}/to/journal.sqlite", tmp_path / "to")
    restored = Telemetry(tmp_path / "to" / "telemetry", writer=False)
    source = restored.source("actual", f"{building.SITE}/sd-1")
    assert [values for *_, values in restored.window(source, 0)] == [{"smoke": 0.4}]
    restored.close()


def test_what_was_altered_before_the_backup_is_named_by_it(small: Furnished, tmp_path: Path) -> None:
    groups.execute(small.url, "DROP TRIGGER journal_refuses_update", 'UPDATE journal SET at = at + 1 WHERE "index" = 3')
    made = small.back_up()
    assert made.proof.chain.startswith("broken at journal entry 3")
    restore(made.archive, f"sqlite:///{tmp_path}/to/journal.sqlite", tmp_path / "to")
    with Store.open(f"sqlite:///{tmp_path}/to/journal.sqlite", writer=False) as store:
        assert prove(store) == made.proof


def test_the_data_folder_remembers_the_last_backup(small: Furnished) -> None:
    assert backup.noted(small.folder) is None
    made = small.back_up()
    noted = backup.noted(small.folder)
    assert noted is not None
    assert (noted.entries, noted.sha256, noted.at) == (small.store.head()[0], made.sha256, small.now)


def test_an_archive_can_be_read_by_its_owner_alone_and_none_is_replaced(small: Furnished) -> None:
    made = small.back_up()
    assert made.archive.stat().st_mode & 0o777 == 0o600
    assert checksum_of(made.archive).read_text() == f"{made.sha256}  {made.archive.name}\n"
    with pytest.raises(FileExistsError, match="is there already"):
        small.back_up()
    assert [path.name for path in small.folder.iterdir() if "part" in path.name or path.name.startswith(".")] == []


# ---- what is refused


@pytest.fixture
def archive(small: Furnished, tmp_path: Path) -> Path:
    made = back_up(small.url, small.folder, tmp_path / "backup.zip", small.now)
    return made.archive


def _refused(archive: Path, folder: Path, **options: Any) -> str:
    with pytest.raises(BadArchive) as refused:
        restore(archive, f"sqlite:///{folder}/to/journal.sqlite", folder / "to", **options)
    left = [path.name for path in (folder / "to").rglob("*")] if (folder / "to").exists() else []
    assert [name for name in left if not name.endswith(".lock")] == []
    return str(refused.value)


@pytest.mark.parametrize("without_checksum", [False, True])
def test_a_truncated_archive_is_refused_by_name(archive: Path, tmp_path: Path, without_checksum: bool) -> None:
    archive.write_bytes(archive.read_bytes()[:-100])
    if without_checksum:
        checksum_of(archive).unlink()
    message = _refused(archive, tmp_path)
    assert str(archive) in message
    assert "truncated" in message


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_altered_byte_of_an_archive_is_found(archive: Path, place: float, flip: int) -> None:
    """With the checksum beside it, always; without it, unless what was altered says nothing."""
    whole = archive.read_bytes()
    parts = _unpacked(archive)
    del parts["manifest.json"]
    altered, checksum = archive.with_name("altered.zip"), archive.with_name("altered.zip.sha256")
    at = int(place * len(whole))
    altered.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
    checksum.write_text(checksum_of(archive).read_text())
    with pytest.raises(BadArchive, match="another checksum than"), reading(altered):
        pass
    checksum.unlink()
    with suppress(BadArchive), reading(altered) as opened:
        assert {name: opened.open(name).read() for name in opened.manifest.parts} == parts


def test_an_archive_packed_anew_with_other_content_is_refused(archive: Path, tmp_path: Path) -> None:
    parts = _unpacked(archive)
    checksum_of(archive).unlink()
    parts["tables/incidents.jsonl"] = parts["tables/incidents.jsonl"].replace(b"activated", b"closed")
    _pack(archive, parts)
    assert "tables/incidents.jsonl is not what the manifest says" in _refused(archive, tmp_path)


@pytest.mark.parametrize("stray", ["../../escaped", "tables/../../escaped", "keys/.hidden", "notes.txt"])
def test_a_part_that_the_manifest_does_not_name_is_refused(archive: Path, tmp_path: Path, stray: str) -> None:
    checksum_of(archive).unlink()
    _pack(archive, _unpacked(archive) | {stray: b"x"})
    assert "its parts are not those of its manifest" in _refused(archive, tmp_path)


def test_an_archive_with_another_checksum_than_was_noted_is_refused(archive: Path, tmp_path: Path) -> None:
    assert "another checksum than" in _refused(archive, tmp_path, expected="0" * 64)


@pytest.mark.parametrize("content", [b"", b"no archive at all", None])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes | None) -> None:
    other = tmp_path / "other.zip"
    if content is not None:
        other.write_bytes(content)
    assert str(other) in _refused(other, tmp_path)


def test_an_archive_of_a_newer_version_is_refused(archive: Path, tmp_path: Path) -> None:
    checksum_of(archive).unlink()
    parts = _unpacked(archive)
    parts["manifest.json"] = parts["manifest.json"].replace(f'"schema": "{HEAD}"'.encode(), b'"schema": "9999"')
    _pack(archive, parts)
    assert "has schema 9999; this version of Tocsin knows up to" in _refused(archive, tmp_path)


def test_a_store_that_does_not_come_to_the_state_that_was_backed_up_is_not_left_behind(
    archive: Path, tmp_path: Path
) -> None:
    checksum_of(archive).unlink()
    parts = _unpacked(archive)
    with reading(archive) as opened:
        state = opened.manifest.proof.state.encode()
    parts["manifest.json"] = parts["manifest.json"].replace(state, b"0" * 64)
    _pack(archive, parts)
    assert "what was restored is not what was backed up" in _refused(archive, tmp_path)


def test_nothing_that_is_there_is_ever_overwritten(archive: Path, small: Furnished, tmp_path: Path) -> None:
    before = sorted(path for path in small.folder.rglob("*"))
    with pytest.raises((NotEmpty, StoreLocked)):
        restore(archive, small.url, small.folder)
    assert sorted(path for path in small.folder.rglob("*")) == before

    for part in ("journal.sqlite", "identity.sqlite", "identity.key", "attachments/ab/abc"):
        data = tmp_path / part.replace("/", "-")
        path = data / part
        path.parent.mkdir(parents=True)
        path.write_text("mine")
        with pytest.raises(NotEmpty, match=rf"{path.parts[len(data.parts)]} is .*never over it"):
            restore(archive, f"sqlite:///{data}/journal.sqlite", data)
        assert path.read_text() == "mine"


def test_a_database_that_has_tables_is_refused(archive: Path, tmp_path: Path, postgres: Callable[[], str]) -> None:
    url = postgres()
    groups.execute(url, "CREATE TABLE somebody_elses (x INTEGER)")
    with pytest.raises(NotEmpty, match="is not empty: it has a table somebody_elses"):
        restore(archive, url, tmp_path / "to")
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == ["somebody_elses"]
    engine.dispose()


def test_no_gateway_starts_on_a_store_that_is_being_restored_over(archive: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/to/journal.sqlite"
    (tmp_path / "to").mkdir()
    with Store.open(url), pytest.raises(StoreLocked):
        restore(archive, url, tmp_path / "to")


def test_a_store_of_an_older_schema_is_not_backed_up_half(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    Store.open(url).close()
    groups.execute(url, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StoreFailed, match="have schema 0001"):
        back_up(url, tmp_path, tmp_path / "backup.zip", START)
    assert not (tmp_path / "backup.zip").exists()


def _unpacked(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _pack(archive: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in parts.items():
            opened.writestr(name, content)


def test_rows_that_are_no_utf8_survive_the_way_through_an_archive(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/from/journal.sqlite"
    (tmp_path / "from").mkdir()
    with Store.open(url) as store:
        store.commit(groups.Journal().group(answers=[("k", b"\xff\x00{", START)]))
    made = back_up(url, tmp_path / "from", tmp_path / "backup.zip", START)
    restore(made.archive, f"sqlite:///{tmp_path}/to/journal.sqlite", tmp_path / "to")
    with sqlite3.connect(tmp_path / "to" / "journal.sqlite") as database:
        assert database.execute("SELECT body FROM answers").fetchall() == [(b"\xff\x00{",)]
    database.close()
