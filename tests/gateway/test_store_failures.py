"""Killed, cut off, full: what `commit` returned for is there, and nothing is there by half."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from gateway.store import Group, Store, StoreFailed, StoreLocked, Verified
from tests.support.committer import ENTRIES, ROWS
from tests.support.groups import Journal, command, entry

KILLS = 5


@contextmanager
def committing(url: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, "-m", "tests.support.committer", url, *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            yield process
        finally:
            process.kill()


def whole_groups(store: Store) -> int:
    """How many groups there are; each is there with all its parts."""
    index = store.head()[0]
    number = index // ROWS
    assert index == number * ROWS
    assert isinstance(store.verify(), Verified)
    entries, after = 0, 0
    while page := store.entries_after(after, 1000):
        entries, after = entries + len(page), page[-1].position
    assert entries == after == number * ENTRIES
    assert len(store.outbox_due(2**62, 10**6)) == number
    incident = store.incident("INC-000001")
    assert (incident.entries if incident else 0) == entries
    return number


def test_a_killed_writer_leaves_all_it_had_committed_and_no_group_by_half(url: str) -> None:
    chance = random.Random(20261124)
    for _ in range(KILLS):
        with committing(url) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 60)):
                process.stdout.readline()
            process.kill()
            returned = [int(line) for line in process.stdout if line.endswith("\n")]
            process.wait()
        with Store.open(url) as store:
            assert whole_groups(store) * ROWS >= max(returned, default=1)


def test_a_full_disk_fails_the_commit_leaves_nothing_by_half_and_passes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.sqlite"
    with committing(url, str(3 * 1024 * 1024)) as process:
        said = process.communicate()[0].splitlines()
    failed = next(number for number, line in enumerate(said) if line.startswith("failed: "))
    committed = int(said[failed - 1])
    assert "disk" in said[failed]
    assert said[failed + 1 :] == [f"head: {committed}", f"again: {committed + ROWS}"]
    with Store.open(url) as store:
        assert whole_groups(store) * ROWS == committed + ROWS


def test_another_process_is_refused_while_one_writes(url: str) -> None:
    with committing(url) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(StoreLocked, match="only one may") as refused:
            Store.open(url)
        if url.startswith("sqlite"):
            assert f"process {process.pid}" in str(refused.value)
        process.kill()
        process.wait()
    Store.open(url).close()


# ---- PostgreSQL goes away


def end_sessions(url: str, name: str = "tocsin") -> None:
    with closing(psycopg.connect(url.replace("+psycopg", ""), autocommit=True)) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database() AND pid <> pg_backend_pid()",
            (name,),
        )


def test_the_same_group_may_be_committed_again_after_the_connection_broke(postgres: Callable[[], str]) -> None:
    url, journal = postgres(), Journal()
    with Store.open(url) as store:
        store.commit(journal.group())
        end_sessions(url)
        group = journal.group(entries=[entry(1)], outbox_put=[command()])
        with pytest.raises(StoreFailed):
            store.commit(group)
        store.commit(group)
        assert store.head() == (2, journal.hash)
        assert store.entries_after(0) == [entry(1)]
        with pytest.raises(StoreLocked):
            Store.open(url)


def test_reads_come_back_by_themselves_after_the_connection_broke(postgres: Callable[[], str]) -> None:
    url = postgres()
    with Store.open(url) as store:
        assert store.head()[0] == 0
        end_sessions(url)
        assert store.head()[0] == 0
        with pytest.raises(StoreFailed):
            store.knows(["key"])
        assert store.knows(["key"]) == set()


def test_a_writer_that_lost_its_lock_with_its_connection_does_not_write_beside_another(
    postgres: Callable[[], str],
) -> None:
    url, journal = postgres(), Journal()
    with Store.open(url) as first:
        end_sessions(url)
        with Store.open(url) as second:
            second.commit(Journal().group())
            group = journal.group()
            for _ in range(2):
                with pytest.raises(StoreFailed):
                    first.commit(group)
            assert second.head()[0] == 1


class Cut:
    """Stands before PostgreSQL; when armed, cuts the next connection on which a COMMIT is answered: nobody hears it."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = host, port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.armed = threading.Event()
        self.cut = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                near = self._listening.accept()[0]
            except OSError:
                return
            far = socket.create_connection(self._upstream)
            self._sockets += [near, far]
            for pump, ends in ((self._up, (near, far)), (self._down, (far, near))):
                thread = threading.Thread(target=pump, args=ends)
                self._threads.append(thread)
                thread.start()

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        self._pump(near, far, lambda chunk: False)

    def _down(self, far: socket.socket, near: socket.socket) -> None:
        self._pump(far, near, lambda chunk: self.armed.is_set() and b"COMMIT\0" in chunk)

    def _pump(self, source: socket.socket, sink: socket.socket, swallow: Callable[[bytes], bool]) -> None:
        try:
            while chunk := source.recv(65_536):
                if swallow(chunk):
                    self.armed.clear()
                    self.cut.set()
                    break
                sink.sendall(chunk)
        except OSError:
            pass
        for end in (source, sink):
            with closing(end):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in self._sockets:
            with closing(end), suppress(OSError):  # closing alone would leave a thread that reads from it waiting
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


def test_a_commit_whose_answer_was_lost_is_not_done_twice(postgres: Callable[[], str]) -> None:
    direct = postgres()
    parts = make_url(direct)
    with closing(Cut(str(parts.host), parts.port or 5432)) as cut:
        url = parts.set(port=cut.port, host="127.0.0.1").render_as_string(hide_password=False)
        with Store.open(url) as store:
            journal = Journal()
            store.commit(journal.group(entries=[entry(1)]))
            cut.armed.set()
            group = journal.group(entries=[entry(2)], outbox_put=[command()])
            with pytest.raises(StoreFailed):
                store.commit(group)
            assert cut.cut.is_set()
            with Store.open(direct, writer=False) as beside:
                assert beside.head() == (2, journal.hash)  # it had arrived
            store.commit(group)
            store.commit(journal.group(entries=[entry(3)]))
            assert store.head() == (3, journal.hash)
            assert [each.position for each in store.entries_after(0)] == [1, 2, 3]


def test_a_group_that_was_committed_is_not_taken_again_without_doubt(url: str) -> None:
    with Store.open(url) as store:
        group: Group = Journal().group()
        store.commit(group)
        with pytest.raises(ValueError, match="journal row 1 does not follow row 1"):
            store.commit(group)
