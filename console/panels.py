"""The look of pages of tables, trees and charts, in a style sheet of its own."""

from __future__ import annotations

from nicegui import ui


def dress() -> None:
    ui.add_head_html('<link rel="stylesheet" href="/console-static/panels.css">')
