"""The channels file: where each channel leads. Its addresses hold passwords and tokens; none is ever shown."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

ADDRESSES_MAX = 20  # of one channel
_NO_FILE = "the settings name no channels file (notify.channels_file)"


class UnknownChannel(LookupError):
    """The text may be shown to anybody."""


class Addresses:
    """Read anew whenever the file has changed, so that a token can be replaced while the gateway runs."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._read_at: tuple[int, int] | None = None
        self._known: dict[str, list[str]] = {}

    def of(self, channel: str) -> list[str]:
        """Raises UnknownChannel, also for a file that cannot be used: then what it said before is not used either."""
        if self._file is None:
            raise UnknownChannel(_NO_FILE)
        try:
            stat = self._file.stat()
            if self._read_at != (stat.st_mtime_ns, stat.st_size):
                self._known = read_addresses(self._file.read_text(encoding="utf-8"))
                self._read_at = stat.st_mtime_ns, stat.st_size
        except OSError as error:
            raise UnknownChannel(f"the channels file cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise UnknownChannel(f"the channels file cannot be used: {error}") from None
        if channel not in self._known:
            raise UnknownChannel(f"the channels file has no address of {channel}")
        return self._known[channel]

    def names(self) -> list[str]:
        """Empty when the file cannot be used."""
        with suppress(UnknownChannel):
            self.of("")
        return list(self._known)


def read_addresses(text: str) -> dict[str, list[str]]:
    """Lines of `name address`; several of one name are all sent to; `#` at a line's start begins a comment.

    Raises ValueError with the line's number; an address is never part of the message.
    """
    found: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or "://" not in words[1]:
            raise ValueError(f"line {number}: expected a channel's name and one address with ://")
        addresses = found.setdefault(words[0], [])
        addresses.append(words[1])
        if len(addresses) > ADDRESSES_MAX:
            raise ValueError(f"line {number}: more than {ADDRESSES_MAX} addresses of one channel")
    return found
