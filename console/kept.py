"""What a page has asked the API for, and asks for again when the stream says that it has changed."""

from __future__ import annotations

from nicegui import ui

from console.client import Json
from console.frame import told
from console.live import Live
from console.session import Session

LOOKED_SECONDS = 0.5  # between two looks whether something has changed


class Kept:
    """`version` rises with every change. A page says in `load` what to ask for, and in `concerns` which entry of the
    stream makes that old."""

    def __init__(self, session: Session, live: Live) -> None:
        self.session, self.live = session, live
        self.version = 0
        self.stale = False

    async def load(self) -> None:
        """Raises Problem, SignedOut, Unreachable."""
        raise NotImplementedError

    def concerns(self, entry: Json) -> bool:
        """Whether what was loaded is old by it."""
        raise NotImplementedError

    def changed(self) -> None:
        self.version += 1

    def follow(self) -> None:
        """For as long as the page is open."""
        ui.context.client.on_disconnect(self.live.read(self._entered))
        ui.timer(LOOKED_SECONDS, self._again)

    def _entered(self, entry: Json) -> None:
        self.stale = self.stale or self.concerns(entry)

    async def _again(self) -> None:
        if self.stale:
            self.stale = False
            with told(self.session):
                await self.load()
                self.changed()


def wear(sheet: str) -> None:
    """A style sheet beside the console's own, for the page that is being made."""
    ui.add_head_html(f'<link rel="stylesheet" href="/console-static/{sheet}.css">')
