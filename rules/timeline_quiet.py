"""How keeping quiet, alarm discipline and audits are worded in Chinese, for the timeline."""

from __future__ import annotations

WORDS_ZH = {
    # what a person asks for
    "put_on_shelf": "搁置",
    "end_shelf": "结束搁置",
    "maintenance": "维护",
    # what the auditor finds
    "failed": "未通过",
    "passed": "已补执行",
}
_TIME = r"(\d+(?:\.\d+)?(?:ms|s|min|h|d))"

REASONS_ZH: tuple[tuple[str, str], ...] = (
    (r"(?:shelf|maintenance) (SH-\d+): it has ended", r"搁置 \1 已结束"),
    (r"(?:shelf|maintenance) (SH-\d+): it is over", r"搁置 \1 期间已恢复"),
    (r"(?:shelf|maintenance) (SH-\d+): other rules or plans are in force", r"规则或预案已变更（搁置 \1）"),
    (r"(?:shelf|maintenance) (SH-\d+): (.+)", r"搁置 \1：\2"),
    (r"inhibition (\S+): explained by (\S+) at (\S+)", r"抑制 \1：由 \3 的 \2 引起"),
    (r"inhibition (\S+): what explained it is over", r"抑制 \1：起因已消除"),
    (r"inhibition (\S+): it is over", r"抑制 \1 期间已恢复"),
    (r"inhibition (\S+): other rules or plans are in force", r"规则或预案已变更（抑制 \1）"),
    (r"what is raised already stays", "已立案的保持不变"),
    (r"held while it was kept quiet", "抑制期间一直存在"),
    (r"its time is up", "到期"),
    (r"what it kept quiet is over", "所抑制的报警均已恢复"),
    (rf"came (\d+) times within {_TIME}", r"{\2}内出现 \1 次"),
    (r"its changes are counted from now on", "此后的变化只计数"),
    (r"life safety: all is written", "生命安全设备，逐条记录"),
    (rf"over: no change for {_TIME}", r"已平息：{\1}无变化"),
    (r"(\d+) changes have no entry of their own", r"\1 次变化未单独记录"),
    (rf"active for more than {_TIME}", r"持续超过 {\1}"),
    (rf"more than (\d+) within {_TIME}", r"{\2}内超过 \1 条"),
    (rf"fewer than (\d+) within {_TIME}", r"{\2}内少于 \1 条"),
    (r"due and not done: (.+)", r"到期未执行：\1"),
    (r"due and not done", "到期未执行"),
    (r"done by now, late", "已补执行，但已超时"),
    (r"there is no shelf (\S+) in force", r"没有生效的搁置 \1"),
    (rf"{_TIME} is longer than {_TIME}", r"{\1}超过上限 {\2}"),
    (r"alarms of fire and gas detection are kept quiet by two persons only", "火灾与燃气报警须两人同意方可搁置"),
    (r"(.+) asks for it; expected another person", r"\1 是申请人，须另一人同意"),
    (r"what is kept quiet needs a reason", "搁置必须说明原因"),
    (r"(\S+) at (\S+) is part of (\S+), level I", r"\2 的 \1 属于一级事件 \3"),
    (r"there is no (?:device|zone) (\S+)", r"没有 \1"),
)
