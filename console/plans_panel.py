"""Response plans: what would be done, by whom and how soon, at each level."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.client import Json
from console.drawing import draw
from console.metrics import device_class
from console.pages.kpis import lasts
from console.session import Session
from console.settings import Language
from console.words import Words, add, known, say

LEVELS = (("I", "f"), ("II", "g"), ("III", "h"))

WORDS: Words = {
    "plan_lead": ("led by {lead}", "现场总指挥：{lead}"),
    "plan_team": ("team", "应急小组"),
    "acknowledge_within": ("Acknowledge within", "接警确认时限"),
    "then_told": ("told in turn", "逐级通知"),
    "must_acknowledge": ("Who must acknowledge", "须确认的角色"),
    "anybody": ("anybody", "任何人"),
    "on_site_within": ("On site within", "到场时限"),
    "alarms_again_after": ("Alarms again after", "再次报警间隔"),
    "does_command": ("command", "联动"),
    "does_notify": ("message", "通知"),
    "does_occupant_notice": ("notice to occupants", "人员疏散广播"),
    "does_authority": ("authority", "上报"),
    "does_task": ("task", "任务"),
    "does_work_order": ("work order", "工单"),
    "once_confirmed": ("once confirmed", "确认后执行"),
    "from_level": ("from level {level}", "{level} 级及以上"),
    "plan_no_steps": ("Nothing is done at this level", "该等级没有步骤"),
    "says_command": ("{what}: {command}, {where}", "{what}：{command}，{where}"),
    "says_within": ("within {time}", "时限 {time}"),
    "same_zone": ("in the same zone", "同区域"),
    "same_floor": ("on the same floor", "同楼层"),
    "same_building": ("in the same building", "同楼宇"),
    "same_site": ("on the whole site", "全站点"),
    "plan_role_duty_officer": ("duty officer", "值班员"),
    "plan_role_safety_officer": ("safety officer", "安全主管"),
    "plan_role_security_guard": ("security guard", "保安"),
    "plan_role_engineer": ("engineer", "工程人员"),
    "plan_role_engineering_lead": ("engineering lead", "工程主管"),
    "plan_role_customer_service": ("customer service", "客服"),
    "plan_role_project_manager": ("project manager", "项目经理"),
    "command_release": ("release", "释放"),
    "command_sound": ("sound", "鸣响"),
    "command_start": ("start", "启动"),
    "command_recall": ("recall", "迫降"),
    "command_cut": ("cut off", "切断"),
    "command_close": ("close", "关闭"),
    "command_open": ("open", "打开"),
    "command_stop": ("stop", "停止"),
}
add(WORDS)


class Plans:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.plans: list[Json] = []
        self._hazard, self._level = "fire", "I"

    def build(self) -> None:
        self._element = ui.html(sanitize=False)

    async def open(self) -> None:
        """Raises Problem, Unreachable."""
        self.plans = (await self.session.api.get("/plans"))["items"]
        if self.plans and self._hazard not in {each["hazard"] for each in self.plans}:
            self._hazard = self.plans[0]["hazard"]
        await self._show()

    async def act(self, what: dict[str, Any]) -> None:
        self._hazard = what.get("hazard", self._hazard)
        self._level = what.get("level", self._level)
        await self._show()

    async def _show(self) -> None:
        language = self.session.language
        if not self.plans:
            self._element.set_content(f'<p class="dim pad">{say("none", language)}</p>')
            return
        plan = await self.session.api.get(f"/plans/{self._hazard}", level=self._level)
        self._element.set_content(plan_html(plan, self.plans, self._level, language))


def plan_html(plan: Json, plans: list[Json], level: str, language: Language) -> str:
    phases: dict[str, list[Json]] = {}
    for step in plan["steps"]:
        phases.setdefault(step["phase"], []).append(step)
    return draw(
        "plan.html",
        language,
        plan=plan,
        plans=plans,
        level=level,
        levels=LEVELS,
        phases=phases,
        lasts=lasts,
        role=lambda name: _word("plan_role", name, language),
        says=lambda step: step_says(step, language),
    )


def step_says(step: Json, language: Language) -> str:
    """Who does what where, until when."""
    said = []
    where = say(f"same_{step['same']}", language) if step["same"] else ""
    if step["command"]:
        what = device_class(step["device_class"], language) if step["device_class"] else ""
        command = _word("command", step["command"], language)
        said.append(say("says_command", language, what=what, command=command, where=where))
    elif where:
        said.append(where)
    if step["role"]:
        said.append(_word("plan_role", step["role"], language))
    said += [str(step[name]) for name in ("to", "event") if step[name]]
    if step["kind"]:
        said.append(say(step["kind"], language))
    if step["within_ms"]:
        said.append(say("says_within", language, time=lasts(step["within_ms"])))
    return " · ".join(said)


def _word(kind: str, name: str, language: Language) -> str:
    return say(f"{kind}_{name}", language) if f"{kind}_{name}" in known() else name.replace("_", " ")
