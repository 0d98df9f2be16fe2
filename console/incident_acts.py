"""What a person can do about an incident: keys, fields, and the operation of the API that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from nicegui import ui

from console.ask import Field, ask
from console.client import Json
from console.session import Session
from console.settings import Language
from console.words import Words, add, say, title

WORDS: Words = {
    "acknowledge": ("Acknowledge", "确认接警"),
    "confirm": ("Confirm", "确认属实"),
    "false_alarm": ("False alarm", "误报"),
    "change_level": ("Change level", "调整等级"),
    "assign": ("Assign", "指派"),
    "respond": ("On site", "已到场"),
    "note": ("Note", "备注"),
    "close": ("Close", "关闭事件"),
    "report": ("Report", "报告"),
    "review": ("Review", "复盘"),
    "to_whom": ("To whom", "指派给"),
    "text": ("Text", "内容"),
    "role": ("In the role", "以何角色"),
    "no_role": ("none in particular", "不指定"),
    "cause_is": ("Cause", "原因"),
    "finding_is": ("It was", "结论"),
    "real": ("real", "属实"),
    "measures": ("Measures taken", "处置措施"),
    "result": ("Result", "处置结果"),
    "skip_why": ("Why it is not needed", "跳过原因"),
    "note_optional": ("Note (may be empty)", "备注（可空）"),
    "complete_task": ("Task done", "任务完成"),
    "skip_task": ("Skip the task", "跳过任务"),
}
add(WORDS)


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
    return (_open(incident) and incident["ladder"] is not None) or incident["countdown"] is not None


ACTS = (
    Act("acknowledge", "a", "incidents:acknowledge", _open, _untaken),
    Act("respond", "p", "incidents:respond", lambda each: _open(each) and each["first_response_at"] is None),
    Act("confirm", "c", "incidents:confirm", _unconfirmed),
    Act("false_alarm", "f", "incidents:resolve", _open),
    Act("change_level", "e", "incidents:level", _open),
    Act("assign", "s", "incidents:assign", _open),
    Act("note", "n", "incidents:note", lambda each: True),
    Act("close", "x", "incidents:resolve", _open, lambda each: _open(each) and each["sources_normal"]),
    Act("review", "v", "incidents:review", lambda each: bool(each["awaits_review"]), lambda each: True),
    Act("report", "r", "reports:read", lambda each: True),
)

Done = Callable[[Any], Awaitable[None]]


async def begin(session: Session, incident: Json, act: str, what: Mapping[str, Any], done: Done) -> None:
    """Asks for what it needs, then does it. `what`: the data of the button. Raises what the API raises."""
    path, language = f"/incidents/{incident['id']}", session.language
    heading = f"{say(act, language)} · {incident['id']}"
    if act == "report":
        ui.download(f"/download{path}/report?format=pdf", f"{incident['id']}.pdf")
        return
    fields, where = _asked(act, incident, str(what.get("step", "")), session)
    fixed = {"finding": "false_alarm"} if act == "false_alarm" else {}

    async def carry_out(values: dict[str, str]) -> None:
        await done(await session.api.post(path + where, fixed | session.acting() | values))

    ask(session, heading, fields, carry_out, _about(act, incident, str(what.get("step", "")), language))


def _asked(act: str, incident: Json, step: str, session: Session) -> tuple[list[Field], str]:
    """→ (fields, the operation's path below the incident's)."""
    note = Field("note", "note_optional", lines=2, needed=False)
    role = Field("role", "role", _roles(session, incident), needed=False)
    levels = {level: level for level in ("I", "II", "III") if level != incident["level"]}
    findings = {name: say(name, session.language) for name in ("real", "false_alarm")}
    finding = Field("finding", "finding_is", findings, value=incident["finding"] or "real")
    cause = Field("cause", "cause_is", value=incident["cause"] or "", lines=2)
    forms: dict[str, tuple[list[Field], str]] = {
        "acknowledge": ([note, role], "/acknowledge"),
        "respond": ([note, role], "/respond"),
        "confirm": ([Field("reason", "reason", needed=False)], "/confirm"),
        "false_alarm": ([cause], "/resolve"),
        "change_level": ([Field("level", "level", levels), Field("reason", "reason")], "/level"),
        "assign": ([Field("to", "to_whom")], "/assign"),
        "note": ([Field("text", "text", lines=3)], "/notes"),
        "close": (
            [cause, finding, note],
            "/resolve",
        ),
        "review": (
            [cause, Field("measures", "measures", lines=2), Field("result", "result", lines=2)],
            "/review",
        ),
        "complete_task": ([note], f"/tasks/{step}/complete"),
        "skip_task": ([Field("reason", "skip_why")], f"/tasks/{step}/skip"),
    }
    return forms[act]


def _roles(session: Session, incident: Json) -> dict[str, str]:
    """Those the person may act in, else those that the plan's steps name."""
    of_plan = [step["role"] for step in incident["steps"] if step["role"]]
    known = of_plan if session.plan_roles is None else session.plan_roles
    named = ["duty_officer", "engineering_lead", *known] if session.plan_roles is None else known
    return {"": say("no_role", session.language)} | {role: role.replace("_", " ") for role in dict.fromkeys(named)}


def _about(act: str, incident: Json, step: str, language: Language) -> str:
    found = next((each for each in incident["steps"] if each["id"] == step), None)
    return title(found["title"], language) if found else ""
