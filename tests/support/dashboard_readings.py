"""What Grafana's dashboards show of the building, and what they ask of InfluxDB for it, in InfluxQL.

Measurements, tags and fields are the forwarder's: `readings` and `events`, a field for each metric.
"""

from __future__ import annotations

from tests.support.dashboard_contents import INFLUXDB, Dashboard, Panel, Row

_HERE = """"mode" = 'actual' AND "site" =~ /^$site$/ AND "building" =~ /^$building$/ AND $timeFilter"""
_SITE = ("site", "Site · 项目", 'SHOW TAG VALUES FROM "readings" WITH KEY = "site"')
_BUILDING = (
    "building",
    "Building · 楼栋",
    """SHOW TAG VALUES FROM "readings" WITH KEY = "building" WHERE "site" =~ /^$site$/""",
)
_EVERY, _LEGEND = "time($__interval)", "$tag_device"


def _readings(fold: str, metric: str, by: str = '"device"', step: str = _EVERY, fill: str = "null") -> str:
    return f'SELECT {fold}("{metric}") FROM "readings" WHERE {_HERE} GROUP BY {step}, {by} fill({fill})'


def _over_devices(inner: str, by: str, fold: str = "sum", step: str = _EVERY) -> str:
    """Of each device first, then of all of them."""
    return f'SELECT {fold}("each") FROM ({inner}) WHERE $timeFilter GROUP BY {step}, {by} fill(null)'


def _mean_power(by: str) -> str:
    tags = f'"device", {by}' if by != '"device"' else by
    return f'SELECT mean("power_w") AS "each" FROM "readings" WHERE {_HERE} GROUP BY {_EVERY}, {tags} fill(none)'


def _counted(step: str) -> str:
    """What each counter rose by: a reset gives nothing, not less than nothing."""
    return (
        f'SELECT non_negative_difference(last("energy_kwh")) AS "each" FROM "readings" WHERE {_HERE} '
        f'GROUP BY time({step}), "device", "building" fill(none)'
    )


_QUARTER = f'SELECT mean("power_w") AS "each" FROM "readings" WHERE {_HERE} GROUP BY time(15m), "device" fill(none)'
ENERGY = Dashboard(
    "tocsin-energy",
    "Tocsin · Energy · 能耗",
    INFLUXDB,
    [
        Row(
            "Load · 负荷",
            [
                Panel(
                    "Load by building · 各楼栋负荷",
                    [(_over_devices(_mean_power('"building"'), '"building"'), "$tag_building")],
                    "watt",
                    width=12,
                    stacked=True,
                ),
                Panel("Load by meter · 各电表负荷", [(_readings("mean", "power_w"), _LEGEND)], "watt", width=12),
                Panel(
                    "Demand over 15 min · 15 分钟需量",
                    [(_over_devices(_QUARTER, '"device"', "max", "time(1d)"), _LEGEND)],
                    "watt",
                    width=12,
                ),
                Panel(
                    "Demand by floor · 各楼层负荷",
                    [(_over_devices(_mean_power('"floor"'), '"floor"'), "$tag_floor")],
                    "watt",
                    width=12,
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Energy · 电量",
            [
                Panel(
                    "Energy by the hour · 逐时电量",
                    [(_over_devices(_counted("1h"), '"building"', step="time(1h)"), "$tag_building")],
                    "kwatth",
                    "barchart",
                    12,
                ),
                Panel(
                    "Energy by the day · 逐日电量",
                    [(_over_devices(_counted("1d"), '"building"', step="time(1d)"), "$tag_building")],
                    "kwatth",
                    "barchart",
                    12,
                ),
            ],
        ),
        Row(
            "Supply · 供电",
            [
                Panel(
                    "Voltage, lowest phase · 电压",
                    [(_readings("min", f"voltage_l{phase}_v"), f"L{phase} {_LEGEND}") for phase in (1, 2, 3)],
                    "volt",
                ),
                Panel(
                    "Current · 电流",
                    [(_readings("max", f"current_l{phase}_a"), f"L{phase} {_LEGEND}") for phase in (1, 2, 3)],
                    "amp",
                ),
                Panel("Frequency · 频率", [(_readings("mean", "frequency_hz"), _LEGEND)], "hertz"),
                Panel(
                    "Residual current · 剩余电流",
                    [(_readings("max", "residual_current_ma"), _LEGEND)],
                    "mamp",
                    width=12,
                ),
                Panel("Terminals · 线缆温度", [(_readings("max", "cable_temperature"), _LEGEND)], "celsius", width=12),
            ],
        ),
    ],
    [_SITE, _BUILDING],
    hours=7 * 24,
)


_EVENTS = f'SELECT count(*) FROM "events" WHERE {_HERE} GROUP BY time(1h), "event" fill(0)'
ENVIRONMENT = Dashboard(
    "tocsin-environment",
    "Tocsin · Environment · 环境",
    INFLUXDB,
    [
        Row(
            "Air and heat · 空气与温度",
            [
                Panel("Temperature · 温度", [(_readings("mean", "temperature"), _LEGEND)], "celsius", width=12),
                Panel("Smoke · 烟雾", [(_readings("max", "smoke"), _LEGEND)], width=12),
                Panel("Flammable gas · 可燃气体", [(_readings("max", "gas_lel"), _LEGEND)], "percent", width=12),
                Panel("Carbon monoxide · 一氧化碳", [(_readings("max", "co_ppm"), _LEGEND)], "ppm", width=12),
            ],
        ),
        Row(
            "Water and lifts · 水与电梯",
            [
                Panel("Water level · 水位", [(_readings("max", "water_level_mm"), _LEGEND)], "lengthmm", width=12),
                Panel("Lift load · 电梯载荷", [(_readings("max", "load_kg"), _LEGEND)], "masskg", width=12),
            ],
        ),
        Row(
            "Devices · 设备",
            [
                Panel("Batteries, lowest · 电池", [(_readings("min", "battery"), _LEGEND)], "percent"),
                Panel("Chamber contamination · 迷宫污染", [(_readings("max", "contamination"), _LEGEND)], "percent"),
                Panel("Events an hour · 每小时设备事件", [(_EVENTS, "$tag_event")]),
            ],
        ),
    ],
    [_SITE, _BUILDING],
    hours=24,
)
