"""What the console says, in both languages. A page's own words stand beside it (`words_*.py`); `say` finds them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.settings import Language

Words = Mapping[str, tuple[str, str]]
"""Key → English, Chinese. `{name}` is filled in."""

EVERYWHERE: Words = {
    "tocsin": ("Tocsin", "Tocsin"),
    "supplementary": (
        "Supplementary display: it replaces no fire panel and no lift intercom.",
        "辅助显示系统：不能替代火灾报警控制器和电梯对讲。",
    ),
    # pages
    "wall": ("Wall", "总览"),
    "orders": ("Orders", "工单"),
    "devices": ("Devices", "设备"),
    "energy": ("Energy", "能耗"),
    "rules": ("Rules", "规则"),
    "drills": ("Drills", "演练"),
    "handover": ("Handover", "交接班"),
    "kpis": ("Figures", "指标"),
    "users": ("Users", "用户"),
    "audit": ("Audit", "审计"),
    # connection
    "connected": ("Connected", "已连接"),
    "no_connection": ("NO CONNECTION", "连接中断"),
    "may_be_old": (
        "What you see is {seconds} s old. Do not rely on it: look at the panel.",
        "所见信息为 {seconds} 秒前的状态，请勿依赖，请查看报警控制器。",
    ),
    "sound_off": ("Sound is off until you press a key or click", "按任意键或点击页面后才有声音"),
    # signing in
    "nobody_signed_in": ("Not signed in", "未登录"),
    "sign_in": ("Sign in", "登录"),
    "sign_out": ("Sign out", "退出"),
    "name": ("Name", "用户名"),
    "password": ("Password", "密码"),
    "wrong_sign_in": ("Not signed in: {why}", "登录失败：{why}"),
    "unreachable": ("The gateway does not answer", "网关无响应"),
    # everywhere
    "keys": ("Keys", "按键"),
    "close_dialog": ("Cancel", "取消"),
    "back": ("Back", "返回"),
    "do_it": ("OK", "确定"),
    "reason": ("Reason", "原因"),
    "none": ("none", "无"),
    "nobody": ("nobody", "无人"),
    "missing": ("Missing: {what}", "缺少：{what}"),
    "refused": ("Refused: {why}", "被拒绝：{why}"),
    "done": ("Done", "已完成"),
    "search": ("Search", "搜索"),
    "all": ("All", "全部"),
    "unknown": ("unknown", "未知"),
    "page_missing": ("There is no such page", "没有这个页面"),
    # the four fields
    "level": ("Level", "等级"),
    "phase": ("Phase", "阶段"),
    "signal": ("Signal", "信号"),
    "mode": ("Mode", "模式"),
    "alarm": ("Alarm", "报警"),
    "supervisory": ("Supervisory", "监管"),
    "trouble": ("Trouble", "故障"),
    "activated": ("Activated", "已启动"),
    "responding": ("Responding", "处置中"),
    "closing": ("Closing", "收尾"),
    "closed": ("Closed", "已关闭"),
    "actual": ("Actual", "真实"),
    "exercise": ("EXERCISE", "演练"),
    "test": ("TEST", "测试"),
    "pre_alarm": ("Pre-alarm", "预警"),
    "confirmed": ("Confirmed", "已确认"),
    "unconfirmed": ("Unconfirmed", "未确认"),
    # hazards
    "fire": ("Fire", "火灾"),
    "gas": ("Gas", "燃气"),
    "water": ("Water leak", "漏水"),
    "water_leak": ("Water leak", "漏水"),
    "entrapment": ("Lift entrapment", "电梯困人"),
    "lift_entrapment": ("Lift entrapment", "电梯困人"),
    "lift_fault": ("Lift fault", "电梯故障"),
    "power_outage": ("Power outage", "停电"),
    "overload": ("Electrical overload", "过载"),
    "electrical": ("Electrical", "电气"),
    "intrusion": ("Forced entry", "强行闯入"),
    "forced_entry": ("Forced entry", "强行闯入"),
    "duress": ("Duress", "胁迫"),
    "access": ("Access", "门禁"),
    "device": ("Device trouble", "设备故障"),
    "device_trouble": ("Device trouble", "设备故障"),
    # what is due
    "due_acknowledge": ("acknowledge", "确认接警"),
    "due_investigate": ("investigate", "现场核实"),
    "due_escalate": ("escalates", "升级"),
    "due_first_response": ("on site", "到场"),
    "due_re_alarm": ("alarms again", "再次报警"),
    "due_task": ("task", "任务"),
    "due_command": ("device answers", "设备反馈"),
    "due_stale": ("counts as stale", "视为陈旧"),
}

_KNOWN: dict[str, tuple[str, str]] = dict(EVERYWHERE)


def add(words: Words) -> None:
    """A page's own. Raises ValueError for a key that has other words already."""
    for key, pair in words.items():
        if _KNOWN.setdefault(key, pair) != pair:
            raise ValueError(f"{key!r} is said already: {_KNOWN[key]}")


def known() -> Words:
    return _KNOWN


def say(key: str, language: Language, **filled: Any) -> str:
    """In that language. A key that has no words, a hazard of a site's own, say, is shown as it is."""
    pair = _KNOWN.get(key)
    text = key.replace("_", " ") if pair is None else pair[language == "zh"]
    return text.format(**filled) if filled else text


def title(titles: Mapping[str, str] | None, language: Language, otherwise: str = "") -> str:
    """Of a device, zone or step: its name in that language, or in the other."""
    titles = titles or {}
    other = "en" if language == "zh" else "zh"
    return titles.get(language) or titles.get(other) or otherwise
