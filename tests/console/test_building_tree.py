"""The tree of devices: what is open, what is sought, what is not well; escaping; thousands of them."""

from __future__ import annotations

import time
from typing import Any

from console.building_tree import FOUND_MAX, Sought, counts, shelf_of, tree
from console.drawing import draw
from console.metrics import brief, device_class, metric, shown
from console.pages import devices
from console.words import add

add(devices.WORDS)


def device(number: int, floor: str = "12F", zone: str = "east", **known: Any) -> dict[str, Any]:
    return {
        "id": f"t/sd-{number}",
        "name": f"sd-{number}",
        "device_class": "smoke_detector",
        "site": "t",
        "building": "tower",
        "floor": floor,
        "zone": f"t/{floor}-{zone}",
        "title": {"en": f"{floor} {zone} detector {number}", "zh": f"{floor}探测器{number}号"},
        "values": {"smoke": 0.01},
        "online": True,
        "silent": False,
        "firing": [],
    } | known


def zones(*floors: str) -> dict[str, dict[str, Any]]:
    return {
        f"t/{floor}-east": {"id": f"t/{floor}-east", "site": "t", "building": "tower", "floor": floor,
                            "title": {"en": f"{floor} east", "zh": f"{floor}东区"}}
        for floor in floors
    }  # fmt: skip


def shelf(**named: Any) -> dict[str, Any]:
    return {"device": None, "zone": None, "rule": None} | named


def _drawn(devices: list[Any], sought: Sought, shelved: set[str] | None = None) -> str:
    made = tree(devices, zones("12F", "2F"), shelved or set(), sought, "en")
    known = {"tree": made, "shelved": shelved or set(), "chosen": "", "brief": lambda values: brief(values, "en")}
    return draw("devices_tree.html", "en", **known)


def test_floors_stand_as_the_site_has_them_and_are_folded() -> None:
    made = tree([device(1, "2F"), device(2, "12F")], zones("12F", "2F"), set(), Sought(), "en")
    assert [(each["name"], each["open"], each["zones"]) for each in made["floors"]] == [
        ("12F", False, []),
        ("2F", False, []),
    ]


def test_an_open_floor_has_its_devices_by_zone() -> None:
    made = tree([device(1), device(2)], zones("12F"), set(), Sought(open=frozenset({"t/tower/12F"})), "zh")
    assert [(zone["title"], len(zone["devices"])) for zone in made["floors"][0]["zones"]] == [("12F东区", 2)]


def test_a_search_finds_by_name_class_and_place_in_both_languages() -> None:
    some = [device(1), device(2, "2F", device_class="lift")]
    for text, found in (("sd-1", 1), ("smoke", 1), ("感烟", 1), ("2F lift", 1), ("detector", 2), ("boiler", 0)):
        language: Any = "zh" if text == "感烟" else "en"
        made = tree(some, zones("12F", "2F"), set(), Sought(text=text), language)
        assert sum(len(zone["devices"]) for floor in made["floors"] for zone in floor["zones"]) == found, text


def test_what_is_not_well_is_counted_and_can_be_seen_alone() -> None:
    some = [device(1, firing=["smoke-high"]), device(2, silent=True), device(3), device(4)]
    assert counts(some, {"t/sd-3"}) == {"all": 4, "firing": 1, "silent": 1, "shelved": 1}
    html = _drawn(some, Sought(only="silent"))
    assert "sd-2" in html
    assert "sd-3" not in html


def test_silent_firing_and_shelved_are_told_in_words_beside_the_colour() -> None:
    some = [device(1, firing=["smoke-high"]), device(2, silent=True), device(3)]
    html = _drawn(some, Sought(only="all", open=frozenset({"t/tower/12F"})), {"t/sd-3"})
    for words in ("▲ fires", "✕ silent", "⏸ shelved"):
        assert words in html


def test_a_shelf_of_its_zone_is_one_of_the_device_and_a_shelf_of_a_rule_everywhere_is_not() -> None:
    one = device(1)
    assert shelf_of(one, [shelf(zone="t/12F-east")]) is not None
    assert shelf_of(one, [shelf(device="t/sd-2")]) is None
    assert shelf_of(one, [shelf(rule="smoke-high")]) is None
    assert shelf_of(one, [shelf(device="t/sd-1", rule="smoke-high")]) is not None


def test_thousands_of_devices_are_drawn_quickly_and_no_more_than_are_read() -> None:
    many = [device(number, f"{number % 40}F") for number in range(4_000)]
    begun = time.perf_counter()
    html = _drawn(many, Sought(text="detector"))
    assert time.perf_counter() - begun < 2.0
    assert html.count('data-act="device"') == FOUND_MAX
    assert f"and {4_000 - FOUND_MAX} more" in html


def test_what_a_device_is_called_is_text_and_not_markup() -> None:
    html = _drawn([device(1, title={"en": "<script>alert(1)</script>"})], Sought(text="sd"))
    assert "<script>" not in html


def test_values_are_read_as_people_say_them() -> None:
    assert brief({"smoke": 0.0123, "temperature": 21.0, "alarm": True}, "en") == "Alarm · 0.0123 dB/m"
    assert brief({"mains": False, "door": "open"}, "zh") == "主电源: 否 · 开"
    assert brief({"battery": 81.25}, "en") == "81.25 %"
    assert [shown(True, "zh"), shown(54_231.4, "en"), shown("ajar", "en")] == ["是", "54,231", "ajar"]
    assert (metric("own_metric", "zh"), device_class("own_class", "en")) == ("own_metric", "own class")
