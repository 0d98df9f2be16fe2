"""Files of the API, fetched as the person who asks for them."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from nicegui import app

from console.client import Problem, SignedOut, Unreachable
from console.gate import Gate

REPORT_FORMATS = ("pdf", "html", "markdown", "json")


def add(gate: Gate) -> None:
    @app.get("/download/{path:path}")
    async def download(request: Request, path: str) -> Response:
        session = gate.session(request)
        query = {name: value for name, value in request.query_params.items() if len(value) < 100}
        try:
            content, media_type, named = await session.api.download(f"/{path}", **query)
        except SignedOut:
            return RedirectResponse("/sign-in")
        except Problem as error:
            return Response(error.detail, status_code=error.status, media_type="text/plain; charset=utf-8")
        except Unreachable:
            return Response(status_code=502)
        headers = {"Content-Disposition": named} if named else {}
        return Response(content, media_type=media_type, headers=headers)
