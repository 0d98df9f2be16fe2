"""How operations describe their answers in the OpenAPI document: an example each, every error with its codes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api import (
    drill_examples,
    examples,
    identity_examples,
    inbox_examples,
    kpi_examples,
    response_examples,
    rules_examples,
)
from api.errors import CONFLICT_TITLE, MEDIA_TYPE, STATUSES, TYPE_PREFIX, Code, Problem

Responses = dict[int | str, dict[str, Any]]

_SCHEMA_PATH = "#/components/schemas/{model}"
EVERYWHERE = (
    Code.UNAUTHENTICATED,
    Code.FORBIDDEN,
    Code.NOT_LOCAL,
    Code.FOREIGN_ORIGIN,
    Code.WRONG_HOST,
    Code.INVALID_REQUEST,
)
_SOURCES = (
    examples,
    response_examples,
    rules_examples,
    identity_examples,
    kpi_examples,
    drill_examples,
    inbox_examples,
)
EXAMPLES: dict[str, BaseModel] = {
    name: value for source in _SOURCES for name, value in vars(source).items() if isinstance(value, BaseModel)
}
ETAG_HEADER = {"ETag": {"description": "its revision", "schema": {"type": "string"}, "example": '"5"'}}

_DETAILS = {
    Code.INVALID_REQUEST: "query.limit: expected less than or equal to 200",
    Code.UNKNOWN_INCIDENT: "INC-000099 is not an incident",
    Code.UNKNOWN_DEVICE: "tower-a/sd-9999 is not a device",
    Code.UNKNOWN_ORDER: "WO-000099 is not a work order",
    Code.UNKNOWN_ACTION: "CA-000099 is not a corrective action",
    Code.UNKNOWN_SHELF: "SH-000099 is not a shelf",
    Code.UNKNOWN_HANDOVER: "HO-000099 is not a handover",
    Code.UNKNOWN_RULE: "no-such-rule is not a rule in force",
    Code.UNKNOWN_BACKTEST: "BT-000099 is not a backtest, or is forgotten",
    Code.TOO_BUSY: "5 backtests are under way or waiting",
    Code.UNKNOWN_USER: "nobody is not a user",
    Code.UNKNOWN_TOKEN: "TK-000099 is not an API token",
    Code.UNKNOWN_INBOX_DEVICE: "z2m/0x1 is not among the devices that were found",
    Code.UNKNOWN_DRILL: "DRL-000099 is not a drill",
}


def answers(
    example: BaseModel | str, *codes: Code, media_type: str = "application/json", etag: bool = False
) -> Responses:
    """`responses=` of an operation: its 200 with an example, and the errors it has beside those of all operations."""
    ok: dict[str, Any] = {"description": "OK", "content": {media_type: {"examples": named_example(example)}}}
    if etag:
        ok["headers"] = ETAG_HEADER
    return {200: ok, **problems(*EVERYWHERE, *codes, Code.INTERNAL, Code.UNAVAILABLE)}


def named_example(example: BaseModel | str) -> dict[str, Any]:
    """`examples` of a media type. Those of `api.examples` by reference: FastAPI drops nulls from those in place."""
    for name, value in EXAMPLES.items():
        if value is example:
            return {name.lower(): {"$ref": f"#/components/examples/{name.lower()}"}}
    return {"answer": {"value": example}}


def problems(*codes: Code) -> Responses:
    """One response a status, one example a code."""
    responses: Responses = {}
    for code in codes:
        status, title = STATUSES[code]
        response = responses.setdefault(status, _problem_response(title))
        response["content"][MEDIA_TYPE]["examples"][code.value] = {
            "value": _example(code.value, status, title, _DETAILS.get(code, title))
        }
    return responses


def conflict(*refusals: tuple[str, str]) -> Responses:
    """409, whose codes are the desk's: some of them, each with a reason."""
    response = _problem_response(CONFLICT_TITLE)
    for code, detail in refusals:
        example = _example(code, 409, CONFLICT_TITLE, detail)
        response["content"][MEDIA_TYPE]["examples"][code] = {"value": example}
    return {409: response}


def _problem_response(title: str) -> dict[str, Any]:
    schema = {"$ref": _SCHEMA_PATH.format(model="Problem")}
    return {"description": title, "content": {MEDIA_TYPE: {"schema": schema, "examples": {}}}}


def _example(code: str, status: int, title: str, detail: str) -> dict[str, Any]:
    problem = Problem(
        type=TYPE_PREFIX + code,
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id="5f0c2b7e9a1d4c36",
    )
    return problem.model_dump(exclude_defaults=True)


class DocumentedApi(FastAPI):
    """FastAPI whose OpenAPI document knows the problem documents that no return type names."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            _, schemas = models_json_schema([(Problem, "serialization")], ref_template=_SCHEMA_PATH)
            document["components"]["schemas"] |= schemas["$defs"]
            document["components"]["examples"] = {
                name.lower(): {"value": value.model_dump(mode="json", by_alias=True)}
                for name, value in EXAMPLES.items()
            }
        return self.openapi_schema or {}
