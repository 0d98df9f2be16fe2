"""The words and reasons of messages in Chinese, for the timeline."""

from __future__ import annotations

WORDS_ZH = {
    "notify": "通知",
    "occupant_notice": "住户公告",
    "authority": "对外通报",
    "order": "工单",
}
WORDS_EN = {"notify": "a message", "occupant_notice": "a notice", "authority": "a CAP message"}
REASONS_ZH: tuple[tuple[str, str], ...] = (
    (r"no people are set up", "尚未配置人员"),
    (r"nothing is sent in mode test", "测试模式下不对外发送"),
    (r"nobody has the role (\S+) now", r"岗位 \1 当前无人值守"),
    (r"somebody has the role again", "岗位已有人值守"),
    (r"no channel of (\S+) is marked for exercises", r"\1 没有可用于演练的通道"),
    (r"no notice channel is set up for (\S+)", r"\1 未配置公告通道"),
    (r"no authority (\S+) is set up", r"未配置外部单位 \1"),
    (r"the authority (\S+) is not marked for exercises", r"外部单位 \1 不参加演练"),
    (r"(\d+) messages within (\S+) are the limit", r"{\2}内最多 \1 条"),
    (r"alarm flood at (\S+): messages are grouped", r"\1 报警泛滥，消息合并发送"),
    (r"held back for up to (\S+)", r"合并发送，最多延迟 {\1}"),
    (r"the next channel is (\S+)", r"改用通道 \1"),
    (r"(\S+) did not deliver", r"\1 未送达"),
    (r"not delivered in time", "未能及时送达"),
    (r"it delivers again", "已恢复送达"),
    (r"taken by (\S+)", r"\1 已接收"),
    (r"no longer in the roster", "已不在值班名册中"),
    (r"CAP (\w+), level (I|II|III)", r"CAP \1，\2 级"),
    (r"written: (\S+)", r"已写入 \1"),
    (r"(\S+): it did not take it(?: \(HTTP (\d+)\))?", r"\1 拒收"),
    (r"the channels file has no address of (\S+)", r"通道文件中没有 \1 的地址"),
    (r"nothing called (\S+) is on its way", r"没有正在发送的 \1"),
    (r"(\S+) was delivered after it had been given up", r"\1 在放弃之后才送达"),
)
