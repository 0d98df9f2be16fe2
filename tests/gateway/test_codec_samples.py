"""What codecs make of messages as real devices publish them. `tests/support/samples.py`: how samples are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.codecs.formats import FORMATS
from gateway.codecs.port import Found
from tests.support import samples

FILES = list(samples.files())


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}/{file.stem}" for file in FILES])
def test_a_codec_makes_of_a_recorded_message_what_stands_beside_it(file: Path) -> None:
    codec = samples.codec_of(file)
    for number, line in enumerate(samples.lines_of(file), 1):
        assert samples.decoded(codec, line) == samples.expected(line), f"{file.name}:{number} {line['topic']}"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_recorded_samples_in_which_a_device_is_found(name: str) -> None:
    of_format = [file for file in FILES if file.parent.name == name]
    outputs = [each for file in of_format for line in samples.lines_of(file) for each in samples.expected(line)]
    assert any(isinstance(each, Found) for each in outputs)
