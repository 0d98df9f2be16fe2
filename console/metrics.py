"""What devices measure, in words: metrics and device classes of the shipped library, values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.settings import Language
from console.words import Words, add, known, say

BRIEF_MAX = 2
WRONG_IF_TRUE = ("alarm", "fault", "tamper", "forced", "held_open", "entrapment", "alarm_button", "sounding", "running")
WRONG_IF_FALSE = ("mains",)
TELLING = ("smoke", "gas_lel", "co_ppm", "water_level_mm", "power_w", "floor", "direction", "door", "position")
ELSE_TELLING = ("temperature", "voltage_v", "battery")

WORDS: Words = {
    "class_access_controller": ("Access controller", "门禁控制器"),
    "class_energy_meter": ("Energy meter", "电能表"),
    "class_gas_detector": ("Gas detector", "可燃气体探测器"),
    "class_heat_detector": ("Heat detector", "感温火灾探测器"),
    "class_lift": ("Lift", "电梯"),
    "class_manual_call_point": ("Manual call point", "手动火灾报警按钮"),
    "class_power_switch": ("Switch of the non-fire power", "非消防电源开关"),
    "class_siren": ("Siren", "声光警报器"),
    "class_smoke_detector": ("Smoke detector", "感烟火灾探测器"),
    "class_smoke_vent": ("Smoke vent", "排烟窗"),
    "class_exhaust_fan": ("Smoke exhaust fan", "排烟风机"),
    "class_water_leak_detector": ("Water leak detector", "漏水探测器"),
    "metric_door": ("Door", "门状态"),
    "metric_locked": ("Locked", "上锁"),
    "metric_forced": ("Forced open", "强行开门"),
    "metric_held_open": ("Held open", "门未关"),
    "metric_tamper": ("Tamper", "防拆"),
    "metric_mains": ("Mains present", "主电源"),
    "metric_battery": ("Battery, %", "电量，%"),
    "metric_fault": ("Fault", "故障"),
    "metric_power_w": ("Total power, W", "总有功功率，W"),
    "metric_energy_kwh": ("Energy, kWh", "累计电量，kWh"),
    "metric_frequency_hz": ("Frequency, Hz", "频率，Hz"),
    "metric_voltage_v": ("Voltage, V", "电压，V"),
    "metric_voltage_l1_v": ("Voltage L1, V", "A相电压，V"),
    "metric_voltage_l2_v": ("Voltage L2, V", "B相电压，V"),
    "metric_voltage_l3_v": ("Voltage L3, V", "C相电压，V"),
    "metric_current_a": ("Current, A", "电流，A"),
    "metric_current_l1_a": ("Current L1, A", "A相电流，A"),
    "metric_current_l2_a": ("Current L2, A", "B相电流，A"),
    "metric_current_l3_a": ("Current L3, A", "C相电流，A"),
    "metric_power_l1_w": ("Power L1, W", "A相有功功率，W"),
    "metric_power_l2_w": ("Power L2, W", "B相有功功率，W"),
    "metric_power_l3_w": ("Power L3, W", "C相有功功率，W"),
    "metric_power_factor": ("Power factor", "功率因数"),
    "metric_power_factor_l1": ("Power factor L1", "A相功率因数"),
    "metric_power_factor_l2": ("Power factor L2", "B相功率因数"),
    "metric_power_factor_l3": ("Power factor L3", "C相功率因数"),
    "metric_phase_l1": ("Phase L1 present", "A相有电"),
    "metric_phase_l2": ("Phase L2 present", "B相有电"),
    "metric_phase_l3": ("Phase L3 present", "C相有电"),
    "metric_residual_current_ma": ("Residual current, mA", "剩余电流，mA"),
    "metric_cable_temperature": ("Cable temperature, °C", "线缆温度，°C"),
    "metric_gas_lel": ("Flammable gas, %LEL", "可燃气体浓度，%LEL"),
    "metric_co_ppm": ("Carbon monoxide, ppm", "一氧化碳，ppm"),
    "metric_alarm": ("Alarm", "报警"),
    "metric_temperature": ("Temperature, °C", "温度，°C"),
    "metric_floor": ("Floor", "楼层"),
    "metric_at_landing": ("Level with a landing", "平层"),
    "metric_direction": ("Direction", "运行方向"),
    "metric_speed": ("Speed, m/s", "速度，m/s"),
    "metric_occupied": ("Someone in the car", "轿厢有人"),
    "metric_load_kg": ("Load, kg", "载荷，kg"),
    "metric_mode": ("Operating mode", "运行模式"),
    "metric_fault_code": ("Fault code", "故障代码"),
    "metric_entrapment": ("Persons trapped", "困人"),
    "metric_alarm_button": ("Alarm button in the car", "轿厢报警按钮"),
    "metric_closed": ("Power on", "通电"),
    "metric_local_control": ("Local control", "就地控制"),
    "metric_sounding": ("Sounding", "鸣响"),
    "metric_smoke": ("Smoke, dB/m", "烟雾浓度，dB/m"),
    "metric_contamination": ("Chamber contamination, %", "迷宫污染度，%"),
    "metric_position": ("Position", "位置"),
    "metric_running": ("Opened for smoke", "排烟中"),
    "metric_water_level_mm": ("Water level, mm", "水位，mm"),
    "metric_clock_skew_s": ("Clock is off by, s", "时钟偏差，秒"),
    "value_true": ("yes", "是"),
    "value_false": ("no", "否"),
    "value_open": ("open", "开"),
    "value_closed": ("closed", "关"),
    "value_idle": ("idle", "停止"),
    "value_up": ("up", "上行"),
    "value_down": ("down", "下行"),
    "value_normal": ("normal", "正常"),
    "value_moving": ("moving", "动作中"),
    "value_blocked": ("blocked", "受阻"),
    "value_opening": ("opening", "正在开"),
    "value_closing": ("closing", "正在关"),
    "value_out_of_service": ("out of service", "停用"),
    "value_fire": ("fire service", "消防模式"),
    "value_inspection": ("inspection", "检修"),
}
add(WORDS)


def metric(name: str, language: Language) -> str:
    """In words, with its unit; a metric of a site's own stands as it is called."""
    return _said("metric_" + name, language) or name


def device_class(name: str, language: Language) -> str:
    return _said("class_" + name, language) or name.replace("_", " ")


def brief(values: Mapping[str, Any], language: Language) -> str:
    """What is read in a list: what is wrong by a yes or no, then what says most, with its unit."""
    wrong = [metric(name, language) for name in WRONG_IF_TRUE if values.get(name) is True]
    absent = [name for name in WRONG_IF_FALSE if values.get(name) is False]
    wrong += [f"{metric(name, language)}: {shown(False, language)}" for name in absent]
    names = [name for name in TELLING if name in values] or [name for name in ELSE_TELLING if name in values][:1]
    return " · ".join([*wrong, *(_with_unit(name, values[name], language) for name in names[:BRIEF_MAX])])


def shown(value: Any, language: Language) -> str:
    """A value as people read it: numbers short, yes and no, words where there are any."""
    if isinstance(value, bool):
        return say("value_true" if value else "value_false", language)
    if isinstance(value, float | int):
        return f"{value:.4g}" if abs(value) < 1_000 else f"{value:,.0f}"
    return _said(f"value_{value}", language) or str(value)


def _with_unit(name: str, value: Any, language: Language) -> str:
    unit = metric(name, "en").rpartition(", ")[2] if ", " in metric(name, "en") else ""
    return f"{shown(value, language)} {unit}".strip()


def _said(key: str, language: Language) -> str:
    """Empty: there are no words for it."""
    pair = known().get(key)
    return "" if pair is None else pair[language == "zh"]
