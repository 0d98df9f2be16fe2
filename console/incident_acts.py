"""What a person can do about an incident: keys, fields, and the operation of the API that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from nicegui import ui

from console.ask import Field, ask, show
from console.client import Json
from console.drawing import draw
from console.incident_words import WORDS
from console.session import CONTROL_ROOM, Session
from console.settings import Language
from console.words import add, say, title

add(WORDS)

COMMANDERS = ("duty_officer", "engineering_lead")  # who a fire of level I wants; offered where anybody's word is taken
REPORT_FORMATS = {"pdf": "PDF/A", "html": "HTML", "markdown": "Markdown", "json": "JSON"}
TONGUES = {"en": "English", "zh": "中文"}
PAGE_DEVICES = 200


class Act(NamedTuple):
    name: str
    key: str
    permission: str
    of_use: Callable[[Json], bool]
    first: Callable[[Json], bool] = lambda incident: False  # what is most likely wanted now


def _open(incident: Json) -> bool:
    return bool(incident["open"])


def _unconfirmed(incident: Json) -> bool:
    return _open(incident) and incident["confirmation"] == "pre_alarm"


def _untaken(incident: Json) -> bool:
    return _open(incident) and (
        incident["acknowledged_at"] is None or incident["ladder"] is not None or incident["countdown"] is not None
    )


def _reported_holds(incident: Json) -> bool:
    return _open(incident) and not incident["sources_normal"] and incident["first_out"] == ""


def may_close(incident: Json) -> bool:
    return _open(incident) and not missing(incident, "en")


ACTS = (
    Act("acknowledge", "a", "incidents:acknowledge", _open, _untaken),
    Act("respond", "p", "incidents:respond", lambda each: _open(each) and each["first_response_at"] is None),
    Act("confirm", "c", "incidents:confirm", _unconfirmed),
    Act("false_alarm", "f", "incidents:resolve", _open),
    Act("change_level", "e", "incidents:level", _open),
    Act("assign", "s", "incidents:assign", _open),
    Act("note", "n", "incidents:note", lambda each: True),
    Act("command", "m", "devices:command", _open),
    Act("over", "o", "incidents:respond", _reported_holds),
    Act("close", "x", "incidents:resolve", _open, may_close),
    Act("review", "v", "incidents:review", lambda each: bool(each["awaits_review"]), lambda each: True),
    Act("explain", "w", "read", lambda each: True),
    Act("report", "r", "reports:read", lambda each: True),
)

Done = Callable[[Any], Awaitable[None]]


async def begin(
    session: Session, incident: Json, act: str, what: Mapping[str, Any], done: Done, orders: Sequence[Json] = ()
) -> None:
    """Asks for what it needs, then does it. `what`: the data of the button; `orders`: those of the incident.

    Raises what the API raises.
    """
    path, language = f"/incidents/{incident['id']}", session.language
    heading = f"{say(act, language)} · {incident['id']}"
    step = str(what.get("step", ""))
    if act == "explain":
        lines = (await session.api.get(f"/explain{path}", lang=language))["lines"]
        show(session, heading, draw("explanation.html", language, lines=lines))
        return
    if act == "report":
        ask(session, heading, _report_fields(session), lambda values: _download(path, values))
        return
    fields, where = await _asked(act, incident, step, session)
    fixed: dict[str, Any] = {"finding": "false_alarm"} if act == "false_alarm" else {}

    async def carry_out(values: dict[str, str]) -> None:
        await done(await session.api.post(path + where, fixed | session.acting() | values))

    ask(session, heading, fields, carry_out, _about(act, incident, step, language, orders))


def missing(incident: Json, language: Language, orders: Sequence[Json] = ()) -> list[str]:
    """What keeps it from being closed as real, as far as the incident says it; the API has the last word."""
    holding = [
        say("still_holds", language, what=title(each["title"], language, each["rule"]), device=each["device"])
        for each in incident["evidence"]
        if each["holds"]
    ]
    tasks = [
        say("not_done", language, what=title(step["title"], language, step["id"]))
        for step in incident["steps"]
        if step["action"] == "task" and step["stage"] == "issued" and step["mandatory"]
    ]
    under_way = [
        say("order_open", language, order=each["id"], what=each["summary"])
        for each in orders
        if each["open"] and each["handed_over"] is None
    ]
    return holding + tasks + under_way


# ---- what is asked


async def _asked(act: str, incident: Json, step: str, session: Session) -> tuple[list[Field], str]:
    """→ (fields, the operation's path below the incident's)."""
    if act == "assign":
        return [await _people(session, incident)], "/assign"
    if act == "command":
        return await _command_fields(session, incident), "/commands"
    note = Field("note", "note_optional", lines=2, needed=False)
    role = Field("role", "role", _roles(session, incident), _likely_role(session, incident), needed=False)
    levels = {level: level for level in ("I", "II", "III") if level != incident["level"]}
    findings = {name: say(name, session.language) for name in ("real", "false_alarm")}
    finding = Field("finding", "finding_is", findings, value=incident["finding"] or "real")
    cause = Field("cause", "cause_is", value=incident["cause"] or "", lines=2)
    who = _who(session)
    forms: dict[str, tuple[list[Field], str]] = {
        "acknowledge": ([note, role, *who], "/acknowledge"),
        "respond": ([note, role, *who], "/respond"),
        "confirm": ([Field("reason", "reason", needed=False)], "/confirm"),
        "false_alarm": ([cause], "/resolve"),
        "change_level": ([Field("level", "level", levels), Field("reason", "reason")], "/level"),
        "note": ([Field("text", "text", lines=3)], "/notes"),
        "over": ([note], "/over"),
        "close": ([cause, finding, note], "/resolve"),
        "review": ([cause, Field("measures", "measures", lines=2), Field("result", "result", lines=2)], "/review"),
        "complete_task": ([note], f"/tasks/{step}/complete"),
        "skip_task": ([Field("reason", "skip_why")], f"/tasks/{step}/skip"),
    }
    return forms[act]


async def _people(session: Session, incident: Json) -> Field:
    """Those on duty at the site; where there is no roster, or it is not theirs to read, whoever is named."""
    people: dict[str, str] = {}
    if session.may("roster:read"):
        for duty in (await session.api.get("/roster", site=incident["site"]))["items"]:
            for person in duty["people"]:
                people.setdefault(person["id"], f"{person['name']} · {say(duty['role'], session.language)}")
    return Field("to", "to_whom", people or None, incident["owner"] if incident["owner"] in people else "")


async def _command_fields(session: Session, incident: Json) -> list[Field]:
    """The devices of the place, and those that were told something already."""
    language = session.language
    found = (await session.api.get("/devices", zone=incident["zone"], limit=PAGE_DEVICES))["items"]
    devices = {each["id"]: f"{title(each['title'], language, each['name'])} · {each['name']}" for each in found}
    for each in incident["commands"]:
        devices.setdefault(each["device"], each["device"].partition("/")[2])
    kinds = {each["device_class"] for each in found}
    classes = (await session.api.get("/device-classes"))["items"]
    can = {name for each in classes if each["id"] in kinds for name in each["commands"]}
    known = sorted(can | {each["command"] for each in incident["commands"]})
    command = Field("command", "command_is", suggested=known)
    role = Field("role", "role", _roles(session, incident), _likely_role(session, incident), needed=False)
    return [Field("device", "device_is", devices), command, Field("reason", "reason"), role, *_who(session)]


def _who(session: Session) -> list[Field]:
    """Asked where no token says it: roles of plans are those of a person of the roster."""
    return [] if session.signed_in else [Field("by", "who_acts", value=session.name or CONTROL_ROOM)]


def _report_fields(session: Session) -> list[Field]:
    kinds = {kind: say(f"report_{kind}", session.language) for kind in ("incident", "after_action")}
    return [
        Field("format", "report_format", REPORT_FORMATS),
        Field("lang", "report_language", TONGUES, value=session.language),
        Field("kind", "report_kind", kinds),
    ]


async def _download(path: str, values: Mapping[str, str]) -> None:
    ui.navigate.to(f"/download{path}/report?{urlencode({**values, 'download': 'true'})}")


def _roles(session: Session, incident: Json) -> dict[str, str]:
    """Those the person may act in, else those that the plan's steps name."""
    of_plan = [step["role"] for step in incident["steps"] if step["role"]]
    named = [*COMMANDERS, *of_plan] if session.plan_roles is None else session.plan_roles
    roles = {role: say(role, session.language) for role in dict.fromkeys(named)}
    return {"": say("no_role", session.language)} | roles


def _likely_role(session: Session, incident: Json) -> str:
    """The first that has not acknowledged yet."""
    given = {each["role"] for each in incident["acknowledgements"]}
    held = COMMANDERS if session.plan_roles is None else session.plan_roles
    return next((role for role in held if role not in given), "")


def _about(act: str, incident: Json, step: str, language: Language, orders: Sequence[Json]) -> str:
    if act == "close":
        lacking = missing(incident, language, orders)
        return say("still_missing", language, what="\n".join(f"• {each}" for each in lacking)) if lacking else ""
    found = next((each for each in incident["steps"] if each["id"] == step), None)
    return title(found["title"], language) if found else ""
