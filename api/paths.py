"""Paths that have to be known apart from their routes: what is open to anybody, and what takes forms or files."""

from __future__ import annotations

PREFIX = "/api/v1"
OPENAPI = f"{PREFIX}/openapi.json"
FILES = f"{PREFIX}/attachments"

TOKEN = f"{PREFIX}/login/token"
SIGN_OUT = f"{PREFIX}/login/revoke"
SET_UP = f"{PREFIX}/login/setup"
PROVIDER = f"{PREFIX}/login/provider"
PROVIDER_ANSWER = f"{PREFIX}/login/provider/answer"

PROBE_PATHS = frozenset({"/healthz", "/readyz"})  # a container's probes have no token; one that is sent has to be good
OPEN_PATHS = frozenset({TOKEN, SIGN_OUT, SET_UP, PROVIDER, PROVIDER_ANSWER, OPENAPI})  # signing in, and how to
FORM_PATHS = frozenset({TOKEN, SIGN_OUT})  # RFC 6749 and RFC 7009 have them take forms
