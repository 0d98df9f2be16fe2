"""How drills are worded in Chinese, for the timeline."""

from __future__ import annotations

WORDS_ZH = {
    # what a person asks for
    "start_drill": "开始演练",
    "end_drill": "结束演练",
    "abort_drill": "中止演练",
    "suspend_drill": "暂停演练",
    "resume_drill": "恢复演练",
    "take_theory": "理论考试",
    # what becomes of a drill
    "started": "开始",
    "suspended": "暂停",
    "resumed": "恢复",
    "ended": "结束",
    "aborted": "中止",
    "scored": "评分",
    "theory": "理论考试",
}
_TIME = r"(\d+(?:\.\d+)?(?:ms|s|min|h|d))"

REASONS_ZH: tuple[tuple[str, str], ...] = (
    (rf"for {_TIME} at the longest", r"最长 {\1}"),
    (r"a real alarm: (\S+)", r"真实报警 \1"),
    (r"a real alarm is open: (.+)", r"真实报警尚未关闭：\1"),
    (rf"suspended for longer than {_TIME}", r"暂停超过 {\1}"),
    (r"drill (\S+) is suspended", r"演练 \1 已暂停"),
    (r"drill (\S+) is over", r"演练 \1 已结束"),
    (r"drill (\S+): it is suspended", r"演练 \1 已暂停"),
    (r"drill (\S+): it is over", r"演练 \1 已结束"),
    (r"drill (\S+): it goes on", r"演练 \1 已恢复"),
    (r"drill (\S+): retained from before it", r"演练 \1 开始前的保留消息"),
    (r"no drill: retained, and no drill is on", "无演练时的保留消息"),
    (r"no drill: none is on", "当前没有演练"),
    (r"drill (\S+) is on at (\S+)", r"\2 正在进行演练 \1"),
    (r"(DRL-\S+) is suspended; until it goes on nothing can be done in it", r"\1 已暂停，恢复前不能操作"),
    (r"there is no drill (\S+)", r"没有演练 \1"),
    (r"a drill begins", "演练开始"),
    (r"passed: (\d+) of 100, (\d+) needed", r"合格：\1 分（合格线 \2 分）"),
    (r"retrain: (\d+) of 100, (\d+) needed", r"须重新培训：\1 分（合格线 \2 分）"),
    (r"cut off: (\d+) of 100, (\d+) needed", r"演练中断：\1 分（合格线 \2 分）"),
    (r"not done: (.+)", r"尚未完成：\1"),
    (r"(\d+) of (\d+) points: passed", r"\1/\2 分：合格"),
    (r"(\d+) of (\d+) points: retrain", r"\1/\2 分：须重新培训"),
    (rf"not held for {_TIME}", r"{\1}未开展演练"),
    (r"held: (\S+)", r"已开展：\1"),
    (r"it is no longer required", "不再要求"),
    (r"too early: (.+)", r"过早：\1"),
    (r"left out: (.+)", r"跳过：\1"),
    (r"nothing that happened was detected", "未发现任何险情"),
    (r"it goes on", "已恢复"),
    (r"cut off", "演练中断"),
)
