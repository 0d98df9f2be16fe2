"""What requests about orders, corrective actions, shelves, handovers, plans and messages may carry."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.board_port import BoardQuery
from api.ports import ActionQuery, HandoverQuery, NoticeQuery, OrderQuery, ShelfQuery
from api.requests import (
    AssetId,
    Body,
    Cursor,
    LanguageQuery,
    Limit,
    LineText,
    NeededText,
    PersonName,
    QueriedInstant,
    QueriedName,
    Query,
    RoleName,
    Text,
)
from rules.instant import DAY_MS
from rules.level import Level
from rules.mode import Mode
from rules.order import Node, OrderKind, OrderStep

FILE_NAME_CHARACTERS_MAX = 120  # what a screen shows of one
ATTACHMENTS_MAX = 20  # of one step: a photo of each side, and the papers
SHELF_MS_MAX = 366 * DAY_MS  # the longest duration that files know; the plans' own maxima are shorter


def _file_name(value: str) -> str:
    """A name, not a path: it is shown, and offered as what to save the file as."""
    if "/" in value or "\\" in value or value.startswith("."):
        raise ValueError("the name of a file without its folder")
    return value


FileName = Annotated[LineText, Field(max_length=FILE_NAME_CHARACTERS_MAX), AfterValidator(_file_name)]
SHA256 = re.compile(r"[0-9a-f]{64}")
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
IncidentName = Annotated[str, StringConstraints(pattern="^INC-[0-9]{6,12}$")]

# ---- work orders


class OpenOrderIn(Body):
    """Something is broken."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "duty-officer",
                    "asset": "tower-a/sd-1203",
                    "fault": "head is loose",
                    "summary": "refit the head of the detector in 1203",
                    "kind": "ordinary",
                }
            ]
        }
    )

    asset: AssetId = Field(description="a device (`site/name`) or a zone (`site/zone`)")
    fault: LineText = Field(description="an open order of the same asset and fault takes it in")
    summary: Annotated[NeededText, Field(max_length=500)]
    kind: OrderKind = OrderKind.ORDINARY
    incident: IncidentName | None = None
    for_role: RoleName = Field(default="engineer", description="who has to do it")


class AttachedIn(BaseModel):
    """A file that was sent before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: FileName
    sha256: Sha256


class OrderStepIn(Body):
    """From one node to the next."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"by": "engineering-lead", "step": "accept", "note": "on my way with a spare head"}]
        }
    )

    step: OrderStep
    note: Text = ""
    reason: Text = Field(
        default="", description="of a cancellation, a rejection, or a verification without a normal reading"
    )
    attachments: list[AttachedIn] = Field(default=[], max_length=ATTACHMENTS_MAX)


class AssignOrderIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer", "to": "engineering-lead"}]})

    to: PersonName


class HandOverOrderIn(Body):
    """It goes on outside."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"by": "engineering-lead", "to": "Beijing Lift Repair", "reason": "needs the maker's engineer"}
            ]
        }
    )

    to: PersonName
    reason: NeededText


class OrdersQuery(Query):
    site: QueriedName | None = None
    zone: QueriedName | None = Field(default=None, description="`site/zone`")
    asset: AssetId | None = Field(default=None, description="`site/name` of a device, or `site/zone`")
    node: Node | None = None
    kind: OrderKind | None = None
    mode: Mode | None = None
    open: bool | None = None
    overdue: bool | None = None
    assignee: QueriedName | None = None
    role: QueriedName | None = None
    cursor: Cursor | None = None
    limit: Limit = 50

    def question(self) -> OrderQuery:
        return OrderQuery(**dict(self))


class BoardIn(Query):
    """What of the board is looked at."""

    site: QueriedName | None = None
    zone: QueriedName | None = Field(default=None, description="`site/zone`")
    kind: OrderKind | None = None
    mode: Mode | None = None
    assignee: QueriedName | None = None
    role: QueriedName | None = None
    limit: Limit = Field(default=50, description="of one column")

    def question(self) -> BoardQuery:
        return BoardQuery(**dict(self))


class AttachmentQuery(Query):
    name: FileName = Field(description="what the file is called", examples=["detector.png"])


# ---- corrective actions


class ActionDoneIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "engineering-lead", "note": "guards are mounted"}]}
    )

    note: Text = ""


class RecheckIn(Body):
    """Whether it has helped, by another person than who did it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "duty-officer", "ok": True, "note": "all twelve seen"}]}
    )

    ok: bool = Field(description="false opens it again")
    note: Text = ""


class ActionsQuery(Query):
    site: QueriedName | None = None
    incident: IncidentName | None = None
    owner: QueriedName | None = None
    open: bool | None = None
    overdue: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 50

    def question(self) -> ActionQuery:
        return ActionQuery(**dict(self))


# ---- shelves


class ShelfIn(Body):
    """What is to be quiet: of device, zone and rule those that are named must all fit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "duty-officer",
                    "device": "tower-a/sd-1203",
                    "duration_ms": 3_600_000,
                    "reason": "welding next to it, fire watch is there",
                    "second": "engineering-lead",
                }
            ]
        }
    )

    reason: NeededText
    duration_ms: Annotated[int, Field(ge=0, le=SHELF_MS_MAX)] = Field(
        default=0, description="0: as long as a one-shot shelf may last"
    )
    device: AssetId | None = None
    zone: AssetId | None = None
    rule: QueriedName | None = None
    one_shot: bool = Field(default=False, description="ends as soon as what it keeps quiet is over")
    second: PersonName | None = Field(default=None, description="the second person; smoke detection needs one")
    maintenance: bool = Field(default=False, description="a maintenance window")

    @model_validator(mode="after")
    def _something_is_named(self) -> Self:
        if self.device is None and self.zone is None and self.rule is None:
            raise ValueError("a device, a zone or a rule")
        return self


class EndShelfIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer", "reason": "welding is done"}]})

    reason: Text = ""


class ShelvesQuery(Query):
    device: AssetId | None = None
    zone: AssetId | None = None
    rule: QueriedName | None = None
    open: bool | None = Field(default=None, description="in force")
    cursor: Cursor | None = None
    limit: Limit = 50

    def question(self) -> ShelfQuery:
        return ShelfQuery(**dict(self))


# ---- shift handovers


class HandoverIn(Body):
    """The outgoing (`by`) hands a site over; what there is to know fills itself in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "duty-officer", "site": "tower-a", "incoming": "engineering-lead"}]}
    )

    site: QueriedName
    incoming: PersonName


class HandoverNoteIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "duty-officer", "text": "the key of riser 12 is at the desk"}]}
    )

    text: NeededText


class SignIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "engineering-lead"}]})


class HandoversQuery(Query):
    site: QueriedName | None = None
    done: bool | None = Field(default=None, description="signed by both")
    cursor: Cursor | None = None
    limit: Limit = 50

    def question(self) -> HandoverQuery:
        return HandoverQuery(**dict(self))


# ---- plans, roster, messages


class PlanQuery(Query):
    level: Level | None = Field(default=None, description="only the steps that an incident of this level gets")


class RosterQuery(Query):
    at: QueriedInstant | None = Field(default=None, description="another moment than now")
    role: QueriedName | None = None
    site: QueriedName | None = None


class NotificationsQuery(LanguageQuery):
    incident: IncidentName | None = None
    failed: bool | None = Field(default=None, description="only what did not arrive, or only the rest")
    cursor: Cursor | None = None
    limit: Limit = 100

    def question(self) -> NoticeQuery:
        return NoticeQuery(self.incident, self.failed, self.cursor, self.limit)
