"""Incidents, zones and entries as the API answers them, for what draws them without a gateway."""

from __future__ import annotations

from typing import Any

SITE = "tower-a"


def incident(number: int = 1, **other: Any) -> dict[str, Any]:
    """A fire of level II that nobody has acknowledged, in full, but for what `other` says."""
    known: dict[str, Any] = {
        "id": f"INC-{number:06d}",
        "mode": "actual",
        "site": SITE,
        "building": "tower",
        "floor": "12F",
        "zone": f"{SITE}/12F-east",
        "hazard": "fire",
        "signal": "alarm",
        "level": "II",
        "phase": "activated",
        "confirmation": "pre_alarm",
        "title": {"en": "Smoke above the alarm threshold", "zh": "烟雾浓度超过报警阈值"},
        "first_out": f"{SITE}/sd-1201",
        "open": True,
        "sources_normal": False,
        "opened_at": "2026-11-24T05:00:00.120Z",
        "updated_at": "2026-11-24T05:00:01.000Z",
        "evidence": [],
        "commands": [],
        "countdown": None,
        "plan": "fire",
        "steps": [],
        "orders": [],
        "owner": None,
        "acknowledgements": [],
        "ladder": None,
        "first_response_at": None,
        "awaits_review": False,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "closed_at": None,
        "finding": None,
        "cause": None,
        "entries": 3,
        "revision": 1,
        "due": [{"what": "acknowledge", "at": "2026-11-24T05:00:15.120Z", "id": ""}],
        "next_due": {"what": "acknowledge", "at": "2026-11-24T05:00:15.120Z", "id": ""},
    }
    return known | other


def zone(floor: str = "12F", name: str = "east", building: str = "tower", site: str = SITE, **other: Any) -> Any:
    known: dict[str, Any] = {
        "id": f"{site}/{floor}-{name}",
        "name": f"{floor}-{name}",
        "site": site,
        "building": building,
        "floor": floor,
        "title": {"en": f"{floor} {name}", "zh": f"{floor}东区"},
        "devices": 8,
        "silent": 0,
        "open_incidents": [],
        "level": None,
    }
    return known | other


def entry(number: int = 1, kind: str = "detected", **other: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "position": number,
        "incident": "INC-000001",
        "number": number,
        "at": "2026-11-24T05:00:00.120Z",
        "kind": kind,
        "text": f"entry {number}",
        "mode": "actual",
        "device": None,
        "rule": None,
        "by": None,
        "facts": {},
        "reason": "",
        "late_ms": None,
    }
    return known | other
