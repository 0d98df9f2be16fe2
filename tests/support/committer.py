"""A process that commits, to be killed: `python -m tests.support.committer URL`, or with a limit on its files' bytes.

Prints the journal's index after every commit that returned. Each group is ROWS journal rows, ENTRIES entries, one
incident that counts them, one outbox row.
"""

from __future__ import annotations

import resource
import signal
import sys
from itertools import count

from gateway.store import Store, StoreFailed
from tests.support.groups import Journal, command, entry, incident

ROWS, ENTRIES = 3, 5


def main(url: str, file_bytes_max: int | None = None) -> None:
    store = Store.open(url)
    if file_bytes_max is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, resource.RLIM_INFINITY))
    journal = Journal(*store.head())
    for number in count(journal.index // ROWS):
        group = journal.group(
            rows=ROWS,
            entries=[entry(number * ENTRIES + n, reason="x" * 200) for n in range(1, ENTRIES + 1)],
            incidents={"INC-000001": incident(entries=(number + 1) * ENTRIES)},
            outbox_put=[command(f"CMD-{number:06d}")],
        )
        try:
            store.commit(group)
        except StoreFailed as error:
            say(f"failed: {error}")
            say(f"head: {store.head()[0]}")
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            store.commit(group)
            say(f"again: {store.head()[0]}")
            store.close()
            return
        say(str(journal.index))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
