"""A building made up from a seed: where its devices stand, as the content of a site file.

One tower, or a portfolio of many: buildings with basement B1 and floors 1F, 2F…; three fire zones a floor (east,
west, and the core with stairs, lift lobby and risers), and one each for the lift shaft, the plant room in the basement
and the canteen's kitchen on 1F. The seed settles what varies between real buildings: heights, where they may differ,
and nameplates. What a building is used for shows in its id (t001 offices, r001 homes, s001 shops): its meters' loads
go by that (`meters`), homes have a gas detector in each zone's kitchen, shops a second call point.

Assumptions: 320 m² a zone, one smoke detector for 80 m² (GB 50116-2013 table 6.2.2 allows 60 to 80 m² for rooms up
to 6 m high; confidence medium), one call point and one siren a zone (a call point within 30 m of walk, GB 50116-2013
6.3.1; confidence medium), a heat detector where people cook, two doors to the stairs, one meter a floor; two gas
detectors over the stoves of the kitchen, two leak detectors under the pumps of the plant room (ours).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rules.site import Title
from simulators.chance import between, key, uniform


@dataclass(frozen=True)
class Plan:
    """What is to be built. `devices_max` cuts the last building short, so that a portfolio has exactly so many."""

    seed: int = 1
    site: str = "tower-a"
    title: Title = field(default_factory=lambda: {"en": "Tower A", "zh": "A座"})
    timezone: str = "Asia/Shanghai"
    buildings: int = 1
    floors: int = 20
    lifts: int = 4
    devices_max: int | None = None
    floors_least: int | None = None  # buildings have from so many to `floors`; without, all have `floors`
    uses: tuple[str, ...] = ("office",)  # of `USES`, in turn


@dataclass(frozen=True)
class _Kind:
    """A class of device within the plan: how its ids begin, what people call it."""

    prefix: str
    en: str
    zh: str


_KINDS = {
    "smoke_detector": _Kind("sd", "smoke detector", "感烟探测器"),
    "heat_detector": _Kind("hd", "heat detector", "感温探测器"),
    "manual_call_point": _Kind("mcp", "call point", "手动报警按钮"),
    "siren": _Kind("sr", "siren", "声光警报器"),
    "smoke_vent": _Kind("sv", "smoke vent", "排烟口"),
    "access_controller": _Kind("ac", "stair door", "楼梯间门禁"),
    "energy_meter": _Kind("em", "meter", "电表"),
    "lift": _Kind("lift", "lift", "电梯"),
    "gas_detector": _Kind("gd", "gas detector", "可燃气体探测器"),
    "water_leak_detector": _Kind("wd", "leak detector", "漏水探测器"),
}
_ROOMS = {"smoke_detector": 4, "heat_detector": 1, "manual_call_point": 1, "siren": 1, "smoke_vent": 1}
_ZONES: dict[str, tuple[Title, dict[str, int]]] = {
    "east": ({"en": "east", "zh": "东区"}, _ROOMS),
    "west": ({"en": "west", "zh": "西区"}, _ROOMS),
    "core": ({"en": "core", "zh": "核心筒"}, {"smoke_detector": 1, "access_controller": 2, "energy_meter": 1}),
}
USES = {"office": "t", "residential": "r", "retail": "s"}  # use → how the ids of its buildings begin
_MORE: dict[str, dict[str, int]] = {"residential": {"gas_detector": 1}, "retail": {"manual_call_point": 2}}  # in rooms
_SHAFT_FLOOR = 1  # of the floors, lowest first: the shaft's zone is listed where its lifts start, on 1F
_SPECIAL: dict[int, tuple[str, Title, dict[str, int]]] = {  # floor → the one zone of its kind that is there
    0: ("plant", {"en": "plant room", "zh": "设备机房"}, {"water_leak_detector": 2}),
    1: ("kitchen", {"en": "kitchen", "zh": "厨房"}, {"gas_detector": 2}),
}
_LIFT_LOADS_KG = (800.0, 1000.0, 1350.0, 1600.0)
_LIFT_SPEEDS_M_PER_S = (1.75, 2.5, 3.0)
DEVICES_PER_FLOOR = sum(sum(devices.values()) for _, devices in _ZONES.values())
SPECIAL_DEVICES = sum(sum(devices.values()) for _, _, devices in _SPECIAL.values())


def demo_tower(seed: int = 1) -> Plan:
    """One tower of 20 floors (B1, 1F to 19F) with 408 devices."""
    return Plan(seed=seed)


def portfolio(devices: int, seed: int = 1, site: str = "portfolio") -> Plan:
    """As many towers of 20 floors as it takes for exactly `devices` devices."""
    plan = Plan(seed=seed, site=site, title={"en": "Portfolio", "zh": "物业群"}, devices_max=devices)
    per_building = plan.floors * DEVICES_PER_FLOOR + SPECIAL_DEVICES + plan.lifts
    return Plan(**{**vars(plan), "buildings": max(1, -(-devices // per_building))})


def site_content(plan: Plan) -> dict[str, Any]:
    """The plan as the content of a site file; equal plans give equal contents."""
    return {**_head(plan), "buildings": list(_buildings(plan))}


def site_yaml(plan: Plan) -> Iterator[str]:
    """The same as YAML text, a building at a time: 100 000 devices are never in memory at once."""
    for name, value in _head(plan).items():
        yield f"{name}: {_flow(value)}\n"
    yield "buildings:\n"
    for building in _buildings(plan):
        yield f"  - id: {building['id']}\n    title: {_flow(building['title'])}\n    floors:\n"
        yield "".join(_floor_lines(building["floors"]))


def device_entries(plan: Plan) -> Iterator[dict[str, Any]]:
    """The devices of the plan as they stand in the file, in its order."""
    for building in _buildings(plan):
        for floor in building["floors"]:
            for zone in floor["zones"]:
                yield from zone["devices"]


def floor_ids(floors: int) -> list[str]:
    """Lowest first: B1, 1F, 2F…"""
    return ["B1", *(f"{number}F" for number in range(1, floors))]


def _head(plan: Plan) -> dict[str, Any]:
    return {"site": plan.site, "title": plan.title, "timezone": plan.timezone}


def _buildings(plan: Plan) -> Iterator[dict[str, Any]]:
    left = plan.devices_max
    for number in range(1, plan.buildings + 1):
        use = plan.uses[(number - 1) % len(plan.uses)]
        name = "tower" if plan.buildings == 1 and use == "office" else f"{USES[use]}{number:03d}"
        heights = range(plan.floors_least or plan.floors, plan.floors + 1)
        height = heights[int(uniform(key(plan.seed, f"{name}/floors")) * len(heights))]
        floors = [_floor(plan, name, use, index, floor) for index, floor in enumerate(floor_ids(height))]
        if left is not None:
            left = _keep(floors, left)
        title = plan.title if plan.buildings == 1 else {"en": f"Tower {number}", "zh": f"{number}号楼"}
        yield {"id": name, "title": title, "floors": floors}


def _keep(floors: list[dict[str, Any]], left: int) -> int:
    """Keep the first `left` devices of a building; how many may still be built after it."""
    for floor in floors:
        for zone in floor["zones"]:
            zone["devices"] = zone["devices"][:left]
            left -= len(zone["devices"])
    return left


def _floor(plan: Plan, building: str, use: str, index: int, floor: str) -> dict[str, Any]:
    where = "" if plan.buildings == 1 else f"{building}-"
    zh = "地下1层" if floor == "B1" else f"{index}层"
    counts: dict[str, int] = {}
    zones = []
    special = [_SPECIAL[index]] if index in _SPECIAL else []
    for zone, title, devices in [*((zone, *rest) for zone, rest in _ZONES.items()), *special]:
        zone_title = {"en": f"{floor} {title['en']}", "zh": zh + title["zh"]}
        entries = []
        more = _MORE.get(use, {}) if devices is _ROOMS else {}
        for device_class, count in {**devices, **more}.items():
            for _ in range(count):
                counts[device_class] = number = counts.get(device_class, 0) + 1
                code = f"{'b1' if floor == 'B1' else f'{index:02d}'}{number:02d}"
                entries.append(
                    _device(plan, f"{where}{_KINDS[device_class].prefix}-{code}", device_class, number, zone_title)
                )
        zones.append({"id": f"{where}{floor}-{zone}", "title": zone_title, "devices": entries})
    if index == min(_SHAFT_FLOOR, plan.floors - 1):
        zones.append(_shaft(plan, where))
    return {"id": floor, "title": {"en": floor, "zh": zh}, "zones": zones}


def _shaft(plan: Plan, where: str) -> dict[str, Any]:
    title = {"en": "Lift shaft", "zh": "电梯井道"}
    lifts = [_device(plan, f"{where}lift-{number}", "lift", number, None) for number in range(1, plan.lifts + 1)]
    return {"id": f"{where}lift-shaft", "title": title, "devices": lifts}


def _device(plan: Plan, name: str, device_class: str, number: int, zone: Title | None) -> dict[str, Any]:
    kind = _KINDS[device_class]
    en = f"{zone['en']} {kind.en} {number}" if zone else f"{kind.en.capitalize()} {number}"
    entry = {
        "id": name,
        "class": device_class,
        "title": {"en": en, "zh": f"{zone['zh'] if zone else ''}{kind.zh}{number}号"},
    }
    rated = _rated(key(plan.seed, name), device_class)
    return {**entry, "rated": rated} if rated else entry


def _rated(chance: int, device_class: str) -> dict[str, float]:
    """The nameplate: a floor's supply of 40 to 80 kW, a lift as passenger lifts are."""
    if device_class == "energy_meter":
        return {"power_w": round(between(chance, 40_000, 80_000), -3)}
    if device_class == "lift":
        return {
            "load_kg": _LIFT_LOADS_KG[int(uniform(chance) * len(_LIFT_LOADS_KG))],
            "speed": _LIFT_SPEEDS_M_PER_S[int(uniform(chance, 1) * len(_LIFT_SPEEDS_M_PER_S))],
        }
    return {}


def _floor_lines(floors: list[dict[str, Any]]) -> Iterator[str]:
    for floor in floors:
        yield f"      - id: {floor['id']}\n        title: {_flow(floor['title'])}\n        zones:\n"
        for zone in floor["zones"]:
            yield f"          - id: {zone['id']}\n            title: {_flow(zone['title'])}\n            devices:"
            yield "\n" if zone["devices"] else " []\n"
            for device in zone["devices"]:
                yield f"              - {_flow(device)}\n"


def _flow(value: Any) -> str:
    """A value as one line of YAML. Texts are quoted as in JSON, which YAML 1.2 contains."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
