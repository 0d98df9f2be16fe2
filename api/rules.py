"""Rules in force, and every version of rules and plans that ever was."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.permissions import Permission
from api.ports import BadCursor
from api.requests import NoQuery
from api.rules_examples import RULE, RULES, VERSION_TEXT, VERSIONS
from api.rules_port import UnknownRule, UnknownVersion
from api.rules_requests import HASH, RulesQuery, VersionsQuery
from api.rules_schemas import RuleDetailOut, RulesOut, VersionsOut, VersionTextOut
from api.rules_wire import AnyRule, rule_detail_out, rule_out, version_text_out
from rules.ruleset import DetectionRule, Ruleset

router = APIRouter(tags=["rules"])

RULE_CHARACTERS_MAX = 64


@router.get(
    "/rules",
    summary="Rules in force",
    responses=answers(RULES),
    dependencies=[needs(Permission.READ_RULES)],
)
async def list_rules(desk: TheDesk, _: Caller, query: Annotated[RulesQuery, Query()]) -> RulesOut:
    """Those of the shipped library among them. A detection without a level is evidence for confirmations."""
    version, ruleset = await desk.ruleset()
    found = [id for id in sorted(_all(ruleset)) if _matches(_all(ruleset)[id], query)]
    if query.cursor is not None and query.cursor not in _all(ruleset):
        raise BadCursor(query.cursor)
    page = [id for id in found if query.cursor is None or id > query.cursor]
    return RulesOut(
        items=[rule_out(_all(ruleset)[id], ruleset) for id in page[: query.limit]],
        next_cursor=page[query.limit - 1] if len(page) > query.limit else None,
        version=version,
    )


@router.get(
    "/rules/{rule}",
    summary="One rule as it is written",
    responses=answers(RULE, Code.UNKNOWN_RULE),
    dependencies=[needs(Permission.READ_RULES)],
)
async def get_rule(
    desk: TheDesk,
    _: Caller,
    rule: Annotated[str, Path(max_length=RULE_CHARACTERS_MAX, examples=["smoke-high"])],
    query: Annotated[NoQuery, Query()],
) -> RuleDetailOut:
    ruleset = (await desk.ruleset())[1]
    if rule not in _all(ruleset):
        raise UnknownRule(rule)
    return rule_detail_out(_all(ruleset)[rule], ruleset)


@router.get(
    "/versions",
    summary="What was in force when",
    responses=answers(VERSIONS),
    dependencies=[needs(Permission.READ_RULES)],
)
async def list_versions(desk: TheDesk, _: Caller, query: Annotated[VersionsQuery, Query()]) -> VersionsOut:
    """Every stay in force of rules, or of plans, newest first; a version that came back stands twice."""
    return VersionsOut.model_validate(await desk.versions(query.kind, query.cursor, query.limit))


@router.get(
    "/versions/{version}",
    summary="A version as it was written",
    responses=answers(VERSION_TEXT, Code.UNKNOWN_VERSION),
    dependencies=[needs(Permission.READ_RULES)],
)
async def get_version(
    desk: TheDesk,
    _: Caller,
    version: Annotated[str, Path(description="its hash, or the first 12 digits of it", examples=["3f2a9c51e07b"])],
    query: Annotated[NoQuery, Query()],
) -> VersionTextOut:
    """Kept for good. The site's own files are as they stood when this version first came into force."""
    if not HASH.fullmatch(version):
        raise UnknownVersion(version)
    return version_text_out(await desk.version_text(version))


def _all(ruleset: Ruleset) -> dict[str, AnyRule]:
    return {**ruleset.detections, **ruleset.confirmations}


def _matches(rule: AnyRule, query: RulesQuery) -> bool:
    detection = isinstance(rule, DetectionRule)
    return (
        query.hazard in (None, rule.hazard)
        and query.kind in (None, "detection" if detection else "confirmation")
        and (query.device_class is None or (isinstance(rule, DetectionRule) and rule.applies_to(query.device_class)))
    )
