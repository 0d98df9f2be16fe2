"""One codec under atheris, in a process of its own, which atheris ends: started by `tests.support.fuzz_codecs`."""

from __future__ import annotations

import argparse
import sys
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["gateway.codecs"]):  # before anything else imports them
    from tests.support import codec_checks as checks
    from tests.support import codec_mutations as mutations
    from tests.support.fuzz_codecs import Found, one


def guided(name: str, found: Found, seed: int, seconds: int) -> None:
    """By atheris, in this process, which ends with it. A case is bytes: which options, then the sequence."""
    seeds = mutations.seeds(name)
    settings: list[dict[str, Any]] = []
    corpus = found.folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for messages, options in seeds:
        if options not in settings:
            settings.append(options)
        for case in (messages, *([each] for each in messages)):
            raw = bytes([settings.index(options)]) + mutations.packed(case)
            (corpus / sha256(raw).hexdigest()[:16]).write_bytes(raw)
    with atheris.instrument_imports(include=["gateway.codecs"]):
        checks.make(name, **settings[0])

    def run(raw: bytes) -> None:
        if raw and not found.enough:
            one(name, mutations.unpacked(raw[1:]), settings[raw[0] % len(settings)], found)

    def change(raw: bytes, size_max: int, change_seed: int) -> bytes:
        random = Random(change_seed)
        if random.random() < 0.3:
            mutated: bytes = atheris.Mutate(raw, size_max)
            return mutated
        case = mutations.mutated(mutations.unpacked(raw[1:]), random.choice(seeds)[0], random)
        return (raw[:1] + mutations.packed(case))[:size_max]

    arguments = [f"-max_total_time={seconds}", f"-seed={seed or 1}", f"-max_len={mutations.BYTES_MAX}"]
    arguments += ["-print_final_stats=1", "-rss_limit_mb=2048", "-timeout=60", f"-artifact_prefix={found.folder}/"]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], run, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, kind in (("--codec", str), ("--seconds", int), ("--seed", int), ("--folder", Path)):
        parser.add_argument(name, type=kind, required=True)
    given = parser.parse_args()
    guided(given.codec, Found(given.codec, given.folder), given.seed, given.seconds)
