"""Words that every page about drills says."""

from __future__ import annotations

from console.words import Words

DRILL_WORDS: Words = {
    "drill_running": ("running", "进行中"),
    "drill_suspended": ("suspended", "已暂停"),
    "drill_ended": ("ended", "已结束"),
    "drill_aborted": ("aborted", "已中止"),
    "drill_passed": ("passed", "合格"),
    "drill_retrain": ("retrain", "须重新培训"),
    "drill_cut_off": ("cut off", "中断"),
    "drill_nothing_real": ("Nothing inside this frame is real", "本框内均为演练，并非真实事件"),
    "drill_but_the_box": ("Nothing inside this frame is real but the white box", "本框内均为演练，仅白框内为真实状态"),
    "drill_ends_in": ("ends by itself in", "自动结束倒计时"),
    "drill_since": ("on for", "已进行"),
    "drill_by": ("started by", "发起人"),
    "drill_theory": ("Theory questions", "理论考试"),
    "drill_site": ("Site", "项目"),
    "drill_scenario": ("Scenario", "演练科目（脚本）"),
    "back_to_drills": ("All drills", "全部演练"),
}
