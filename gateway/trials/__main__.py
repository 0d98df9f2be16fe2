"""The process that tries something: `python -m gateway.trials MEGABYTES CPU_SECONDS`, its question on its input."""

from __future__ import annotations

import logging
import os
import resource
import sys

from gateway.clock import monotonic_s
from gateway.store.errors import StoreFailed
from gateway.trials.words import Answer, Failed, Progress, Said, encode, question_of

NICE = 10  # below the gateway and the API's process
PROGRESS_SECONDS = 0.5


def main(arguments: list[str]) -> None:
    megabytes, cpu_seconds = (int(each) for each in arguments)
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024**2, megabytes * 1024**2))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)  # what is wrong is answered
    _say(_answered(sys.stdin.buffer.read(), megabytes))


def _answered(question: bytes, megabytes: int) -> Answer:
    try:
        from gateway.trials.work import answer

        return answer(question_of(question), _Progress())
    except StoreFailed as error:
        return Failed(f"what is stored cannot be read: {error}")
    except MemoryError:
        return Failed(f"it took more than {megabytes} MB of memory")


class _Progress:
    """Says how far it is, now and then."""

    def __init__(self) -> None:
        self._said_at = 0.0

    def __call__(self, share: float) -> None:
        now = monotonic_s()
        if now - self._said_at >= PROGRESS_SECONDS:
            self._said_at = now
            _say(Progress(share))


def _say(said: Said) -> None:
    sys.stdout.buffer.write(encode(said) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
