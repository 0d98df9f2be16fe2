"""The look of pages of tables, trees and charts, in a style sheet of its own."""

from __future__ import annotations

from markupsafe import escape
from nicegui import ui


def heading(text: str) -> None:
    """Of a page whose place in the navigation says enough to those who see it."""
    ui.html(f"<h1>{escape(text)}</h1>", sanitize=False).classes("unseen")


def dress() -> None:
    ui.add_head_html('<link rel="stylesheet" href="/console-static/panels.css">')
